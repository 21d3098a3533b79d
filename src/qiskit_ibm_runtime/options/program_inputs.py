"""Options as the inputs of a program, and as the options of a job."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .names import JOB_OPTIONS, unknown_names, warn_of_names
from .sections import SECTIONS

if TYPE_CHECKING:
    from collections.abc import Mapping


def program_inputs(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the part of a primitive's inputs that options make up.

    Unknown names of the top level are sent along under their own name. Every unknown name, at the
    top or in a section, draws one warning.
    """
    warn_of_names(options)
    sections = {name: _plain(options.get(name) or {}) for name in SECTIONS}
    simulator = sections["simulator"]
    inputs = {
        "transpilation_settings": {
            **sections["transpilation"],
            "optimization_settings": {"level": _scalar(options.get("optimization_level"))},
            "coupling_map": _edges(simulator.get("coupling_map")),
            "basis_gates": simulator.get("basis_gates"),
        },
        "resilience_settings": {
            **sections["resilience"],
            "level": _scalar(options.get("resilience_level")),
        },
        "run_options": {
            **sections["execution"],
            "noise_model": simulator.get("noise_model"),
            "seed_simulator": simulator.get("seed_simulator"),
        },
    }
    inputs.update({name: options[name] for name in unknown_names(options)})
    return inputs


def runtime_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options of the job that options of a primitive ask for."""
    environment = options.get("environment") or {}
    result = {"max_execution_time": options.get("max_execution_time")}
    result.update({name: environment[name] for name in JOB_OPTIONS if name in environment})
    if options.get("image"):
        result["image"] = options["image"]
    return _plain(result)


def _plain(options: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _scalar(value) for name, value in options.items()}


def _scalar(value: Any) -> Any:
    """Return a number of numpy as one of Python, which every server understands."""
    return value.item() if getattr(value, "shape", None) == () else value


def _edges(coupling_map: Any) -> Any:
    """Pairs of qubits, whether given as such or as terra's ``CouplingMap``."""
    if hasattr(coupling_map, "get_edges"):
        return [list(edge) for edge in coupling_map.get_edges()]
    return coupling_map
