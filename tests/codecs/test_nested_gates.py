"""Custom gates of one name and different definitions arrive whole, at every depth."""

from __future__ import annotations

import copy
import io
import json
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import qiskit
from hypothesis import HealthCheck, given, settings
from qiskit import QuantumCircuit, pulse, qpy
from qiskit.circuit import ControlledGate, Gate, Instruction, Parameter, ParameterVector
from qiskit.circuit.library import (
    CXGate,
    HGate,
    PauliEvolutionGate,
    RealAmplitudes,
    RXGate,
    RZXGate,
    SGate,
    XGate,
)
from qiskit.quantum_info import Operator, Pauli
from tests.codecs.nests import circuits, parameterised, whole
from tests.codecs.zoo import ZOO

from qiskit_ibm_runtime.utils.codecs import circuits as codec
from qiskit_ibm_runtime.utils.json import DecodeError, RuntimeDecoder, RuntimeEncoder

NASTY: dict[str, Callable[[], QuantumCircuit]] = {}
TERRA = qiskit.__version__[:4]


def nasty(make: Callable[[], QuantumCircuit]) -> Callable[[], QuantumCircuit]:
    """Add a circuit to the table."""
    NASTY[make.__name__] = make
    return make


def arrived(value: Any) -> Any:
    return json.loads(json.dumps(value, cls=RuntimeEncoder), cls=RuntimeDecoder)


def made_of(*gates: Gate, name: str = "inner") -> Gate:
    """Return a gate of a name that applies others one after another."""
    circuit = QuantumCircuit(max(gate.num_qubits for gate in gates), name=name)
    for gate in gates:
        circuit.append(gate, range(gate.num_qubits))
    return circuit.to_gate()


def circuit_of(*operations: Instruction) -> QuantumCircuit:
    circuit = QuantumCircuit(4, 2, name="outer")
    for number, operation in enumerate(operations):
        qubits = [(number + place) % 4 for place in range(operation.num_qubits)]
        circuit.append(operation, qubits, range(operation.num_clbits))
    return circuit


@nasty
def two_of_one_name() -> QuantumCircuit:
    return circuit_of(made_of(HGate()), made_of(XGate()))


@nasty
def of_one_name_and_another_size() -> QuantumCircuit:
    return circuit_of(made_of(HGate()), made_of(CXGate()))


@nasty
def one_in_another_of_its_name() -> QuantumCircuit:
    return circuit_of(made_of(made_of(made_of(XGate()), HGate()), made_of(SGate())))


@nasty
def base_with_the_name_of_another() -> QuantumCircuit:
    return circuit_of(made_of(HGate()).control(1), made_of(SGate()))


@nasty
def base_with_the_name_of_what_controls_it() -> QuantumCircuit:
    gate = made_of(HGate()).control(1)
    gate.name = "inner"
    return circuit_of(gate)


@nasty
def controlled_in_controlled() -> QuantumCircuit:
    inside = made_of(made_of(HGate()).control(1, ctrl_state=0), made_of(SGate()))
    return circuit_of(inside.control(1), made_of(XGate()))


@nasty
def two_open_controlled() -> QuantumCircuit:
    return circuit_of(
        made_of(HGate()).control(2, ctrl_state=1), made_of(SGate()).control(2, ctrl_state=1)
    )


@nasty
def labelled_base() -> QuantumCircuit:
    gate = made_of(HGate())
    gate.label = "below"
    controlled = gate.control(1, label="above")
    return circuit_of(controlled, made_of(XGate()).control(1), made_of(SGate()))


@nasty
def controlled_matrix() -> QuantumCircuit:
    circuit = QuantumCircuit(1)
    circuit.unitary(Operator(SGate()), [0])
    return circuit_of(circuit.data[0].operation.control(1), made_of(HGate()), made_of(XGate()))


@nasty
def named_like_a_gate_of_qiskit() -> QuantumCircuit:
    return circuit_of(XGate(), made_of(HGate(), name="XGate"), made_of(SGate(), name="Gate"))


@nasty
def named_as_if_renamed() -> QuantumCircuit:
    name = "inner__renamed_3"
    open_one = made_of(HGate()).control(1, ctrl_state=0)
    open_one.name = name
    return circuit_of(made_of(HGate(), name=name), made_of(XGate(), name=name * 2), open_one)


@nasty
def named_with_a_uuid() -> QuantumCircuit:
    name = "inner_01234567-89ab-cdef-0123-456789abcdef"
    controlled = made_of(HGate()).control(1)
    controlled.name = name
    return circuit_of(made_of(HGate(), name=name), controlled, made_of(XGate()).control(1))


@nasty
def gate_and_instruction_of_one_name() -> QuantumCircuit:
    inner = QuantumCircuit(1, name="inner")
    inner.h(0)
    return circuit_of(inner.to_gate(), inner.to_instruction())


@nasty
def instructions_that_measure() -> QuantumCircuit:
    one, other = (QuantumCircuit(1, 1, name="look") for _ in range(2))
    one.measure(0, 0)
    other.h(0)
    other.measure(0, 0)
    other.x(0).c_if(0, 1)
    outer = QuantumCircuit(1, 2, name="look")
    outer.append(one.to_instruction(), [0], [1])
    outer.append(other.to_instruction(), [0], [0])
    return circuit_of(*(c.to_instruction() for c in (one, other, outer)))


@nasty
def conditions() -> QuantumCircuit:
    circuit = QuantumCircuit(2, 2)
    circuit.append(made_of(HGate()), [0]).c_if(0, 1)
    circuit.append(made_of(XGate()), [1]).c_if(circuit.cregs[0], 2)
    circuit.append(made_of(XGate()).control(1), [1, 0]).c_if(circuit.cregs[0], 3)
    return circuit


@nasty
def bodies_of_control_flow() -> QuantumCircuit:
    circuit = QuantumCircuit(2, 2)
    with circuit.if_test((circuit.clbits[0], 1)) as otherwise:
        circuit.append(made_of(HGate()), [1])
        circuit.append(made_of(XGate()), [1])
    with otherwise:
        circuit.append(made_of(SGate()), [1])
        circuit.append(made_of(SGate()).control(1), [1, 0])
    with circuit.for_loop(range(3), Parameter("angle")) as angle:
        circuit.append(made_of(RXGate(angle)), [0])
        circuit.append(made_of(RXGate(2 * angle)), [0])
    with circuit.while_loop((circuit.cregs[0], 1)):
        circuit.append(made_of(XGate()), [0])
        circuit.append(made_of(HGate()), [0])
        circuit.measure(0, 0)
    return circuit


@nasty
def parameters_below() -> QuantumCircuit:
    a, v = Parameter("a"), ParameterVector("v", 3)
    one, other = made_of(RXGate(a), RXGate(v[1])), made_of(RXGate(v[0] + a))
    return circuit_of(one, other, made_of(one, other))


@nasty
def blueprints_of_one_name() -> QuantumCircuit:
    return circuit_of(
        *(RealAmplitudes(2, reps=1, parameter_prefix=p).to_instruction() for p in "ab")
    )


@nasty
def beside_gates_that_have_forms_of_their_own() -> QuantumCircuit:
    circuit = circuit_of(
        made_of(PauliEvolutionGate(Pauli("ZX"), time=0.5)),
        made_of(PauliEvolutionGate(Pauli("XX"), time=0.5)),
        PauliEvolutionGate(Pauli("YX"), time=Parameter("t")),
    )
    circuit.prepare_state([1, 0, 0, 1j] / np.sqrt(2), [0, 1])
    circuit.unitary(np.eye(2), [0])
    circuit.measure(0, 0)
    return circuit


class Turn(Gate):
    """A gate of a user's own class that builds its definition when it is asked for."""

    def __init__(self, angle: float) -> None:
        super().__init__("turn", 1, [angle])

    def _define(self) -> None:
        self.definition = QuantumCircuit(1)
        self.definition.rx(self.params[0], 0)


@nasty
def of_a_class_of_the_users() -> QuantumCircuit:
    return circuit_of(Turn(0.5), Turn(0.25), Turn(0.5).control(1), Turn(0.125).control(1))


@nasty
def layers_of_libraries() -> QuantumCircuit:
    grover = made_of(made_of(HGate(), name="Q"), made_of(XGate(), name="Q"), name="Q")
    return circuit_of(*(grover.power(n).control(1) for n in (1, 2, 3)), grover)


def _with_parameters(vector: bool) -> QuantumCircuit:
    angle: Any = ParameterVector("v", 3)[1] if vector else Parameter("a")
    return circuit_of(
        made_of(RXGate(angle)).control(1),
        made_of(RXGate(2 * angle)).control(1, ctrl_state=0),
        made_of(HGate()),
    )


@nasty
def controlled_with_parameters() -> QuantumCircuit:
    return _with_parameters(vector=False)


@nasty
def controlled_with_elements_of_a_vector() -> QuantumCircuit:
    return _with_parameters(vector=True)


@pytest.mark.parametrize("name", NASTY)
def test_it_arrives_whole_and_stays_as_it_was(name: str) -> None:
    circuit = NASTY[name]()
    before = copy.deepcopy(circuit)
    expected = whole(circuit)

    back = arrived(circuit)

    assert whole(back) == expected
    assert whole(circuit) == expected == whole(before)
    assert (back.name, back.parameters) == (circuit.name, circuit.parameters)
