"""Default optimization and resilience levels."""

from __future__ import annotations

from typing import Any


class Dict:
    """Type name that 0.9.3 used for sections given as dicts; for annotations only."""


def set_default_error_levels(
    options: dict[str, Any],
    backend: Any,
    default_optimization_level: int,
    default_resilience_level: int,
) -> dict[str, Any]:
    """Replace levels that are ``None`` by their defaults, in place.

    For a simulator without a noise model, these are optimization level 1 and resilience level 0.

    Args:
        options: Options in their dict form.
        backend: The backend; ``None`` if the service will choose it.
        default_optimization_level: Default for other backends.
        default_resilience_level: Default for other backends.

    Returns:
        The same options.
    """
    noise_model = (options.get("simulator") or {}).get("noise_model")
    ideal = backend is not None and backend.configuration().simulator and noise_model is None
    if options.get("optimization_level") is None:
        options["optimization_level"] = 1 if ideal else default_optimization_level
    if options.get("resilience_level") is None:
        options["resilience_level"] = 0 if ideal else default_resilience_level
    return options
