from dataclasses import dataclass
from typing import Any


@dataclass
class TranspilationOptions:
    skip_transpilation: bool = False
    initial_layout: Any = None
    layout_method: Any = None
    routing_method: Any = None
    approximation_degree: Any = None
