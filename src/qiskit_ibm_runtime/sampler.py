from __future__ import annotations

from typing import Any

from qiskit.primitives import BaseSampler

from .primitive.base import RuntimePrimitive, circuits_of, values_of


class Sampler(RuntimePrimitive, BaseSampler):
    _PROGRAM_ID = "sampler"

    def __init__(
        self,
        circuits=None,
        parameters=None,
        service=None,
        session=None,
        options=None,
        skip_transpilation=False,
    ):
        super().__init__()
        self._set_up(service, session, options)

    def run(self, circuits: Any, parameter_values: Any = None, **kwargs: Any) -> Any:
        c = circuits_of(circuits)
        return self._submit(
            {
                "circuits": c,
                "parameters": [x.parameters for x in c],
                "circuit_indices": list(range(len(c))),
                "parameter_values": values_of(parameter_values, len(c)),
            },
            kwargs,
        )
