from __future__ import annotations

from typing import Any

import numpy as np
from qiskit.providers.options import Options as TerraOptions

from ..constants import DEFAULT_DECODERS
from ..options import Options
from ..session import Session, get_default_session


class RuntimePrimitive:
    _PROGRAM_ID = ""

    def __new__(cls, *a: Any, **k: Any) -> Any:
        return super().__new__(cls)

    def _set_up(self, service: Any, session: Any, options: Any) -> None:
        base = Options._as_dict(Options())
        if options is None:
            options = {}
        if isinstance(options, Options):
            options = Options._as_dict(options)
        self._options = Options._merge_options(base, options)
        self._session = (
            session if isinstance(session, Session) else get_default_session(service, session)
        )

    def _submit(self, inputs: dict[str, Any], overrides: dict[str, Any]) -> Any:
        combined = Options._merge_options(self._options, overrides)
        backend = self._session.service.backend(self._session.backend())
        ideal = backend.configuration().simulator and combined["simulator"]["noise_model"] is None
        if combined["optimization_level"] is None:
            combined["optimization_level"] = 1 if ideal else 3
        if combined["resilience_level"] is None:
            combined["resilience_level"] = 0 if ideal else 1
        inputs.update(Options._get_program_inputs(combined))
        return self._session.run(
            program_id=self._PROGRAM_ID,
            inputs=inputs,
            options=Options._get_runtime_options(combined),
            callback=combined["environment"]["callback"],
            result_decoder=DEFAULT_DECODERS[self._PROGRAM_ID],
        )

    @property
    def options(self) -> TerraOptions:
        return TerraOptions(**self._options)

    @property
    def session(self) -> Any:
        return self._session

    def set_options(self, **fields: Any) -> None:
        self._options = Options._merge_options(self._options, fields)

    def _run(self, *a: Any, **k: Any) -> Any:
        raise NotImplementedError

    def _call(self, *a: Any, **k: Any) -> Any:
        raise NotImplementedError


def circuits_of(given: Any) -> tuple[Any, ...]:
    from qiskit import QuantumCircuit

    return (given,) if isinstance(given, QuantumCircuit) else tuple(given)


def values_of(given: Any, n: int) -> tuple[Any, ...]:
    if given is None:
        return ((),) * n
    a = [given] if np.ndim(given) == 0 else list(given)
    if a and np.ndim(a[0]) == 0:
        a = [a]
    return tuple(tuple(float(x) for x in row) for row in a)
