"""The embedded runtime compared with primitives that run in the user's process.

The floor of each row is the faster one of ``qiskit.primitives`` and ``qiskit_aer.primitives``.
"""

from __future__ import annotations

from itertools import cycle
from typing import Any

import numpy as np
from qiskit.circuit.library import EfficientSU2, RealAmplitudes
from qiskit.quantum_info import SparsePauliOp

from benchmarks.rows import Plan, row

HYDROGEN = SparsePauliOp(
    ["II", "IZ", "ZI", "ZZ", "XX"], [-1.0524, 0.3979, -0.3979, -0.0113, 0.1809]
)


def _ours(primitive: str, shots: int | None) -> Any:
    import qiskit_ibm_runtime as runtime

    service = runtime.QiskitRuntimeService(channel="local")
    options = runtime.Options(resilience_level=0, optimization_level=0)
    options.execution.shots = shots
    session = runtime.Session(service=service, backend="ibmq_qasm_simulator")
    return getattr(runtime, primitive)(session=session, options=options)


def _default_estimator() -> Any:
    from qiskit_ibm_runtime import Estimator

    return Estimator(session=_ours("Estimator", None).session)


def _aer(primitive: str, shots: int, *, skip_transpilation: bool = True) -> Any:
    from qiskit_aer import primitives

    options = {"shots": shots, "seed": 1}
    return getattr(primitives, primitive)(
        run_options=options, skip_transpilation=skip_transpilation
    )


def _values(ours: Any, theirs: Any, rounds: int = 31) -> Plan:
    """One value of two qubits, with another angle each time."""
    circuit = RealAmplitudes(2, reps=1).decompose()
    points = cycle(np.random.default_rng(5).normal(size=(50, circuit.num_parameters)))
    ours.run(circuit, HYDROGEN, next(points)).result()
    return Plan(
        lambda: ours.run(circuit, HYDROGEN, next(points)).result(),
        lambda: theirs.run(circuit, HYDROGEN, next(points)).result(),
        rounds,
    )


def _many_terms(ours: Any, theirs: Any, terms: int, rounds: int) -> Plan:
    rng = np.random.default_rng(5)
    circuit = EfficientSU2(12, reps=2).decompose()
    labels = ["".join(rng.choice(list("IXYZ"), 12)) for _ in range(terms)]
    operator, point = SparsePauliOp(labels, rng.normal(size=terms)), rng.normal(size=72)
    return Plan(
        lambda: ours.run(circuit, operator, point).result(),
        lambda: theirs.run(circuit, operator, point).result(),
        rounds,
    )


def _distributions(count: int, rounds: int) -> Plan:
    """Samples of one circuit of ten qubits at some points."""
    circuit = EfficientSU2(10, reps=2).decompose()
    points = np.random.default_rng(5).normal(size=(count, circuit.num_parameters)).tolist()
    circuit.measure_all()
    ours, theirs = _ours("Sampler", 1024), _aer("Sampler", 1024)
    ours.run(circuit, points[:1]).result()
    return Plan(
        lambda: ours.run([circuit] * count, points).result(),
        lambda: theirs.run([circuit] * count, points).result(),
        rounds,
    )


def _many_values(ours: Any, theirs: Any, rounds: int) -> Plan:
    """Values of four terms on one circuit of six qubits at a hundred points."""
    circuit = EfficientSU2(6, reps=2).decompose()
    points = np.random.default_rng(5).normal(size=(100, circuit.num_parameters)).tolist()
    operator = SparsePauliOp(["ZZZZZZ", "XXXXXX", "IIZZII", "YYIIII"], [1, 0.5, 0.3, 0.2])
    asked = ([circuit] * 100, [operator] * 100)
    ours.run(circuit, operator, points[0]).result()
    return Plan(
        lambda: ours.run(*asked, points).result(),
        lambda: theirs.run(*asked, points).result(),
        rounds,
    )


@row("an exact value of 2 qubits", "10 ms above the floor")
def exact_value() -> Plan:
    from qiskit.primitives import Estimator

    return _values(_ours("Estimator", None), Estimator())


@row("a value of 2 qubits, 4,000 shots", "10 ms above the floor")
def sampled_value() -> Plan:
    return _values(_ours("Estimator", 4000), _aer("Estimator", 4000))


@row("a value of 2 qubits, default options", "1.5 times the floor")
def default_value() -> Plan:
    return _values(_default_estimator(), _aer("Estimator", 4000, skip_transpilation=False))


@row("300 terms on 12 qubits, exact", "10 ms above the floor")
def many_exact_terms() -> Plan:
    from qiskit.primitives import Estimator

    return _many_terms(_ours("Estimator", None), Estimator(), 300, rounds=7)


@row("60 terms on 12 qubits, 4,000 shots", "below the floor")
def many_sampled_terms() -> Plan:
    return _many_terms(_ours("Estimator", 4000), _aer("Estimator", 4000), 60, rounds=3)


@row("a distribution of 10 qubits, 1,024 shots", "1.5 times the floor")
def distribution() -> Plan:
    return _distributions(1, rounds=15)


@row("100 distributions of one circuit of 10 qubits", "below the floor")
def many_distributions() -> Plan:
    return _distributions(100, rounds=3)


@row("100 exact values of one circuit of 6 qubits", "10 ms above the floor")
def many_exact_values() -> Plan:
    from qiskit_aer.primitives import Estimator

    options = {"run_options": {"shots": None}, "approximation": True}
    theirs = Estimator(**options, skip_transpilation=True)
    return _many_values(_ours("Estimator", None), theirs, rounds=7)


@row("100 values of one circuit of 6 qubits, 4,000 shots", "below the floor")
def many_sampled_values() -> Plan:
    return _many_values(_ours("Estimator", 4000), _aer("Estimator", 4000), rounds=3)
