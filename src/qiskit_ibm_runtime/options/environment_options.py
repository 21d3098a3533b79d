from dataclasses import dataclass, field
from typing import Any


@dataclass
class EnvironmentOptions:
    log_level: str = "WARNING"
    callback: Any = None
    job_tags: Any = field(default_factory=list)
