"""Cost of a job on the embedded runtime, over HTTP and websocket, compared with Aer alone."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from qiskit import QuantumCircuit, transpile

from benchmarks.rows import Plan, row


def bell() -> QuantumCircuit:
    circuit = QuantumCircuit(2)
    circuit.h(0)
    circuit.cx(0, 1)
    circuit.measure_all()
    return circuit


def _sampler() -> object:
    from qiskit_ibm_runtime import Options, QiskitRuntimeService, Sampler, Session

    service = QiskitRuntimeService(channel="local")
    options = Options(resilience_level=0, optimization_level=1)
    return Sampler(session=Session(service=service, backend="ibmq_qasm_simulator"), options=options)


def _aer() -> object:
    from qiskit_aer import AerSimulator

    simulator = AerSimulator()
    return lambda: simulator.run(transpile(bell(), simulator), shots=4000).result().get_counts()


@row("Bell job, warm, whole round trip", "under 60 ms")
def warm() -> Plan:
    sampler, circuit = _sampler(), bell()
    for _ in range(4):
        sampler.run(circuit).result()
    return Plan(lambda: sampler.run(circuit).result(), _aer(), rounds=31)


@row("100 Bell jobs from 16 threads", "limited by the cores")
def concurrent() -> Plan:
    sampler, circuit, aer = _sampler(), bell(), _aer()

    def hundred() -> None:
        with ThreadPoolExecutor(16) as pool:
            list(pool.map(lambda _: sampler.run(circuit).result(), range(100)))

    return Plan(hundred, lambda: [aer() for _ in range(100)], rounds=3)
