"""What a job costs on the embedded runtime, compared with primitives in the user's process."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import cycle, islice
from typing import Any

import numpy as np
from qiskit import QuantumCircuit, transpile
from qiskit.circuit.library import EfficientSU2, RealAmplitudes
from qiskit.primitives import Estimator
from qiskit.quantum_info import SparsePauliOp

from benchmarks.rows import Plan, row

HYDROGEN = SparsePauliOp(
    ["II", "IZ", "ZI", "ZZ", "XX"], [-1.0524, 0.3979, -0.3979, -0.0113, 0.1809]
)
FOUR_TERMS = SparsePauliOp(["ZZZZZZ", "XXXXXX", "IIZZII", "YYIIII"], [1, 0.5, 0.3, 0.2])
TWO, SIX = RealAmplitudes(2, reps=1), EfficientSU2(6, reps=2)
TEN, TWELVE = EfficientSU2(10, reps=2), EfficientSU2(12, reps=2)
PLAIN = {"resilience_level": 0, "optimization_level": 0}
ABOVE, BELOW, TIMES = "10 ms above the floor", "below the floor", "1.5 times the floor"


def terms(number: int) -> SparsePauliOp:
    rng = np.random.default_rng(5)
    labels = ["".join(rng.choice(list("IXYZ"), 12)) for _ in range(number)]
    return SparsePauliOp(labels, rng.normal(size=number))


def on_a_simulator(name: str, service: Any = None, **options: Any) -> Any:
    """Return a primitive of the embedded runtime, by default of this process."""
    import qiskit_ibm_runtime as runtime

    service = service or runtime.QiskitRuntimeService(channel="local")
    session = runtime.Session(service=service, backend="ibmq_qasm_simulator")
    return getattr(runtime, name)(session=session, options=runtime.Options(**options))


def of_aer(name: str, shots: int | None, **options: Any) -> Any:
    from qiskit_aer import primitives

    given = {"shots": shots, "seed": 1} if shots else {"shots": None}
    return getattr(primitives, name)(run_options=given, **options)


@row("Bell job, warm, whole round trip", "under 60 ms", number=1, rounds=31)
@row("100 Bell jobs from 16 threads", "limited by the cores", number=100, rounds=3)
def bell_jobs(number: int, rounds: int) -> Plan:
    """Plan jobs over HTTP and websocket; the floor is Aer alone."""
    from qiskit_aer import AerSimulator

    bell, simulator = QuantumCircuit(2), AerSimulator()
    bell.h(0)
    bell.cx(0, 1)
    bell.measure_all()
    sampler = on_a_simulator("Sampler", resilience_level=0, optimization_level=1)

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


def points(ours: Any, floor: Any, ansatz: Any, *operator: Any, number: int, rounds: int) -> Plan:
    """Plan to run one circuit at some points, others each time, with two primitives."""
    circuit = ansatz.decompose()
    values = cycle(np.random.default_rng(5).normal(size=(100, circuit.num_parameters)).tolist())
    if not operator:
        circuit.measure_all()

    def run(primitive: Any, number: int = number) -> object:
        observables = [[each] * number for each in operator]
        return primitive.run([circuit] * number, *observables, [*islice(values, number)]).result()

    run(ours, 1)
    return Plan(partial(run, ours), partial(run, floor), rounds)


@row("an exact value of 2 qubits", ABOVE, problem=(TWO, HYDROGEN), rounds=31)
@row("300 terms on 12 qubits, exact", ABOVE, problem=(TWELVE, terms(300)))
@row("100 exact values of 6 qubits", ABOVE, problem=(SIX, FOUR_TERMS), number=100)
def exact_values(problem: tuple[Any, ...], number: int = 1, rounds: int = 7) -> Plan:
    """Plan exact values; the floor is the faster one of terra's Estimator and Aer's."""
    ours = on_a_simulator("Estimator", **PLAIN, execution={"shots": None})
    aer = of_aer("Estimator", None, approximation=True, skip_transpilation=True)
    return points(ours, Estimator() if number == 1 else aer, *problem, number=number, rounds=rounds)


@row("a value of 2 qubits, 4,000 shots", ABOVE, problem=(TWO, HYDROGEN), rounds=31)
@row("60 terms on 12 qubits, 4,000 shots", BELOW, problem=(TWELVE, terms(60)))
@row("100 values of 6 qubits, 4,000 shots", BELOW, problem=(SIX, FOUR_TERMS), number=100)
@row("a distribution of 10 qubits, 1,024 shots", TIMES, problem=(TEN,), shots=1024, rounds=15)
@row("100 distributions of one circuit of 10 qubits", BELOW, problem=(TEN,), shots=1024, number=100)
def sampled(problem: tuple[Any, ...], shots: int = 4000, number: int = 1, rounds: int = 3) -> Plan:
    """Plan shots; the floor is a primitive of Aer."""
    name = "Estimator" if len(problem) == 2 else "Sampler"
    ours = on_a_simulator(name, **PLAIN, execution={"shots": shots})
    aer = of_aer(name, shots, skip_transpilation=True)
    return points(ours, aer, *problem, number=number, rounds=rounds)


@row("a value of 2 qubits, default options", TIMES)
def default_options() -> Plan:
    ours, aer = on_a_simulator("Estimator"), of_aer("Estimator", 4000)
    return points(ours, aer, TWO, HYDROGEN, number=1, rounds=31)
