from __future__ import annotations

from typing import Any

from qiskit.primitives import BaseEstimator
from qiskit.primitives.utils import init_observable

from .primitive.base import RuntimePrimitive, circuits_of, values_of


class Estimator(RuntimePrimitive, BaseEstimator):
    _PROGRAM_ID = "estimator"

    def __init__(
        self,
        circuits=None,
        observables=None,
        parameters=None,
        service=None,
        session=None,
        options=None,
        skip_transpilation=False,
    ):
        super().__init__()
        self._set_up(service, session, options)

    def run(
        self, circuits: Any, observables: Any, parameter_values: Any = None, **kwargs: Any
    ) -> Any:
        c = circuits_of(circuits)
        o = tuple(
            init_observable(x)
            for x in (observables if isinstance(observables, (list, tuple)) else [observables])
        )
        return self._submit(
            {
                "circuits": c,
                "parameters": [x.parameters for x in c],
                "circuit_indices": list(range(len(c))),
                "observables": o,
                "observable_indices": list(range(len(o))),
                "parameter_values": values_of(parameter_values, len(c)),
            },
            kwargs,
        )
