"""What one run names several times is sent once."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any
from unittest.mock import MagicMock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from qiskit import QuantumCircuit
from qiskit.circuit import ClassicalRegister, Gate, Parameter, QuantumRegister
from qiskit.quantum_info import SparsePauliOp

from qiskit_ibm_runtime import Estimator, QiskitRuntimeService, Sampler
from qiskit_ibm_runtime.primitive.repeats import distinct_circuits, distinct_observables

from .conftest import inputs


def plain() -> QuantumCircuit:
    circuit = QuantumCircuit(2, 2)
    circuit.ry(0.5, 0)
    circuit.cx(0, 1)
    circuit.measure([0, 1], [0, 1])
    return circuit


def with_gate(angle: float) -> QuantumCircuit:
    """Terra's own key of circuits would look at the name of the gate only."""
    definition = QuantumCircuit(1)
    definition.rx(angle, 0)
    gate = Gate("custom", 1, [])
    gate.definition = definition
    circuit = plain()
    circuit.append(gate, [0])
    return circuit


def with_matrix() -> QuantumCircuit:
    circuit = plain()
    circuit.unitary(np.eye(2), [0])
    return circuit


def with_body() -> QuantumCircuit:
    circuit = plain()
    with circuit.if_test((0, True)):
        circuit.x(0)
    return circuit


def conditional(value: int) -> QuantumCircuit:
    circuit = plain()
    circuit.x(0).c_if(0, value)
    return circuit


def controlled(state: int) -> QuantumCircuit:
    circuit = plain()
    circuit.cx(0, 1, ctrl_state=state)
    return circuit


def delayed(unit: str) -> QuantumCircuit:
    circuit = plain()
    circuit.delay(100, 0, unit)
    return circuit


def changed(**attributes: object) -> QuantumCircuit:
    circuit = plain()
    for name, value in attributes.items():
        setattr(circuit, name, value)
    return circuit


def registered(name: str) -> QuantumCircuit:
    circuit = QuantumCircuit(QuantumRegister(1, "q"), ClassicalRegister(1, name))
    circuit.measure(0, 0)
    return circuit


def test_the_same_object_is_kept_once() -> None:
    one, other = plain(), QuantumCircuit(1)

    kept, indices = distinct_circuits([one, other, one, one])

    assert [circuit is expected for circuit, expected in zip(kept, (one, other))] == [True] * 2
    assert indices == [0, 1, 0, 0]


def test_equal_circuits_are_kept_once_whatever_their_names() -> None:
    assert distinct_circuits([plain(), plain(), plain()])[1] == [0, 0, 0]


@pytest.mark.parametrize(
    "make",
    [lambda: with_gate(0.1), lambda: changed(metadata={"a": 1}), with_matrix, with_body],
    ids=["definition", "metadata", "matrix", "body"],
)
def test_circuits_that_are_hard_to_compare_are_kept_once_by_identity_only(
    make: Callable[[], QuantumCircuit],
) -> None:
    one, other = make(), make()

    assert distinct_circuits([one, other, one])[1] == [0, 1, 0]


@pytest.mark.parametrize(
    "different",
    [
        lambda: (with_gate(0.1), with_gate(0.2)),
        lambda: (conditional(0), conditional(1)),
        lambda: (changed(metadata={"a": 1}), changed(metadata={"a": 2})),
        lambda: (changed(global_phase=0.1), changed(global_phase=0.2)),
        lambda: (registered("a"), registered("b")),
        lambda: (plain(), plain().compose(plain())),
        lambda: (changed(name="a"), QuantumCircuit(2, 2)),
        lambda: (controlled(0), controlled(1)),
        lambda: (delayed("dt"), delayed("ns")),
    ],
    ids=[
        "definition",
        "condition",
        "metadata",
        "phase",
        "registers",
        "more gates",
        "fewer gates",
        "control state",
        "unit",
    ],
)
def test_circuits_that_differ_in_anything_are_kept_apart(
    different: Callable[[], tuple[QuantumCircuit, QuantumCircuit]],
) -> None:
    one, other = different()

    assert distinct_circuits([one, other])[1] == [0, 1]


def test_equal_circuits_of_different_parameters_are_kept_apart() -> None:
    def rotated() -> QuantumCircuit:
        circuit = QuantumCircuit(1, 1)
        circuit.rx(Parameter("a"), 0)
        return circuit

    assert distinct_circuits([rotated(), rotated()])[1] == [0, 1]


def test_bound_circuits_of_one_ansatz_are_kept_apart_by_their_angles() -> None:
    angle = Parameter("a")
    ansatz = QuantumCircuit(1, 1)
    ansatz.rx(angle, 0)
    bound = [ansatz.assign_parameters({angle: value}) for value in (0.1, 0.2, 0.1)]

    assert distinct_circuits(bound)[1] == [0, 1, 0]


# All of them touch qubit 0, for terra does not mind the order of what lies side by side.
STEPS = st.sampled_from(
    [
        lambda c: c.h(0),
        lambda c: c.x(0),
        lambda c: c.rx(0.1, 0),
        lambda c: c.rx(0.2, 0),
        lambda c: c.cx(0, 1),
        lambda c: c.cx(1, 0),
        lambda c: c.cx(0, 1, ctrl_state=0),
        lambda c: c.measure(0, 0),
        lambda c: c.measure(0, 1),
        lambda c: c.barrier(),
        lambda c: c.reset(0),
        lambda c: c.delay(5, 0, "dt"),
        lambda c: c.z(0).c_if(0, 1),
        lambda c: c.z(0).c_if(c.cregs[0], 1),
        lambda c: setattr(c, "global_phase", 0.5),
    ]
)


@given(st.lists(st.lists(STEPS, max_size=3), min_size=2, max_size=6))
@settings(max_examples=50)
def test_circuits_are_sent_once_exactly_if_terra_calls_them_equal(steps: list[list[Any]]) -> None:
    circuits = []
    for each in steps:
        circuit = QuantumCircuit(2, 2)
        for step in each:
            step(circuit)
        circuits.append(circuit)

    kept, indices = distinct_circuits(circuits)

    assert all(kept[index] == circuit for index, circuit in zip(indices, circuits))
    assert not any(first == second for first, second in itertools.combinations(kept, 2))


def test_equal_observables_are_kept_once() -> None:
    same = [SparsePauliOp(["XZ", "II"], [0.5, 1]) for _ in range(2)]
    other = SparsePauliOp(["XZ", "II"], [0.5, 2])

    kept, indices = distinct_observables([*same, other, same[0]])

    assert len(kept) == 2
    assert indices == [0, 0, 1, 0]


def test_a_sampler_sends_each_circuit_once_with_all_values(noted: MagicMock) -> None:
    angle = Parameter("a")
    circuit = QuantumCircuit(1, 1)
    circuit.rx(angle, 0)

    Sampler(session=noted).run([circuit, circuit, plain(), circuit], [[1], [2], [], [3]])

    sent = inputs(noted)
    assert len(sent["circuits"]) == 2
    assert [list(names) for names in sent["parameters"]] == [[angle], []]
    assert sent["circuit_indices"] == [0, 0, 1, 0]
    assert sent["parameter_values"] == ((1.0,), (2.0,), (), (3.0,))


def test_an_estimator_sends_each_observable_once(noted: MagicMock) -> None:
    circuit, observable = QuantumCircuit(2), SparsePauliOp(["XX", "ZZ"])

    Estimator(session=noted).run([circuit] * 3, [observable, "ZZ", observable])

    sent = inputs(noted)
    assert sent["circuits"] == (circuit,)
    assert sent["circuit_indices"] == [0, 0, 0]
    assert sent["observables"] == (observable, SparsePauliOp("ZZ"))
    assert sent["observable_indices"] == [0, 1, 0]


@pytest.mark.parametrize("count", [1, 3, 12])
def test_what_differs_is_sent_in_the_order_given_and_counted_from_zero(
    noted: MagicMock, primitive: type[Any], count: int
) -> None:
    """
    As 0.9.3 sends it, for those who look at the inputs: indices repeat only with circuits.
    """
    circuits = [QuantumCircuit(1, 1) for _ in range(count)]
    for angle, circuit in enumerate(circuits):
        circuit.rx(angle, 0)
    observables = [SparsePauliOp("Z", weight + 1) for weight in range(count)]

    primitive(session=noted).run(circuits, *([observables] if primitive is Estimator else []))

    sent = inputs(noted)
    assert sent["circuits"] == tuple(circuits)
    assert sent["circuit_indices"] == list(range(count))
    if primitive is Estimator:
        assert sent["observables"] == tuple(observables)
        assert sent["observable_indices"] == list(range(count))


def test_results_come_back_for_each_mention(service: QiskitRuntimeService) -> None:
    angle = Parameter("a")
    circuit = QuantumCircuit(1)
    circuit.ry(angle, 0)
    estimator = Estimator(session=service.backend("ibmq_qasm_simulator"))
    angles = [0.0, np.pi / 2, np.pi, 0.0]

    result = estimator.run([circuit] * 4, ["Z", "X", "Z", "Z"], angles_of(angles)).result()

    np.testing.assert_allclose(result.values, [1, 1, -1, 1])  # eigenstates: no shot noise
    assert len(result.metadata) == 4


def angles_of(values: list[float]) -> list[list[float]]:
    return [[value] for value in values]
