from dataclasses import dataclass
from typing import Any


@dataclass
class ResilienceOptions:
    noise_amplifier: str = "TwoQubitAmplifier"
    noise_factors: Any = (1, 3, 5)
    extrapolator: str = "LinearExtrapolator"
