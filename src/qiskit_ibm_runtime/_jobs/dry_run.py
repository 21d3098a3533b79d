"""The request that a run would send."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from qiskit_ibm_runtime.utils.json import RuntimeDecoder, RuntimeEncoder


@dataclass(frozen=True)
class DryRun:
    """A validated request of a job that was not submitted.

    .. versionadded:: 0.9.3+embedded.1

    .. code-block:: python

        from qiskit import QuantumCircuit
        from qiskit_ibm_runtime import QiskitRuntimeService, Sampler

        bell = QuantumCircuit(2)
        bell.h(0)
        bell.cx(0, 1)
        bell.measure_all()

        service = QiskitRuntimeService(channel="local")
        sampler = Sampler(session=service.backend("ibmq_qasm_simulator"))
        print(sampler.run(bell, shots=100, dry_run=True))

    Attributes:
        text: Body of the request as JSON.
        size: Size of the body in bytes, before compression.
    """

    text: str = field(repr=False)
    size: int

    @classmethod
    def of(cls, body: dict[str, Any]) -> DryRun:
        """Encode the body of a request.

        Args:
            body: Return value of ``RuntimeClient.request_body``.
        """
        text = json.dumps(body, cls=RuntimeEncoder)
        return cls(text, len(text.encode()))

    @property
    def request(self) -> dict[str, Any]:
        """All fields of the request, with encoded inputs."""
        return json.loads(self.text)  # type: ignore[no-any-return]

    @property
    def inputs(self) -> dict[str, Any]:
        """Program inputs as the service would decode them."""
        params = json.dumps(self.request["params"])
        return json.loads(params, cls=RuntimeDecoder)  # type: ignore[no-any-return]

    def __str__(self) -> str:
        request = self.request
        where = {name: value for name, value in request.items() if name != "params"}
        names = ", ".join(request["params"])
        return f"dry run of {self.size} bytes: {where}, inputs: {names}"
