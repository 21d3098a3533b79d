"""What it costs to merge and check the options of a run."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

from qiskit import QuantumCircuit
from qiskit.circuit.library import RealAmplitudes

from benchmarks.devices import properties
from benchmarks.rows import Plan, row
from qiskit_ibm_runtime import RuntimeEncoder


class _Sink:
    """A service that takes jobs and does nothing, so that only the primitive is measured."""

    _channel = channel = "ibm_quantum"

    def run(self, **kwargs: object) -> SimpleNamespace:
        self.sent = kwargs
        return SimpleNamespace(job_id=lambda: "job")

    def backend(self, *args: object, **kwargs: object) -> None:
        return None


def _sampler(noise_model: Any) -> Any:
    from qiskit_ibm_runtime import Options, Sampler, Session

    options = Options(resilience_level=0)
    options.simulator.noise_model = noise_model
    session = Session(service=_Sink(), backend="ibmq_qasm_simulator")  # type: ignore[arg-type]
    return Sampler(session=session, options=options)


def _runs(noise_model: Any) -> Any:
    sampler = _sampler(noise_model)
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


@row("Sampler.run with noise, map and layout of that device, unsent", "under 1 ms")
def device() -> Plan:
    from qiskit.transpiler import CouplingMap
    from qiskit_aer.noise import NoiseModel

    sampler = _sampler(NoiseModel.from_backend_properties(properties()))
    edges = [list(edge) for edge in CouplingMap.from_heavy_hex(7).get_edges()]
    gates = ["cx", "rz", "sx", "x"]
    sampler.set_options(coupling_map=edges, basis_gates=gates, initial_layout=list(range(127)))
    wide = QuantumCircuit(127, 1)
    return Plan(lambda: sampler.run(wide, shots=100), rounds=25)


@row("Sampler.set_options with that noise model", "under 1 ms")
def changes() -> Plan:
    from qiskit_aer.noise import NoiseModel

    sampler = _sampler(NoiseModel.from_backend_properties(properties()))
    return Plan(lambda: sampler.set_options(shots=100), rounds=25)


@row("Options()", "under 0.1 ms")
def construction() -> Plan:
    from qiskit_ibm_runtime import Options

    return Plan(Options, rounds=25)


@row("Sampler.run of one circuit named 200 times, unsent", "the circuit is handed over once")
def repeats() -> Plan:
    sampler = _sampler(None)
    circuits = [RealAmplitudes(20, reps=3).decompose().measure_all(inplace=False)] * 200
    values = [[0.1] * 80] * 200
    facts = {"circuits": 0}

    def run() -> None:
        sampler.run(circuits, values)
        facts["circuits"] = len(sampler.session.service.sent["inputs"]["circuits"])

    return Plan(run, lambda: sampler.run(circuits[0], values[0]), rounds=9, facts=lambda: facts)


@row("Sampler.run of 200 equal circuits, unsent", "less than to encode them")
def copies() -> Plan:
    sampler = _sampler(None)
    circuit = RealAmplitudes(20, reps=3).decompose().measure_all(inplace=False)
    circuits = [circuit.copy() for _ in range(200)]
    values = [[0.1] * 80] * 200
    return Plan(
        lambda: sampler.run(circuits, values),
        lambda: json.dumps(circuits, cls=RuntimeEncoder),
        rounds=3,
    )
