"""Options as the inputs of a program, and as the options of a job."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .merge import SECTIONS
from .names import suggestion, warn_user

if TYPE_CHECKING:
    from collections.abc import Mapping

TOP_LEVEL = ("optimization_level", "resilience_level", "max_execution_time", *SECTIONS)
KNOWN = {
    "transpilation": (
        "skip_transpilation",
        "initial_layout",
        "layout_method",
        "routing_method",
        "approximation_degree",
    ),
    "resilience": ("noise_amplifier", "noise_factors", "extrapolator"),
    "execution": ("shots", "init_qubits"),
    "environment": ("log_level", "callback", "job_tags"),
    "simulator": ("noise_model", "seed_simulator", "coupling_map", "basis_gates"),
}
JOB_OPTIONS = (
    "backend",
    "image",
    "log_level",
    "instance",
    "job_tags",
    "max_execution_time",
    "session_time",
)
DEPRECATED = ("translation_method", "timing_constraints")


def program_inputs(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the part of a primitive's inputs that options make up.

    Warns once for each unknown name at the top level, which is sent along under its own name, and
    for a name in a section that looks like a misspelt one.
    """
    sections = {name: dict(options.get(name) or {}) for name in SECTIONS}
    _warn(options, sections)
    simulator = sections["simulator"]
    inputs = {
        "transpilation_settings": {
            **sections["transpilation"],
            "optimization_settings": {"level": options.get("optimization_level")},
            "coupling_map": _edges(simulator.get("coupling_map")),
            "basis_gates": simulator.get("basis_gates"),
        },
        "resilience_settings": {
            **sections["resilience"],
            "level": options.get("resilience_level"),
        },
        "run_options": {
            **sections["execution"],
            "noise_model": simulator.get("noise_model"),
            "seed_simulator": simulator.get("seed_simulator"),
        },
    }
    inputs.update({name: options[name] for name in _unknown(options)})
    return inputs


def runtime_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options of the job that options of a primitive ask for."""
    environment = options.get("environment") or {}
    result = {"max_execution_time": options.get("max_execution_time")}
    result.update({name: environment[name] for name in JOB_OPTIONS if name in environment})
    if options.get("image"):
        result["image"] = options["image"]
    return result


def _unknown(options: Mapping[str, Any]) -> list[str]:
    return [name for name in options if name not in TOP_LEVEL and name != "image"]


def _warn(options: Mapping[str, Any], sections: Mapping[str, Mapping[str, Any]]) -> None:
    every = [*TOP_LEVEL, *(name for names in KNOWN.values() for name in names)]
    for name in _unknown(options):
        warn_user(
            f"The option {name!r} is unrecognised. It is sent along, and may be ignored."
            f"{suggestion(name, every)}",
            UserWarning,
        )
    for section, content in sections.items():
        for name in content:
            hint = "" if name in KNOWN[section] else suggestion(name, KNOWN[section])
            if hint:
                warn_user(f"The option '{section}.{name}' is unrecognised.{hint}", UserWarning)
    for name in DEPRECATED:
        if name in sections["transpilation"]:
            warn_user(
                f"The transpilation option {name!r} is deprecated as of qiskit-ibm-runtime 0.8 and "
                "will be removed no sooner than 3 months after that release date.",
                DeprecationWarning,
            )


def _edges(coupling_map: Any) -> Any:
    """Pairs of qubits, whether given as such or as terra's ``CouplingMap``."""
    if hasattr(coupling_map, "get_edges"):
        return [list(edge) for edge in coupling_map.get_edges()]
    return coupling_map
