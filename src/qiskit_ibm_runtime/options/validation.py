"""Which values options may have. Every refusal names the option, the value and what is allowed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

from qiskit_ibm_runtime.checks import shown

from .kinds import FACTORS, KINDS, SECONDS, is_integer, scalar
from .resilience_options import ExtrapolatorType, NoiseAmplifierType

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_OPTIMIZATION_LEVEL = 3
LEAST_FACTORS = {"CubicExtrapolator": 4, "QuarticExtrapolator": 5}


def check_options(options: Mapping[str, Any]) -> None:
    """Check options in their dict form.

    Raises:
        ValueError: If a field has a value that is not allowed.
    """
    check_level("optimization_level", options.get("optimization_level"), MAX_OPTIMIZATION_LEVEL)
    check_resilience(options.get("resilience") or {})
    for section, kinds in KINDS.items():
        values = options.get(section) or {}
        for name, kind in kinds.items():
            kind.check(name, values.get(name))
    SECONDS.check("max_execution_time", options.get("max_execution_time"))


def check_level(name: str, value: Any, highest: int) -> None:
    """Check a level.

    Raises:
        ValueError: If it is no integer from 0 to ``highest``.
    """
    level = scalar(value)
    if not (is_integer(level) and 0 <= level <= highest):
        raise ValueError(f"'{name}' must be an integer from 0 to {highest}, not {shown(value)}.")


def check_resilience(resilience: Mapping[str, Any]) -> None:
    """Check the resilience section.

    Raises:
        ValueError: If a field has a value that is not allowed.
    """
    for name, allowed in (
        ("noise_amplifier", get_args(NoiseAmplifierType)),
        ("extrapolator", get_args(ExtrapolatorType)),
    ):
        value = resilience.get(name, allowed[0])
        if not isinstance(value, str) or value not in allowed:
            raise ValueError(f"'{name}' must be one of {', '.join(allowed)}, not {shown(value)}.")
    factors = resilience.get("noise_factors")
    FACTORS.check("noise_factors", factors)
    count = 3 if factors is None else len(factors)  # None stands for the default, (1, 3, 5)
    extrapolator = resilience.get("extrapolator", "")
    least = LEAST_FACTORS.get(extrapolator, 0)
    if count < least:
        raise ValueError(f"{extrapolator} needs at least {least} 'noise_factors', not {count}.")
