"""Options about error mitigation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .flexible import Section, flexible
from .validation import ExtrapolatorType, NoiseAmplifierType, check_resilience

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["ExtrapolatorType", "NoiseAmplifierType", "ResilienceOptions"]


@flexible
@dataclass
class ResilienceOptions(Section):
    """Options about error mitigation, used where the resilience level asks for it.

    Zero-noise extrapolation (resilience level 2 of the Estimator) runs circuits with their noise
    amplified by each factor and extrapolates the value to no noise at all: Temme, Bravyi and
    Gambetta, *Phys. Rev. Lett.* 119, 180509 (2017).

    .. code-block:: python

        from qiskit_ibm_runtime.options import Options, ResilienceOptions

        cubic = ResilienceOptions(noise_factors=(1, 2, 3, 4), extrapolator="CubicExtrapolator")
        options = Options(resilience_level=2, resilience=cubic)

    Attributes:
        noise_amplifier: What makes circuits noisier: ``"TwoQubitAmplifier"`` (the default),
            ``"GlobalFoldingAmplifier"``, ``"LocalFoldingAmplifier"`` or ``"CxAmplifier"``.
        noise_factors: How many times as noisy, each at least 1. Default: ``(1, 3, 5)``.
        extrapolator: The polynomial through the values: ``"LinearExtrapolator"`` (the default),
            ``"QuadraticExtrapolator"``, ``"CubicExtrapolator"`` (which needs 4 factors) or
            ``"QuarticExtrapolator"`` (5).
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
        check_resilience(resilience_options)
