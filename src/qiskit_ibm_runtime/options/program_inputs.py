"""Convert options to program inputs and job options."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .names import JOB_OPTIONS, unknown_names, warn_of_names

if TYPE_CHECKING:
    from collections.abc import Mapping


def program_inputs(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the inputs of a primitive that come from options.

    Unknown names of the top level are sent along under their own name. Every unknown name, at the
    top or in a section, draws one warning.
    """
    warn_of_names(options)
    simulator = options.get("simulator") or {}
    inputs = {
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
    }
    inputs.update({name: options[name] for name in unknown_names(options)})
    return inputs


def runtime_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the job options that options of a primitive request."""
    environment = options.get("environment") or {}
    result = {"max_execution_time": options.get("max_execution_time")}
    result.update({name: environment[name] for name in JOB_OPTIONS if name in environment})
    if "image" in options:
        result["image"] = options["image"]
    return result
