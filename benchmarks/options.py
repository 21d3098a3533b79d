"""What it costs to merge and check the options of a run."""

from __future__ import annotations

from functools import partial
from types import SimpleNamespace
from typing import Any

from qiskit import QuantumCircuit
from qiskit.transpiler import CouplingMap

from benchmarks.devices import properties
from benchmarks.rows import Call, Plan, Row


class _Sink:
    """A service that takes jobs and does nothing, so that only the primitive is measured."""

    _channel = channel = "ibm_quantum"

    def run(self, **_: object) -> SimpleNamespace:
        return SimpleNamespace(job_id=lambda: "job")

    def backend(self, *_: object, **__: object) -> None:
        return None


def _run(noise: bool, qubits: int = 2, **simulator: Any) -> Call:
    from qiskit_aer.noise import NoiseModel

    from qiskit_ibm_runtime import Options, Sampler, Session

    model = NoiseModel.from_backend_properties(properties()) if noise else None
    options = Options(resilience_level=0, simulator={"noise_model": model})
    session = Session(service=_Sink(), backend="ibmq_qasm_simulator")  # type: ignore[arg-type]
    sampler = Sampler(session=session, options=options)
    sampler.set_options(**simulator)
    circuit = QuantumCircuit(qubits, 1)
    circuit.measure(0, 0)
    return partial(sampler.run, circuit, shots=100)


def _device() -> Plan:
    edges = [list(edge) for edge in CouplingMap.from_heavy_hex(7).get_edges()]
    gates, layout = ["cx", "rz", "sx", "x"], list(range(127))
    like = {"coupling_map": edges, "basis_gates": gates, "initial_layout": layout}
    return Plan(_run(noise=True, qubits=127, **like), rounds=25)


ROWS = [
    Row(
        "Sampler.run with a noise model of 127 qubits, unsent",
        "under 1 ms",
        lambda: Plan(_run(noise=True), _run(noise=False), rounds=25),
    ),
    Row(
        "Sampler.run with noise, map and layout of that device, unsent",
        "under 1 ms",
        _device,
    ),
]
