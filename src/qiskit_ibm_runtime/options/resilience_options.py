"""How errors are mitigated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from .flexible import flexible

if TYPE_CHECKING:
    from collections.abc import Sequence

NoiseAmplifierType = Literal[
    "TwoQubitAmplifier", "GlobalFoldingAmplifier", "LocalFoldingAmplifier", "CxAmplifier"
]
ExtrapolatorType = Literal[
    "LinearExtrapolator", "QuadraticExtrapolator", "CubicExtrapolator", "QuarticExtrapolator"
]


@flexible
@dataclass
class ResilienceOptions:
    """How errors are mitigated, where the resilience level asks for it.

    .. code-block:: python

        ResilienceOptions(noise_factors=(1, 2, 3, 4), extrapolator="CubicExtrapolator")

    Attributes:
        noise_amplifier: What makes circuits noisier for zero-noise extrapolation.
        noise_factors: By how much, each at least 1.
        extrapolator: How the value without noise is found.
    """

    noise_amplifier: NoiseAmplifierType = "TwoQubitAmplifier"
    noise_factors: Sequence[float] = (1, 3, 5)
    extrapolator: ExtrapolatorType = "LinearExtrapolator"

    @staticmethod
    def validate_resilience_options(resilience_options: dict[str, Any]) -> None:
        """Check the section.

        Raises:
            ValueError: If a field has a value that is not allowed.
        """
        from .validation import check_resilience

        check_resilience(resilience_options)
