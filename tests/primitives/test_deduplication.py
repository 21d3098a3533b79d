"""Repeated inputs of a run are sent once, and expanded when they are read."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from qiskit import QuantumCircuit
from qiskit.circuit import ClassicalRegister, Gate, Parameter, QuantumRegister
from qiskit.quantum_info import SparsePauliOp

from qiskit_ibm_runtime import RuntimeDecoder, RuntimeEncoder
from qiskit_ibm_runtime._primitives.sent_inputs import as_sent, with_repeats


def plain(name: str = "plain") -> QuantumCircuit:
    circuit = QuantumCircuit(2, 2, name=name)
    circuit.ry(0.5, 0)
    circuit.cx(0, 1)
    circuit.measure([0, 1], [0, 1])
    return circuit


def with_gate(angle: float) -> QuantumCircuit:
    """Terra's own circuit key considers only the name of the gate."""
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
    body = QuantumCircuit(1, name="flip")  # Qiskit numbers unnamed circuits
    body.x(0)
    circuit.if_test((0, True), body, [0], [])
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
    circuit = QuantumCircuit(QuantumRegister(1, "q"), ClassicalRegister(1, name), name="same")
    circuit.measure(0, 0)
    return circuit


def sent(circuits: list[QuantumCircuit]) -> dict[str, Any]:
    """Return what a run of these circuits sends."""
    inputs = {
        "circuits": tuple(circuits),
        "parameters": [circuit.parameters for circuit in circuits],
        "circuit_indices": list(range(len(circuits))),
    }
    result = as_sent("sampler", inputs)
    assert inputs["circuits"] == tuple(circuits)  # the caller's objects are not modified
    assert len(result["parameters"]) == len(result["circuits"])
    return result


def test_same_object_is_sent_once() -> None:
    one, other = plain(), QuantumCircuit(1)

    result = sent([one, other, one, one])

    assert [item is wanted for item, wanted in zip(result["circuits"], (one, other))] == [True] * 2
    assert result["circuit_indices"] == [0, 1, 0, 0]


def test_equal_circuits_are_sent_once() -> None:
    assert sent([plain(), plain(), plain().copy()])["circuit_indices"] == [0, 0, 0]


@pytest.mark.parametrize(
    "make",
    [lambda: with_gate(0.1), lambda: changed(metadata={"a": 1}), with_matrix, with_body],
    ids=["definition", "metadata", "matrix", "body"],
)
def test_equal_circuits_that_qiskit_compares_slowly_are_sent_once(
    make: Callable[[], QuantumCircuit],
) -> None:
    assert sent([make(), make(), make()])["circuit_indices"] == [0, 0, 0]


@pytest.mark.parametrize(
    "different",
    [
        lambda: (plain("a"), plain("b")),
        lambda: (with_gate(0.1), with_gate(0.2)),
        lambda: (conditional(0), conditional(1)),
        lambda: (changed(metadata={"a": 1}), changed(metadata={"a": 2})),
        lambda: (changed(metadata={"a": 1}), plain()),
        lambda: (changed(global_phase=0.1), changed(global_phase=0.2)),
        lambda: (registered("a"), registered("b")),
        lambda: (plain(), plain().compose(plain())),
        lambda: (plain(), QuantumCircuit(2, 2, name="plain")),
        lambda: (controlled(0), controlled(1)),
        lambda: (delayed("dt"), delayed("ns")),
    ],
    ids=[
        "name",
        "definition",
        "condition",
        "metadata",
        "no metadata",
        "phase",
        "registers",
        "more gates",
        "fewer gates",
        "control state",
        "unit",
    ],
)
def test_circuits_with_any_difference_are_all_sent(
    different: Callable[[], tuple[QuantumCircuit, QuantumCircuit]],
) -> None:
    assert sent(list(different()))["circuit_indices"] == [0, 1]


def test_equal_circuits_with_different_parameters_are_all_sent() -> None:
    def rotated() -> QuantumCircuit:
        circuit = QuantumCircuit(1, 1, name="rotated")
        circuit.rx(Parameter("a"), 0)
        return circuit

    assert sent([rotated(), rotated()])["circuit_indices"] == [0, 1]


def test_bound_circuits_are_distinguished_by_their_angles() -> None:
    angle = Parameter("a")
    ansatz = QuantumCircuit(1, 1)
    ansatz.rx(angle, 0)
    bound = [ansatz.assign_parameters({angle: value}) for value in (0.1, 0.2, 0.1)]
    for circuit in bound:
        circuit.name = "bound"

    assert sent(bound)["circuit_indices"] == [0, 1, 0]


def test_circuit_with_reordered_parameters_is_sent_again() -> None:
    one, other = Parameter("a"), Parameter("b")
    circuit = QuantumCircuit(1, 1)
    circuit.rx(one, 0)
    circuit.rz(other, 0)
    inputs = {
        "circuits": [circuit] * 3,
        "parameters": [[one, other], [other, one], [one, other]],
        "circuit_indices": [0, 1, 2],
    }

    result = as_sent("sampler", inputs)

    assert result["circuit_indices"] == [0, 1, 0]
    assert result["parameters"] == [[one, other], [other, one]]


# All use qubit 0, because terra ignores the order of operations on separate qubits.
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
def test_circuits_are_sent_once_exactly_if_terra_considers_them_equal(
    steps: list[list[Any]],
) -> None:
    circuits = []
    for each in steps:
        circuit = QuantumCircuit(2, 2, name="same")
        for step in each:
            step(circuit)
        circuits.append(circuit)

    result = sent(circuits)
    kept, indices = result["circuits"], result["circuit_indices"]

    assert all(kept[index] == circuit for index, circuit in zip(indices, circuits))
    assert not any(first == second for first, second in itertools.combinations(kept, 2))


def test_equal_observables_are_sent_once() -> None:
    same = [SparsePauliOp(["XZ", "II"], [0.5, 1]) for _ in range(2)]
    other = SparsePauliOp(["XZ", "II"], [0.5, 2])
    inputs = {"observables": (*same, other, same[0]), "observable_indices": [0, 1, 2, 3]}

    result = as_sent("estimator", inputs)

    assert result == {"observables": [same[0], other], "observable_indices": [0, 0, 1, 0]}


def test_existing_indices_keep_their_meaning() -> None:
    one, other = plain("one"), plain("other")
    inputs = {"circuits": [one, other, one], "circuit_indices": [2, -1, 1, 0]}

    result = as_sent("sampler", inputs)

    assert result == {"circuits": [one, other], "circuit_indices": [0, 0, 1, 0]}


@pytest.mark.parametrize(
    ("program", "inputs"),
    [
        ("mine", {"circuits": [1, 1], "circuit_indices": [0, 1]}),
        ("sampler", None),
        ("sampler", {"circuits": "ab", "circuit_indices": [0, 1]}),
        ("sampler", {"circuits": [1, 1], "circuit_indices": [0, 2]}),
        ("sampler", {"circuits": [1, 1], "circuit_indices": [0, "1"]}),
        ("sampler", {"circuits": [1, 1], "circuit_indices": 0}),
        ("sampler", {"circuits": [1, 1]}),
        ("sampler", {"circuits": [1, 1], "parameters": [[]], "circuit_indices": [0, 1]}),
        ("estimator", {"observable_indices": [0, 0]}),
    ],
    ids=[
        "another program",
        "no inputs",
        "text",
        "beyond the end",
        "no number",
        "no list",
        "no indices",
        "parameters of one",
        "indices alone",
    ],
)
def test_inputs_of_another_format_are_unchanged(program: str, inputs: Any) -> None:
    assert as_sent(program, inputs) is inputs or as_sent(program, inputs) == inputs
    assert with_repeats(program, inputs) is inputs or with_repeats(program, inputs) == inputs


class TestDecoding:
    def test_gives_one_entry_per_run(self) -> None:
        one, other = changed(metadata={"a": [1]}), plain("other")
        inputs = {
            "circuits": [one, other],
            "parameters": [[], []],
            "circuit_indices": [0, 1, 0, -2],
            "observables": [SparsePauliOp("Z")],
            "observable_indices": [0, 0, 0, 0],
            "run_options": {},
        }

        result = with_repeats("estimator", inputs)

        assert [circuit.name for circuit in result["circuits"]] == ["plain", "other"] + 2 * [
            "plain"
        ]
        assert result["circuits"] == [one, other, one, one]
        assert result["circuits"][3].metadata == {"a": [1]}
        assert result["parameters"] == [[], [], [], []]
        assert result["observables"] == [SparsePauliOp("Z")] * 4
        assert result["circuit_indices"] == result["observable_indices"] == [0, 1, 2, 3]
        assert len(inputs["circuits"]) == 2

    def test_gives_independent_entries(self) -> None:
        angle = Parameter("a")
        circuit = changed(metadata={"a": [1]})
        circuit.rx(angle, 0)
        inputs = {
            "circuits": [circuit],
            "parameters": [[angle]],
            "circuit_indices": [0, 0],
            "observables": [SparsePauliOp("ZZ")],
            "observable_indices": [0, 0],
        }

        result = with_repeats("estimator", inputs)
        result["circuits"][0].metadata["a"].append(2)
        result["circuits"][0].data[0].operation.params[0] = 7
        result["circuits"][0].x(0)
        result["parameters"][0].clear()
        result["observables"][0].coeffs[0] = 7

        assert result["circuits"][1] == changed(metadata={"a": [1]}).compose(
            circuit_of(angle), qubits=[0]
        )
        assert result["circuits"][1].metadata == {"a": [1]}
        assert result["parameters"][1] == [angle]
        assert result["observables"][1] == SparsePauliOp("ZZ")

    def test_shares_entries_too_large_to_copy(self) -> None:
        circuit = QuantumCircuit(1)
        for _ in range(1000):
            circuit.x(0)
        inputs = {"circuits": [circuit], "circuit_indices": [0] * 100_000}

        circuits = with_repeats("sampler", inputs)["circuits"]

        assert len(circuits) == 100_000
        assert len(set(map(id, circuits))) < 500

    def test_decodes_repeated_circuit_into_separate_objects(self) -> None:
        text = json.dumps([changed(metadata={"a": [1]})] * 3, cls=RuntimeEncoder)

        circuits = json.loads(text, cls=RuntimeDecoder)
        circuits[0].x(0)
        circuits[0].metadata["a"].append(2)

        assert circuits[1] == circuits[2] == plain()
        assert circuits[1] is not circuits[2]
        assert [circuit.metadata for circuit in circuits[1:]] == [{"a": [1]}] * 2

    def test_shares_nothing_between_payloads(self) -> None:
        decoder = RuntimeDecoder()
        text = json.dumps(plain(), cls=RuntimeEncoder)

        decoder.decode(text).x(0)

        assert decoder.decode(text) == plain()


def circuit_of(angle: Parameter) -> QuantumCircuit:
    circuit = QuantumCircuit(1)
    circuit.rx(angle, 0)
    return circuit
