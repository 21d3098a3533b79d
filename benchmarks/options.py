"""What it costs to merge and check the options of a run."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from qiskit import QuantumCircuit

from benchmarks.devices import properties
from benchmarks.rows import Plan, row


class _Sink:
    """A service that takes jobs and does nothing, so that only the primitive is measured."""

    _channel = channel = "ibm_quantum"

    def run(self, **kwargs: object) -> SimpleNamespace:
        self.sent = kwargs
        return SimpleNamespace(job_id=lambda: "job")

    def backend(self, *args: object, **kwargs: object) -> None:
        return None


def _runs(noise_model: Any) -> Any:
    from qiskit_ibm_runtime import Options, Sampler, Session

    options = Options(resilience_level=0)
    options.simulator.noise_model = noise_model
    session = Session(service=_Sink(), backend="ibmq_qasm_simulator")
    sampler = Sampler(session=session, options=options)
    bell = QuantumCircuit(2, 2)
    bell.h(0)
    bell.cx(0, 1)
    bell.measure([0, 1], [0, 1])
    return lambda: sampler.run(bell, shots=100)


@row("Sampler.run with a noise model of 127 qubits, unsent", "under 1 ms")
def noise() -> Plan:
    from qiskit_aer.noise import NoiseModel

    model = NoiseModel.from_backend_properties(properties())
    return Plan(_runs(model), _runs(None), rounds=25)
