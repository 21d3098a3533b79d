"""Options for error mitigation."""

from __future__ import annotations

from dataclasses import dataclass
from operator import length_hint
from typing import TYPE_CHECKING, Any, Literal, get_args

from qiskit_ibm_runtime._primitives.option_readers import one_of

from .flexible import Section, flexible

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

NoiseAmplifierType = Literal[
    "TwoQubitAmplifier", "GlobalFoldingAmplifier", "LocalFoldingAmplifier", "CxAmplifier"
]
ExtrapolatorType = Literal[
    "LinearExtrapolator", "QuadraticExtrapolator", "CubicExtrapolator", "QuarticExtrapolator"
]
_LEAST_FACTORS = {"CubicExtrapolator": 4, "QuarticExtrapolator": 5}


@flexible
@dataclass
class ResilienceOptions(Section):
    """Options for zero-noise extrapolation (ZNE), resilience level 2 of the Estimator.

    ZNE runs circuits with their noise amplified by each factor, and extrapolates the expectation
    value to zero noise: K. Temme, S. Bravyi and J. M. Gambetta, `Phys. Rev. Lett. 119, 180509
    (2017) <https://doi.org/10.1103/PhysRevLett.119.180509>`_. Noise is amplified by folding gates:
    T. Giurgica-Tiron et al., `IEEE QCE 2020, 306
    <https://doi.org/10.1109/QCE49297.2020.00045>`_.

    .. code-block:: python

        from qiskit_ibm_runtime.options import Options, ResilienceOptions

        cubic = ResilienceOptions(noise_factors=(1, 2, 3, 4), extrapolator="CubicExtrapolator")
        options = Options(resilience_level=2, resilience=cubic)

    Attributes:
        noise_amplifier: Amplification method: ``"TwoQubitAmplifier"`` (the default),
            ``"GlobalFoldingAmplifier"``, ``"LocalFoldingAmplifier"`` or ``"CxAmplifier"``.
        noise_factors: Factors to amplify the noise by, each at least 1. Default: ``(1, 3, 5)``.
        extrapolator: Polynomial to fit: ``"LinearExtrapolator"`` (the default),
            ``"QuadraticExtrapolator"``, ``"CubicExtrapolator"`` (requires 4 factors) or
            ``"QuarticExtrapolator"`` (requires 5).
    """

    noise_amplifier: NoiseAmplifierType = "TwoQubitAmplifier"
    noise_factors: Sequence[float] = (1, 3, 5)
    extrapolator: ExtrapolatorType = "LinearExtrapolator"

    @staticmethod
    def validate_resilience_options(resilience_options: Mapping[str, Any]) -> None:
        """Validate the section, except each noise factor, which is validated in the request.

        Raises:
            ValueError: If a value is invalid.
        """
        for name, kind in (
            ("noise_amplifier", NoiseAmplifierType),
            ("extrapolator", ExtrapolatorType),
        ):
            allowed = get_args(kind)
            reader = one_of(allowed, optional=False)
            reader.convert(name, resilience_options.get(name, allowed[0]))
        extrapolator = resilience_options.get("extrapolator", "")
        least = _LEAST_FACTORS.get(extrapolator, 0)
        factors = resilience_options.get("noise_factors")
        # An object without a length has enough of them here.
        count = length_hint(ResilienceOptions.noise_factors if factors is None else factors, least)
        if count < least:
            raise ValueError(f"{extrapolator} needs at least {least} 'noise_factors', not {count}.")
