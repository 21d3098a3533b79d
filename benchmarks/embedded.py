"""Cost of a job on the embedded runtime, over HTTP and websocket, compared with Aer alone."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from qiskit import QuantumCircuit, transpile

from benchmarks.rows import Plan, Row


def primitive_on_a_simulator(name: str, **options: Any) -> Any:
    """Return a primitive of the embedded runtime."""
    import qiskit_ibm_runtime as runtime

    service = runtime.QiskitRuntimeService(channel="local")
    session = runtime.Session(service=service, backend="ibmq_qasm_simulator")
    return getattr(runtime, name)(session=session, options=runtime.Options(**options))


def _bell_jobs(number: int, rounds: int) -> Plan:
    from qiskit_aer import AerSimulator

    bell, simulator = QuantumCircuit(2), AerSimulator()
    bell.h(0)
    bell.cx(0, 1)
    bell.measure_all()
    sampler = primitive_on_a_simulator("Sampler", resilience_level=0, optimization_level=1)

    def ours(_: int = 0) -> object:
        return sampler.run(bell).result()

    def many() -> None:
        with ThreadPoolExecutor(16) as pool:
            list(pool.map(ours, range(number)))

    def aer() -> None:
        for _ in range(number):
            simulator.run(transpile(bell, simulator), shots=4000).result().get_counts()

    for _ in range(4):
        ours()
    return Plan(ours if number == 1 else many, aer, rounds)


ROWS = [
    Row("Bell job, warm, whole round trip", "under 60 ms", partial(_bell_jobs, 1, rounds=31)),
    Row(
        "100 Bell jobs from 16 threads", "limited by the cores", partial(_bell_jobs, 100, rounds=3)
    ),
]
