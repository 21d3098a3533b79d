from dataclasses import dataclass
from typing import Any


@dataclass
class SimulatorOptions:
    noise_model: Any = None
    seed_simulator: Any = None
    coupling_map: Any = None
    basis_gates: Any = None
