"""Validation of levels and of the resilience section.

Other options are checked when a job is submitted, in
:mod:`qiskit_ibm_runtime._primitives.sent_inputs`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, get_args

from qiskit_ibm_runtime._primitives.option_readers import scalar
from qiskit_ibm_runtime.checks import shown

if TYPE_CHECKING:
    from collections.abc import Mapping

NoiseAmplifierType = Literal[
    "TwoQubitAmplifier", "GlobalFoldingAmplifier", "LocalFoldingAmplifier", "CxAmplifier"
]
ExtrapolatorType = Literal[
    "LinearExtrapolator", "QuadraticExtrapolator", "CubicExtrapolator", "QuarticExtrapolator"
]
MAX_OPTIMIZATION_LEVEL = 3
LEAST_FACTORS = {"CubicExtrapolator": 4, "QuarticExtrapolator": 5}
DEFAULT_FACTORS = (1, 3, 5)


def check_options(options: Mapping[str, Any]) -> None:
    """Validate options given as a nested dict.

    Raises:
        ValueError: If a value is invalid.
    """
    check_level("optimization_level", options.get("optimization_level"), MAX_OPTIMIZATION_LEVEL)
    check_resilience(options.get("resilience") or {})
    _check_seconds("max_execution_time", options.get("max_execution_time"))


def check_level(name: str, value: Any, highest: int) -> None:
    """Validate a level.

    Raises:
        ValueError: If it is not an integer from 0 to ``highest``.
    """
    try:
        fits = value in range(highest + 1)
    except ValueError:  # an array of several numbers
        fits = False
    if not fits:
        raise ValueError(f"'{name}' must be an integer from 0 to {highest}, not {shown(value)}.")


def check_resilience(resilience: Mapping[str, Any]) -> None:
    """Validate the resilience section.

    Raises:
        ValueError: If a value is invalid.
    """
    for name, allowed in (
        ("noise_amplifier", get_args(NoiseAmplifierType)),
        ("extrapolator", get_args(ExtrapolatorType)),
    ):
        value = resilience.get(name, allowed[0])
        if not isinstance(value, str) or value not in allowed:
            raise ValueError(f"'{name}' must be one of {', '.join(allowed)}, not {shown(value)}.")
    factors = resilience.get("noise_factors")
    extrapolator = resilience.get("extrapolator", "")
    least = LEAST_FACTORS.get(extrapolator, 0)
    count = _count(DEFAULT_FACTORS if factors is None else factors)
    if count is not None and count < least:
        raise ValueError(f"{extrapolator} needs at least {least} 'noise_factors', not {count}.")


def _check_seconds(name: str, value: Any) -> None:
    seconds: Any = scalar(value)
    if seconds is not None and (not isinstance(seconds, (int, float)) or not seconds > 0):
        raise ValueError(
            f"'{name}' must be a positive number of seconds, or None, not {shown(value)}."
        )


def _count(factors: Any) -> int | None:
    """Return the number of items, or ``None`` for objects without a length."""
    try:
        return len(factors)
    except TypeError:
        return None
