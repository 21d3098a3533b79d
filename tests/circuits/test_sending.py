"""Encoded circuits keep their meaning, names and registers, or are rejected."""

from __future__ import annotations

import io
import json
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from qiskit import QuantumCircuit, pulse, qpy, transpile
from qiskit.circuit import (
    AncillaRegister,
    ClassicalRegister,
    Clbit,
    Gate,
    Instruction,
    Parameter,
    QuantumRegister,
    library,
)
from qiskit.quantum_info import Operator, SparsePauliOp
from tests.circuits.circuit_strategies import circuits
from tests.circuits.reference import description, difference

from qiskit_ibm_runtime import RuntimeDecoder, RuntimeEncoder
from qiskit_ibm_runtime._codecs.encoding import content


def round_trip(circuit: Any) -> Any:
    return json.loads(json.dumps(circuit, cls=RuntimeEncoder), cls=RuntimeDecoder)


@settings(max_examples=40, suppress_health_check=list(HealthCheck))  # 3,000 in tests/stress
@given(circuits(depth=1))
def test_circuit_round_trips_with_names_and_registers(
    circuit: QuantumCircuit,
) -> None:
    check_round_trip(circuit)


def check_round_trip(circuit: QuantumCircuit) -> None:
    try:
        expected = description(circuit)
    except KeyError:  # terra 0.23 loses the bits of conditions in deep copies
        assume(False)

    back = round_trip(circuit)

    assert difference(description(back), expected) == ""
    assert (back.name, back.metadata) == (circuit.name, circuit.metadata)
    assert back.parameters == circuit.parameters
    assert difference(description(circuit), expected) == ""
    assert content(back) == content(round_trip(back))


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns", "ps", "dt"])
@pytest.mark.parametrize("time", [100, Parameter("t")])
def test_delay_keeps_its_duration(time: Any, unit: str) -> None:
    circuit = QuantumCircuit(2)
    circuit.delay(time, 0, unit)
    circuit.delay(time, 1, unit)

    found = [item.operation for item in round_trip(circuit).data]

    assert [(op.name, op.duration, op.unit) for op in found] == [("delay", time, unit)] * 2


def test_fractional_seconds_are_preserved() -> None:
    circuit = QuantumCircuit(1)
    circuit.delay(1.5e-6, 0, "s")

    assert round_trip(circuit).data[0].operation.duration == 1.5e-6


def test_ancilla_registers_round_trip() -> None:
    circuit = QuantumCircuit(QuantumRegister(1, "q"), AncillaRegister(2, "anc"))
    circuit.cx(0, 2)
    laid = transpile(circuit, coupling_map=[[0, 1], [1, 2], [2, 3]], initial_layout=[3, 0, 2])

    back, laid_back = round_trip(circuit), round_trip(laid)

    assert [(r.name, r.size) for r in back.qregs] == [("q", 1), ("anc", 2)]
    assert difference(description(laid_back), description(laid)) == ""
    if laid_back._layout is not None:  # terra 0.23 does not store layouts in files
        places = laid._layout.initial_layout.get_virtual_bits()
        kept = laid_back._layout.initial_layout.get_virtual_bits()
        assert {(b._register.name, b._index): place for b, place in places.items()} == {
            (b._register.name, b._index): place for b, place in kept.items()
        }


@pytest.mark.parametrize("controls", [6, 32, 40])
def test_gates_with_many_controls_round_trip(controls: int) -> None:
    circuit = QuantumCircuit(controls + 1)
    circuit.append(library.MCXGate(controls), circuit.qubits)
    circuit.append(library.MCPhaseGate(0.5, controls), circuit.qubits)

    found = [item.operation for item in round_trip(circuit).data]

    assert [(op.name, op.num_ctrl_qubits) for op in found] == [
        ("mcx", controls),
        ("mcphase", controls),
    ]


def test_named_multi_qubit_state_preparation_round_trips() -> None:
    circuit = QuantumCircuit(30)
    circuit.initialize("10" * 15, circuit.qubits)

    (item,) = round_trip(circuit).data

    assert (item.operation.name, item.operation.num_qubits) == ("initialize", 30)


@pytest.mark.parametrize("dtype", [object, np.float32, np.complex64, np.int64])
def test_operators_with_any_number_type_round_trip(dtype: Any) -> None:
    operator = SparsePauliOp(["XZ", "ZZ"], np.array([1, 2], dtype=dtype))
    circuit = QuantumCircuit(2)
    circuit.append(library.PauliEvolutionGate(operator, time=0.5), [0, 1])
    circuit.append(library.PauliEvolutionGate(operator, time=Parameter("t")), [0, 1])

    back = round_trip(circuit)

    assert Operator(back.data[0].operation) == Operator(circuit.data[0].operation)
    assert back.parameters == circuit.parameters
    assert back.data[1].operation.operator == SparsePauliOp(["XZ", "ZZ"], [1, 2])


def test_classical_expressions_and_switches_round_trip() -> None:
    expr = pytest.importorskip("qiskit.circuit.classical.expr", reason="needs terra 0.25")
    circuit = QuantumCircuit(QuantumRegister(2, "q"), ClassicalRegister(3, "c"), [Clbit()])
    bits, register = circuit.clbits, circuit.cregs[0]
    body = QuantumCircuit(1)
    body.x(0)
    test = expr.logic_and(expr.logic_not(bits[3]), expr.greater_equal(expr.bit_not(register), 2))
    circuit.if_test(test, body, [1], [])
    circuit.while_loop(expr.equal(expr.bit_xor(register, 5), 1), body, [0], [])
    circuit.switch(expr.bit_and(register, 3), [((1, 2), body), (3, body.copy())], [0], [])
    circuit.if_test(expr.lift(bits[0]), body, [0], [])

    assert difference(description(round_trip(circuit)), description(circuit)) == ""


def test_condition_on_register_used_only_there_round_trips() -> None:
    bits = [Clbit(), Clbit()]
    register = ClassicalRegister(bits=bits, name="seen")
    circuit = QuantumCircuit(1)
    circuit.add_bits(bits)
    gate = library.RXGate(0.5)
    gate.condition = (register, 2)
    circuit._append(gate, [circuit.qubits[0]], [])

    back = round_trip(circuit)

    assert (back.cregs[0].name, back.data[0].operation.condition) == ("seen", (back.cregs[0], 2))


@pytest.mark.parametrize(
    ("operation", "reason"),
    [
        (Instruction("spell", 1, 0, [{"a": 1}]), "type dict, .* of 'spell'"),
        (Instruction("spell", 1, 0, [2**70]), "cannot be encoded in QPY"),
        (library.XGate().c_if(ClassicalRegister(70, "c"), 2**69), "cannot be encoded in QPY"),
    ],
)
def test_rejects_operation_defined_only_by_unserializable_values(
    operation: Instruction, reason: str
) -> None:
    circuit = QuantumCircuit(QuantumRegister(1), ClassicalRegister(70, "c"), name="mine")
    circuit.append(operation, [0])

    with pytest.raises(TypeError, match=f"value: Circuit 'mine'.*{reason}"):
        round_trip(circuit)


def test_any_parameter_is_allowed_with_a_definition() -> None:
    inner = QuantumCircuit(1, name="noted")
    inner.h(0)
    instruction = inner.to_instruction()
    instruction.params = [{"any": "thing"}, 2]
    circuit = QuantumCircuit(1)
    circuit.append(instruction, [0])

    assert round_trip(circuit).data[0].operation.params == [2]


def test_rejects_gate_whose_definition_raises_with_the_reason() -> None:
    class Broken(Gate):
        def _define(self) -> None:
            raise RuntimeError("no pulses today")

    circuit = QuantumCircuit(1, name="mine")
    circuit.append(Broken("broken", 1, []), [0])

    with pytest.raises(TypeError, match=r"Circuit 'mine' .* RuntimeError: no pulses today"):
        round_trip(circuit)


def test_rejects_schedule_calibration_with_the_reason() -> None:
    circuit = QuantumCircuit(1, name="mine")
    circuit.x(0)
    circuit.add_calibration("x", [0], pulse.Schedule())

    with pytest.raises(TypeError, match=r"Circuit .*mine.* cannot be encoded: .*Schedule"):
        round_trip(circuit)


def test_plain_qpy_readers_get_equivalent_gates() -> None:
    circuit = QuantumCircuit(3)
    for name, gate in (("same", library.HGate()), ("same", library.XGate()), ("own", None)):
        inner = QuantumCircuit(1, name=name)
        inner.append(gate or library.RXGate(0.5), [0])
        circuit.append(inner.to_gate(), [0])
        circuit.append(inner.to_gate().control(2, ctrl_state=1), [0, 1, 2])

    (plain,) = qpy.load(io.BytesIO(content(circuit)))

    names = [item.operation.name for item in plain.data]
    assert Operator(plain) == Operator(circuit)
    assert names[-2:] == ["own", circuit.data[-1].operation.name]
    assert all(name.startswith("same__renamed_") for name in (names[0], names[2]))
