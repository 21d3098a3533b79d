"""Custom gates with the same name and different definitions round-trip at every depth."""

from __future__ import annotations

import copy
import io
import json
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from qiskit import QuantumCircuit, pulse, qpy, transpile
from qiskit.circuit import (
    ClassicalRegister,
    ControlledGate,
    Gate,
    Instruction,
    Parameter,
    ParameterVector,
    QuantumRegister,
    Qubit,
)
from qiskit.circuit.library import (
    CXGate,
    HGate,
    PauliEvolutionGate,
    RealAmplitudes,
    RXGate,
    SGate,
    XGate,
)
from qiskit.qpy.common import QPY_VERSION
from qiskit.quantum_info import Operator, Pauli
from tests.codecs.nested_gates import all_parts, circuits, named_things, parameterized
from tests.codecs.sample_circuits import SAMPLES, CustomGate

from qiskit_ibm_runtime._codecs import limits
from qiskit_ibm_runtime._codecs.packing import pack, unpack
from qiskit_ibm_runtime.utils.json import DecodeError, RuntimeDecoder, RuntimeEncoder

# Older terra controls a matrix with diagonal gates, which are sent as definitions.
DIAGONAL = {"controlled_matrix", "library_layers"} if QPY_VERSION < 10 else set()
CASES: dict[str, Callable[[], QuantumCircuit]] = {}


def case(make: Callable[[], QuantumCircuit]) -> Callable[[], QuantumCircuit]:
    """Register a circuit in the table."""
    CASES[make.__name__] = make
    return make


def round_trip(value: Any) -> Any:
    return json.loads(json.dumps(value, cls=RuntimeEncoder), cls=RuntimeDecoder)


def made_of(*gates: Gate, name: str = "inner") -> Gate:
    """Return a gate of this name that applies other gates in turn."""
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


@case
def two_with_one_name() -> QuantumCircuit:
    return circuit_of(made_of(HGate()), made_of(XGate()))


@case
def one_name_two_sizes() -> QuantumCircuit:
    return circuit_of(made_of(HGate()), made_of(CXGate()))


@case
def nested_with_the_same_name() -> QuantumCircuit:
    return circuit_of(made_of(made_of(made_of(XGate()), HGate()), made_of(SGate())))


@case
def base_gate_named_like_another() -> QuantumCircuit:
    return circuit_of(made_of(HGate()).control(1), made_of(SGate()))


@case
def base_gate_named_like_its_controlled_gate() -> QuantumCircuit:
    gate = made_of(HGate()).control(1)
    gate.name = "inner"
    return circuit_of(gate)


@case
def controlled_in_controlled() -> QuantumCircuit:
    inside = made_of(made_of(HGate()).control(1, ctrl_state=0), made_of(SGate()))
    return circuit_of(inside.control(1), made_of(XGate()))


@case
def two_open_controlled() -> QuantumCircuit:
    return circuit_of(
        made_of(HGate()).control(2, ctrl_state=1), made_of(SGate()).control(2, ctrl_state=1)
    )


@case
def labeled_base_gate() -> QuantumCircuit:
    gate = made_of(HGate())
    gate.label = "below"
    controlled = gate.control(1, label="above")
    return circuit_of(controlled, made_of(XGate()).control(1), made_of(SGate()))


@case
def controlled_matrix() -> QuantumCircuit:
    circuit = QuantumCircuit(1)
    circuit.unitary(Operator(SGate()), [0])
    return circuit_of(circuit.data[0].operation.control(1), made_of(HGate()), made_of(XGate()))


@case
def named_like_a_qiskit_gate() -> QuantumCircuit:
    return circuit_of(XGate(), made_of(HGate(), name="XGate"), made_of(SGate(), name="Gate"))


@case
def named_as_if_renamed() -> QuantumCircuit:
    name = "inner__renamed_3"
    open_one = made_of(HGate()).control(1, ctrl_state=0)
    open_one.name = name
    return circuit_of(made_of(HGate(), name=name), made_of(XGate(), name=name * 2), open_one)


@case
def named_with_a_uuid() -> QuantumCircuit:
    name = "inner_01234567-89ab-cdef-0123-456789abcdef"
    controlled = made_of(HGate()).control(1)
    controlled.name = name
    return circuit_of(made_of(HGate(), name=name), controlled, made_of(XGate()).control(1))


@case
def gate_and_instruction_with_one_name() -> QuantumCircuit:
    inner = QuantumCircuit(1, name="inner")
    inner.h(0)
    return circuit_of(inner.to_gate(), inner.to_instruction())


@case
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


@case
def conditions() -> QuantumCircuit:
    circuit = QuantumCircuit(2, 2)
    circuit.append(made_of(HGate()), [0]).c_if(0, 1)
    circuit.append(made_of(XGate()), [1]).c_if(circuit.cregs[0], 2)
    circuit.append(made_of(XGate()).control(1), [1, 0]).c_if(circuit.cregs[0], 3)
    return circuit


@case
def control_flow_bodies() -> QuantumCircuit:
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


@case
def nested_parameters() -> QuantumCircuit:
    a, v = Parameter("a"), ParameterVector("v", 3)
    one, other = made_of(RXGate(a), RXGate(v[1])), made_of(RXGate(v[0] + a))
    return circuit_of(one, other, made_of(one, other))


@case
def blueprint_circuits_with_one_name() -> QuantumCircuit:
    return circuit_of(
        *(RealAmplitudes(2, reps=1, parameter_prefix=p).to_instruction() for p in "ab")
    )


@case
def next_to_gates_encoded_specially() -> QuantumCircuit:
    circuit = circuit_of(
        made_of(PauliEvolutionGate(Pauli("ZX"), time=0.5)),
        made_of(PauliEvolutionGate(Pauli("XX"), time=0.5)),
        PauliEvolutionGate(Pauli("YX"), time=Parameter("t")),
    )
    circuit.prepare_state([1, 0, 0, 1j] / np.sqrt(2), [0, 1])
    circuit.unitary(np.eye(2), [0])
    circuit.measure(0, 0)
    return circuit


class ControlledTurn(ControlledGate):
    """A controlled gate of a custom class."""

    def __init__(self, angle: float) -> None:
        base = RXGate(angle)
        super().__init__("turn", 2, [angle], num_ctrl_qubits=1, base_gate=base)

    def _define(self) -> None:
        self.definition = QuantumCircuit(2)
        self.definition.crx(self.params[0], 0, 1)


@case
def controlled_custom_class() -> QuantumCircuit:
    return circuit_of(ControlledTurn(0.5), ControlledTurn(0.25), CustomGate(0.5))


@case
def custom_class() -> QuantumCircuit:
    return circuit_of(
        CustomGate(0.5), CustomGate(0.25), CustomGate(0.5).control(1), CustomGate(0.125).control(1)
    )


@case
def library_layers() -> QuantumCircuit:
    grover = made_of(made_of(HGate(), name="Q"), made_of(XGate(), name="Q"), name="Q")
    return circuit_of(*(grover.power(n).control(1) for n in (1, 2, 3)), grover)


def _with_parameters(vector: bool) -> QuantumCircuit:
    angle: Any = ParameterVector("v", 3)[1] if vector else Parameter("a")
    return circuit_of(
        made_of(RXGate(angle)).control(1),
        made_of(RXGate(2 * angle)).control(1, ctrl_state=0),
        made_of(HGate()),
    )


@case
def controlled_with_parameters() -> QuantumCircuit:
    return _with_parameters(vector=False)


@case
def controlled_with_vector_elements() -> QuantumCircuit:
    return _with_parameters(vector=True)


@pytest.mark.parametrize("name", CASES)
def test_nested_gate_round_trips_without_modifying_the_original(name: str) -> None:
    circuit = CASES[name]()
    before = copy.deepcopy(circuit)
    expected = all_parts(circuit)

    back = round_trip(circuit)

    if name in DIAGONAL:
        assert Operator(back) == Operator(circuit)
    else:
        assert all_parts(back) == expected
    assert all_parts(circuit) == expected == all_parts(before)
    assert (back.name, back.parameters) == (circuit.name, circuit.parameters)


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(circuits())
def test_arbitrarily_nested_gates_round_trip(circuit: QuantumCircuit) -> None:
    back = round_trip(circuit)

    assert all_parts(back) == all_parts(circuit)
    assert Operator(back) == Operator(circuit)


@settings(max_examples=40)
@given(parameterized())
def test_parameterized_gates_round_trip_and_can_be_bound(circuit: QuantumCircuit) -> None:
    back = round_trip(circuit)
    values = {parameter: 0.25 * n for n, parameter in enumerate(circuit.parameters)}

    assert all_parts(back) == all_parts(circuit)
    assert back.parameters == circuit.parameters
    assert all_parts(back.assign_parameters(values)) == all_parts(circuit.assign_parameters(values))


@settings(max_examples=40)
@given(named_things())
def test_gates_with_clashing_names_round_trip(circuit: QuantumCircuit) -> None:
    assert all_parts(round_trip(circuit)) == all_parts(circuit)


@pytest.mark.parametrize("name", ["base_gate_named_like_another", "two_open_controlled"])
def test_decoded_gate_can_be_inverted_and_controlled(name: str) -> None:
    circuit = CASES[name]()
    (gate, *_), (back, *_) = ([i.operation for i in c.data] for c in (circuit, round_trip(circuit)))

    assert Operator(back.inverse()) == Operator(gate.inverse())
    assert Operator(back.control(1)) == Operator(gate.control(1))


def _written(circuit: QuantumCircuit) -> bytes:
    return unpack(json.loads(json.dumps(circuit, cls=RuntimeEncoder))["__value__"])


def _dumped(circuit: QuantumCircuit) -> bytes:
    buffer = io.BytesIO()
    qpy.dump(circuit, buffer)
    return buffer.getvalue()


FAITHFUL = ("bell", "parameters", "vector", "registers", "conditions", "labels", "open_controls")


@pytest.mark.parametrize("name", FAITHFUL)
def test_encodes_like_qpy_where_qpy_is_lossless(name: str) -> None:
    circuit = SAMPLES[name]()

    assert _written(circuit) == _dumped(circuit)


def test_plain_qpy_reader_gets_equivalent_gates() -> None:
    circuit = CASES["two_with_one_name"]()

    (plain,) = qpy.load(io.BytesIO(_written(circuit)))

    names = [item.operation.name for item in plain.data]
    assert all(name.startswith("inner__renamed_") for name in names)
    assert len(set(names)) == 2
    assert Operator(plain) == Operator(circuit)


def test_rest_of_circuit_with_clashing_names_round_trips() -> None:
    bits = [Qubit(), Qubit(), Qubit()]
    circuit = QuantumCircuit(bits, name="all else", global_phase=Parameter("p"))
    circuit.add_register(QuantumRegister(bits=bits[1:], name="right"), ClassicalRegister(2, "c"))
    circuit.metadata = {"weights": {1, 2}}
    circuit.rx(0.5, 1)
    circuit.append(made_of(HGate()), [0])
    circuit.append(made_of(XGate()), [2])
    with pulse.build(name="other") as schedule:
        pulse.delay(10, pulse.DriveChannel(0))
    circuit.add_calibration("rx", [1], schedule, [0.5])

    back = round_trip(circuit)

    assert all_parts(back) == all_parts(circuit)
    assert (back.qregs[0].name, back.cregs) == ("right", circuit.cregs)
    assert (back.metadata, back.calibrations) == (circuit.metadata, circuit.calibrations)


def test_layout_round_trips_with_clashing_names_where_qpy_supports_it() -> None:
    circuit = transpile(SAMPLES["bell"](), coupling_map=[[0, 1], [1, 2]], initial_layout=[2, 1])
    expected = round_trip(circuit)._layout
    circuit.append(made_of(HGate()), [0])
    circuit.append(made_of(XGate()), [0])

    assert round_trip(circuit)._layout == expected


def test_encodes_equal_gates_once() -> None:
    once = _written(circuit_of(made_of(HGate()), made_of(XGate())))
    often = _written(circuit_of(*[gate for _ in range(50) for gate in (made_of(HGate()), X)]))

    assert often.count(b"HGate") == once.count(b"HGate") == 1


X = made_of(XGate())


def test_preserves_name_of_opaque_operation() -> None:
    circuit = circuit_of(Gate("inner", 1, []), made_of(HGate()), Instruction("look", 1, 1, []))

    (plain,) = qpy.load(io.BytesIO(_written(circuit)))

    assert [item.operation.name for item in plain.data][::2] == ["inner", "look"]
    assert all_parts(round_trip(circuit)) == all_parts(circuit)


def test_two_opaque_operations_with_one_name_round_trip() -> None:
    circuit = circuit_of(Gate("inner", 1, []), Gate("inner", 2, []))

    assert all_parts(round_trip(circuit)) == all_parts(circuit)


def test_calibrated_gates_keep_their_names() -> None:
    circuit = circuit_of(made_of(HGate()), made_of(XGate()))
    with pulse.build(name="inner") as schedule:
        pulse.delay(10, pulse.DriveChannel(0))
    circuit.add_calibration("inner", [0], schedule)

    back = round_trip(circuit)

    assert all_parts(back) == all_parts(circuit)
    assert back.calibrations == circuit.calibrations


@pytest.mark.skipif(not hasattr(XGate(), "mutable"), reason="no gates are shared in this terra")
def test_does_not_modify_shared_gate_of_user_class() -> None:
    from qiskit.circuit.singleton import SingletonGate

    class Shared(SingletonGate):
        def __init__(self) -> None:
            super().__init__("inner", 1, [])

        def _define(self) -> None:
            self.definition = QuantumCircuit(1)
            self.definition.h(0)

    circuit = circuit_of(Shared(), made_of(XGate()))

    assert all_parts(round_trip(circuit)) == all_parts(circuit)
    assert Shared().name == "inner"


@pytest.mark.parametrize("name", ["inner__wrapped_1", "__wrapped_0", "inner__renamed_1"])
@pytest.mark.parametrize("content", [[], [HGate()], [HGate(), XGate()], [CXGate()]])
def test_foreign_rename_marker_only_shortens_a_name(name: str, content: list[Gate]) -> None:
    inner = QuantumCircuit(2)
    for gate in content:
        inner.append(gate, range(gate.num_qubits))
    gate = inner.to_gate()
    gate.name = name
    payload = {"__type__": "QuantumCircuit", "__value__": pack(_dumped(circuit_of(gate)))}

    (item,) = json.loads(json.dumps(payload), cls=RuntimeDecoder).data

    assert item.operation.name == name.partition("__")[0]
    assert item.operation.definition == inner


def test_copied_base_gates_count_against_the_budget(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(limits, "STEPS", 2**16)
    circuit = circuit_of(*[made_of(*[HGate()] * 20).control(1) for _ in range(12)])
    payload = {"__type__": "QuantumCircuit", "__value__": pack(_dumped(circuit))}

    with pytest.raises(DecodeError, match="steps"):
        json.loads(json.dumps(payload), cls=RuntimeDecoder)


def test_threads_encode_one_circuit_concurrently() -> None:
    circuit = CASES["controlled_in_controlled"]()
    expected, found = all_parts(circuit), list[Any]()

    def work() -> None:
        found.extend(all_parts(round_trip(circuit)) == expected for _ in range(5))

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert found == [True] * 30
