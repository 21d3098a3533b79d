"""The normal form describes a circuit completely, and converts back to an equivalent circuit."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import ClassicalRegister, Gate, Parameter, QuantumRegister, Qubit
from qiskit.circuit.library import MCXGate
from qiskit.quantum_info import Operator, random_unitary
from tests.codecs.nested_gates import all_parts
from tests.codecs.sample_circuits import AS_DEFINED, SAMPLES, are_equivalent, bell

from qiskit_ibm_runtime._circuits import form
from qiskit_ibm_runtime._circuits.builder import to_circuit
from qiskit_ibm_runtime._circuits.normalizer import normal_form
from qiskit_ibm_runtime.exceptions import CircuitError


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_circuit_built_from_normal_form_is_equivalent(name: str) -> None:
    circuit = SAMPLES[name]()

    found = normal_form(circuit)
    made = to_circuit(found)

    assert normal_form(made) == found
    assert (made.name, made.global_phase) == (circuit.name, circuit.global_phase)
    assert [(r.name, r.size) for r in (*made.qregs, *made.cregs)] == [
        (r.name, r.size) for r in (*circuit.qregs, *circuit.cregs)
    ]
    if name in AS_DEFINED:
        assert are_equivalent(made, circuit)
    else:
        assert all_parts(made) == all_parts(circuit)


@pytest.mark.parametrize(
    "name", ["custom_class", "custom_in_custom", "evolution", "controlled_by_hand"]
)
def test_normalizing_does_not_change_the_circuit(name: str) -> None:
    circuit = SAMPLES[name]()
    before = [item.operation._definition is None for item in circuit.data]

    normal_form(circuit)

    assert [item.operation._definition is None for item in circuit.data] == before


def test_bodies_use_the_bits_they_act_on() -> None:
    body = QuantumCircuit(2, 1)
    body.cx(0, 1)
    body.measure(0, 0)
    circuit = QuantumCircuit(3, 2)
    circuit.if_test((circuit.clbits[0], 1), body, [2, 0], [1])

    (item,) = to_circuit(normal_form(circuit)).data

    (made,) = item.operation.blocks
    assert tuple(made.qubits) == item.qubits
    assert tuple(made.clbits) == item.clbits
    assert all_parts(made) == all_parts(body)


def test_body_condition_refers_to_the_outer_register() -> None:
    circuit = QuantumCircuit(QuantumRegister(1, "q"), ClassicalRegister(2, "c"))
    with circuit.while_loop((circuit.cregs[0], 3)), circuit.if_test((circuit.cregs[0], 1)):
        circuit.x(0)

    made = to_circuit(normal_form(circuit))

    (inner,) = made.data[0].operation.blocks[0].data
    assert inner.operation.condition == (made.cregs[0], 1)
    assert all(a is b for a, b in zip(inner.operation.condition[0], made.cregs[0]))


def test_preserves_control_order_and_state() -> None:
    circuit = QuantumCircuit(4)
    circuit.append(MCXGate(3, ctrl_state=2), [3, 1, 0, 2])

    (instruction,) = normal_form(circuit).instructions

    operation = instruction.operation
    assert (operation.controls, operation.state, instruction.qubits) == (3, 2, (3, 1, 0, 2))
    assert Operator(to_circuit(normal_form(circuit))) == Operator(circuit)


class Matrix(Gate):
    """A gate that has only a matrix."""

    def __init__(self) -> None:
        super().__init__("matrix", 1, [])

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        return np.array([[0, 1j], [1, 0]], dtype=dtype)


def test_gate_with_only_a_matrix_is_stored_as_matrix() -> None:
    circuit = QuantumCircuit(1)
    circuit.append(Matrix(), [0])

    made = to_circuit(normal_form(circuit))

    assert made.data[0].operation.name == "matrix"
    found = Operator(made.data[0].operation.definition).data
    np.testing.assert_allclose(found, np.array([[0, 1j], [1, 0]]))


@pytest.mark.filterwarnings("ignore:The method:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:The method:PendingDeprecationWarning")
def test_gate_with_unsupported_parameters_is_stored_as_definition() -> None:
    circuit = QuantumCircuit(2)
    circuit.uc([random_unitary(2, seed=n).data for n in range(2)], [0], [1])

    made = to_circuit(normal_form(circuit))

    assert made.data[0].operation.name == circuit.data[0].operation.name
    assert Operator(made) == Operator(circuit)


def test_preserves_renamed_qiskit_gate() -> None:
    circuit = bell()
    gate = circuit.data[0].operation
    gate = gate.to_mutable() if hasattr(gate, "to_mutable") else gate
    gate.name = "mine"
    circuit.data[0] = circuit.data[0].replace(operation=gate)

    made = to_circuit(normal_form(circuit))

    assert made.data[0].operation.name == "mine"
    assert made.data[0].operation.definition is not None


def test_normalizes_all_number_types() -> None:
    theta = Parameter("t")
    bound = (2 * theta).bind({theta: 0.25})
    circuit = QuantumCircuit(1)
    for value in (np.float32(0.5), np.int64(2), np.array(0.5), bound, True, np.float64(0.5)):
        circuit.append(Gate("g", 1, []), [0])
        circuit.data[-1].operation._params = [value]

    found = [instruction.operation.params[0] for instruction in normal_form(circuit).instructions]

    assert found == [0.5, 2, 0.5, 0.5, 1, 0.5]
    assert {type(value) for value in found} == {int, float}


def test_repeated_operations_share_one_object() -> None:
    inner = bell().remove_final_measurements(inplace=False).to_gate()
    circuit = QuantumCircuit(2)
    for _ in range(3):
        circuit.append(inner, [0, 1])

    definitions = [i.operation.definition for i in normal_form(circuit).instructions]

    assert definitions[0] is definitions[1] is definitions[2]


def test_rejects_operation_known_only_by_its_class() -> None:
    pytest.importorskip("qiskit_aer", reason="needs Aer")
    circuit = bell()
    circuit.save_statevector()

    with pytest.raises(
        CircuitError, match="Circuit 'bell' contains the instruction 'save_statevector'"
    ):
        normal_form(circuit)


def test_normal_form_is_independent_of_later_changes() -> None:
    circuit = QuantumCircuit([Qubit(), Qubit()], name="loose")
    circuit.unitary(np.eye(2), [0])
    circuit.rx(0.5, 1)
    found = normal_form(circuit)
    before = copy.deepcopy(found)

    circuit.data[0].operation.params[0][:] = [[0, 1], [1, 0]]
    circuit.data[1].operation.params[0] = 0.75
    circuit.x(0)

    assert found == before
    assert isinstance(found.instructions[0].operation.params[0], form.Array)
