"""The embedded runtime compared with primitives that run in the user's process.

The floor of each row is the faster one of ``qiskit.primitives`` and ``qiskit_aer.primitives``.
"""

from __future__ import annotations

from functools import partial
from itertools import cycle, islice
from typing import Any, Callable

import numpy as np
from qiskit.circuit.library import EfficientSU2, RealAmplitudes
from qiskit.quantum_info import SparsePauliOp

from benchmarks.embedded import primitive_on_a_simulator
from benchmarks.rows import Plan, Row

HYDROGEN = SparsePauliOp(
    ["II", "IZ", "ZI", "ZZ", "XX"], [-1.0524, 0.3979, -0.3979, -0.0113, 0.1809]
)
FOUR_TERMS = SparsePauliOp(["ZZZZZZ", "XXXXXX", "IIZZII", "YYIIII"], [1, 0.5, 0.3, 0.2])


def _ours(primitive: str, shots: int | None) -> Any:
    execution = {"shots": shots}
    return primitive_on_a_simulator(
        primitive, resilience_level=0, optimization_level=0, execution=execution
    )


def _aer(primitive: str, shots: int | None, **options: Any) -> Any:
    from qiskit_aer import primitives

    run_options = {"shots": shots} if shots is None else {"shots": shots, "seed": 1}
    options = {"skip_transpilation": True, **options}
    return getattr(primitives, primitive)(run_options=run_options, **options)


def _exact() -> tuple[Any, Any]:
    from qiskit.primitives import Estimator

    return _ours("Estimator", None), Estimator()


def _exact_by_aer() -> tuple[Any, Any]:
    return _ours("Estimator", None), _aer("Estimator", None, approximation=True)


def _sampled(primitive: str, shots: int) -> tuple[Any, Any]:
    return _ours(primitive, shots), _aer(primitive, shots)


def _default() -> tuple[Any, Any]:
    theirs = _aer("Estimator", 4000, skip_transpilation=False)
    return primitive_on_a_simulator("Estimator"), theirs


def _terms(number: int) -> SparsePauliOp:
    rng = np.random.default_rng(5)
    labels = ["".join(rng.choice(list("IXYZ"), 12)) for _ in range(number)]
    return SparsePauliOp(labels, rng.normal(size=number))


def _plan(
    pair: Callable[[], tuple[Any, Any]],
    ansatz: Any,
    operator: SparsePauliOp | None,
    number: int,
    rounds: int,
) -> Plan:
    """One circuit at some points, others each time."""
    circuit = ansatz.decompose()
    points = cycle(np.random.default_rng(5).normal(size=(100, circuit.num_parameters)).tolist())
    if operator is None:
        circuit.measure_all()

    def run(primitive: Any, number: int = number) -> object:
        observables = [] if operator is None else [[operator] * number]
        values = list(islice(points, number))
        return primitive.run([circuit] * number, *observables, values).result()

    ours, theirs = pair()
    run(ours, 1)
    return Plan(partial(run, ours), partial(run, theirs), rounds)


def _shots(primitive: str, shots: int) -> Callable[[], tuple[Any, Any]]:
    return partial(_sampled, primitive, shots)


ABOVE, BELOW, TIMES = "10 ms above the floor", "below the floor", "1.5 times the floor"
TWO, SIX, TEN, TWELVE = (
    RealAmplitudes(2, reps=1),
    *(EfficientSU2(qubits, reps=2) for qubits in (6, 10, 12)),
)
ROWS = [
    Row(what, goal, partial(_plan, *plan))
    for what, goal, *plan in (
        ("an exact value of 2 qubits", ABOVE, _exact, TWO, HYDROGEN, 1, 31),
        (
            *("a value of 2 qubits, 4,000 shots", ABOVE),
            *(_shots("Estimator", 4000), TWO, HYDROGEN, 1, 31),
        ),
        ("a value of 2 qubits, default options", TIMES, _default, TWO, HYDROGEN, 1, 31),
        ("300 terms on 12 qubits, exact", ABOVE, _exact, TWELVE, _terms(300), 1, 7),
        (
            *("60 terms on 12 qubits, 4,000 shots", BELOW),
            *(_shots("Estimator", 4000), TWELVE, _terms(60), 1, 3),
        ),
        (
            *("a distribution of 10 qubits, 1,024 shots", TIMES),
            *(_shots("Sampler", 1024), TEN, None, 1, 15),
        ),
        (
            *("100 distributions of one circuit of 10 qubits", BELOW),
            *(_shots("Sampler", 1024), TEN, None, 100, 3),
        ),
        (
            *("100 exact values of one circuit of 6 qubits", ABOVE),
            *(_exact_by_aer, SIX, FOUR_TERMS, 100, 7),
        ),
        (
            *("100 values of one circuit of 6 qubits, 4,000 shots", BELOW),
            *(_shots("Estimator", 4000), SIX, FOUR_TERMS, 100, 3),
        ),
    )
]
