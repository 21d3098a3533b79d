"""Convert options to program inputs and job options."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .names import JOB_OPTIONS, unknown_names, warn_of_names

if TYPE_CHECKING:
    from collections.abc import Mapping


def program_inputs(
    options: Mapping[str, Any], inputs: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Return the program inputs of a primitive, including its options.

    Unknown top-level names are included under their own names, but do not replace given inputs.
    Each unknown name, at the top level or in a section, issues one warning.

    Args:
        options: Options as a nested dict.
        inputs: Circuits, observables and so on.
    """
    warn_of_names(options)
    simulator = options.get("simulator") or {}
    return {
        "transpilation_settings": {
            **(options.get("transpilation") or {}),
            "optimization_settings": {"level": options.get("optimization_level")},
            "coupling_map": simulator.get("coupling_map"),
            "basis_gates": simulator.get("basis_gates"),
        },
        "resilience_settings": {
            **(options.get("resilience") or {}),
            "level": options.get("resilience_level"),
        },
        "run_options": {
            **(options.get("execution") or {}),
            "noise_model": simulator.get("noise_model"),
            "seed_simulator": simulator.get("seed_simulator"),
        },
        **{name: options[name] for name in unknown_names(options)},
        **(inputs or {}),
    }


def runtime_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the job options that options of a primitive request."""
    environment = options.get("environment") or {}
    result = {"max_execution_time": options.get("max_execution_time")}
    result.update({name: environment[name] for name in JOB_OPTIONS if name in environment})
    if "image" in options:
        result["image"] = options["image"]
    return result
