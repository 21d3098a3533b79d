"""Which values options may have. Every refusal names the option, the value and what is allowed."""

from __future__ import annotations

import math
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, get_args

from .resilience_options import ExtrapolatorType, NoiseAmplifierType

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_OPTIMIZATION_LEVEL = 3
LAYOUT_METHODS = ("trivial", "dense", "noise_adaptive", "sabre", None)
ROUTING_METHODS = ("basic", "lookahead", "stochastic", "sabre", "none", None)
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
# The service takes jobs of five minutes to eight hours.
EXECUTION_SECONDS = (300, 28800)
LEAST_FACTORS = {"CubicExtrapolator": 4, "QuarticExtrapolator": 5}


def check_options(options: Mapping[str, Any]) -> None:
    """Check options in their dict form.

    Raises:
        ValueError: If a field has a value that is not allowed.
    """
    check_level("optimization_level", options.get("optimization_level"), MAX_OPTIMIZATION_LEVEL)
    check_resilience(options.get("resilience") or {})
    _check_transpilation(options.get("transpilation") or {})
    shots = (options.get("execution") or {}).get("shots", 1)
    if shots is not None and (not _is_integer(shots) or shots < 1):
        raise ValueError(f"'shots' must be a positive integer or None, not {shots!r}.")
    _check_one_of("log_level", (options.get("environment") or {}).get("log_level"), LOG_LEVELS)
    _check_execution_time(options.get("max_execution_time"))


def check_level(name: str, value: Any, highest: int) -> None:
    """Check a level.

    Raises:
        ValueError: If it is no integer from 0 to ``highest``.
    """
    if not _is_integer(value) or not 0 <= value <= highest:
        raise ValueError(f"'{name}' must be an integer from 0 to {highest}, not {value!r}.")


def check_resilience(resilience: Mapping[str, Any]) -> None:
    """Check the resilience section.

    Raises:
        ValueError: If a field has a value that is not allowed.
    """
    for name, allowed in (
        ("noise_amplifier", get_args(NoiseAmplifierType)),
        ("extrapolator", get_args(ExtrapolatorType)),
    ):
        if name in resilience and resilience[name] not in allowed:
            raise ValueError(
                f"'{name}' must be one of {', '.join(allowed)}, not {resilience[name]!r}."
            )
    factors = resilience.get("noise_factors", (1, 3, 5))
    if isinstance(factors, (str, bytes)) or not hasattr(factors, "__len__"):
        raise ValueError(f"'noise_factors' must be a sequence of numbers, not {factors!r}.")
    if not all(_is_real(factor) and factor >= 1 for factor in factors):
        raise ValueError(f"'noise_factors' must be numbers of at least 1, not {factors!r}.")
    extrapolator = resilience.get("extrapolator", "")
    if len(factors) < LEAST_FACTORS.get(extrapolator, 0):
        raise ValueError(
            f"{extrapolator} needs at least {LEAST_FACTORS[extrapolator]} 'noise_factors', "
            f"not {len(factors)}."
        )


def _check_transpilation(transpilation: Mapping[str, Any]) -> None:
    for name, allowed in (("layout_method", LAYOUT_METHODS), ("routing_method", ROUTING_METHODS)):
        value = transpilation.get(name)
        if value not in allowed:
            names = ", ".join(repr(choice) for choice in allowed)
            raise ValueError(f"'{name}' must be one of {names}, not {value!r}.")
    degree = transpilation.get("approximation_degree")
    if degree is not None and not (_is_real(degree) and 0 <= degree <= 1):
        raise ValueError(f"'approximation_degree' must be a number from 0 to 1, not {degree!r}.")


def _check_one_of(name: str, value: Any, allowed: tuple[str, ...]) -> None:
    if value is not None and str(value).upper() not in allowed:
        raise ValueError(f"'{name}' must be one of {', '.join(allowed)}, not {value!r}.")


def _check_execution_time(seconds: Any) -> None:
    least, most = EXECUTION_SECONDS
    if seconds is not None and not (_is_integer(seconds) and least <= seconds <= most):
        raise ValueError(
            f"'max_execution_time' must be None or {least} to {most} seconds, not {seconds!r}."
        )


def _is_integer(value: Any) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool)


def _is_real(value: Any) -> bool:
    return isinstance(value, Real) and not _is_bool(value) and math.isfinite(value)


def _is_bool(value: object) -> bool:
    return isinstance(value, bool)
