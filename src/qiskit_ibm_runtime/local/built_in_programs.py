"""The programs that come with the server, as clients see them."""

from __future__ import annotations

from typing import Any

from .program_records import Program

_CREATED = "2023-04-20T00:00:00.000000Z"
_LISTS = {"type": "array"}
_SETTINGS = {"type": "object"}
_PRIMITIVE = {
    "circuits": _LISTS,
    "circuit_indices": _LISTS,
    "parameters": _LISTS,
    "parameter_values": _LISTS,
    "transpilation_settings": _SETTINGS,
    "resilience_settings": _SETTINGS,
    "run_options": _SETTINGS,
}


def _program(
    program_id: str, description: str, properties: dict[str, Any], *required: str, **spec: Any
) -> Program:
    parameters = {"type": "object", "properties": properties, "required": list(required)}
    return Program(
        program_id,
        None,
        program_id,
        public=True,
        created=_CREATED,
        updated=_CREATED,
        description=description,
        cost=10_000,
        spec={"parameters": parameters, **spec},
    )


BUILT_IN = {
    program.id: program
    for program in (
        _program(
            "sampler",
            "Distributions of what circuits measure.",
            _PRIMITIVE,
            "circuits",
        ),
        _program(
            "estimator",
            "Expectation values of observables on circuits.",
            {**_PRIMITIVE, "observables": _LISTS, "observable_indices": _LISTS},
            "circuits",
            "observables",
        ),
        _program(
            "hello-world",
            "Runs random circuits, publishes their counts, and says hello.",
            # Whatever is no count fails in the program, as on the service.
            {"iterations": {}},
            backend_requirements={"min_num_qubits": 5},
        ),
    )
}
