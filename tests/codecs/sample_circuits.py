"""Sample circuits of every sample, named by their special feature."""

from __future__ import annotations

from typing import Callable

import numpy as np
from qiskit import QuantumCircuit, transpile
from qiskit.circuit import (
    AncillaRegister,
    ClassicalRegister,
    Clbit,
    Gate,
    Instruction,
    Parameter,
    ParameterVector,
    QuantumRegister,
    Qubit,
)
from qiskit.circuit.library import (
    QFT,
    C3XGate,
    EfficientSU2,
    MCPhaseGate,
    MCXGate,
    PauliEvolutionGate,
    PauliGate,
    RealAmplitudes,
    RYGate,
    RZXGate,
    XGate,
    ZZFeatureMap,
)
from qiskit.qpy.common import QPY_VERSION
from qiskit.quantum_info import Clifford, Operator, SparsePauliOp, Statevector

# These are decoded as their definitions, which is all that QPY keeps; before QPY 10,
# it does not keep the label of a state either.
AS_DEFINED = {"custom_class", "two_of_custom_class", "open_controls_of_many"}
if QPY_VERSION < 10:
    AS_DEFINED |= {"initialized", "clifford"}

SAMPLES: dict[str, Callable[[], QuantumCircuit]] = {}


def sample(make: Callable[[], QuantumCircuit]) -> Callable[[], QuantumCircuit]:
    """Register a sample circuit."""
    SAMPLES[make.__name__] = make
    return make


@sample
def bell() -> QuantumCircuit:
    circuit = QuantumCircuit(2, name="bell")
    circuit.h(0)
    circuit.cx(0, 1)
    circuit.measure_all()
    return circuit


@sample
def empty() -> QuantumCircuit:
    return QuantumCircuit()


@sample
def parameters() -> QuantumCircuit:
    a, b = Parameter("a"), Parameter("b")
    circuit = QuantumCircuit(2, global_phase=a)
    circuit.ry(a, 0)
    circuit.rz(a + 2 * b - 0.5, 1)
    circuit.rx((a * b).sin(), 0)
    circuit.p((a * a / 3).exp().cos(), 1)
    return circuit


@sample
def vector() -> QuantumCircuit:
    vector = ParameterVector("v", 12)
    circuit = QuantumCircuit(1)
    for element in vector:
        circuit.rx(element, 0)
    circuit.rz(vector[2] * vector[10], 0)
    return circuit


@sample
def partly_bound() -> QuantumCircuit:
    circuit = parameters()
    return circuit.assign_parameters({circuit.parameters[0]: 0.25})


@sample
def metadata() -> QuantumCircuit:
    circuit = bell()
    circuit.metadata = {"experiment": 3, "tags": ["x", None]}
    return circuit


@sample
def registers() -> QuantumCircuit:
    one, two = QuantumRegister(2, "one"), QuantumRegister(1, "two")
    circuit = QuantumCircuit(one, two, ClassicalRegister(1, "c1"), ClassicalRegister(2, "c2"))
    circuit.cx(one[1], two[0])
    circuit.measure(0, 2)
    return circuit


@sample
def loose_bits() -> QuantumCircuit:
    circuit = QuantumCircuit([Qubit(), Qubit()], [Clbit()])
    circuit.cx(0, 1)
    circuit.measure(1, 0)
    return circuit


@sample
def overlapping_registers() -> QuantumCircuit:
    bits = [Qubit(), Qubit(), Qubit()]
    circuit = QuantumCircuit(bits)
    circuit.add_register(QuantumRegister(bits=bits[:2], name="left"))
    circuit.add_register(QuantumRegister(bits=bits[1:], name="right"))
    circuit.cx(0, 2)
    return circuit


@sample
def ancillas() -> QuantumCircuit:
    circuit = QuantumCircuit(QuantumRegister(1, "q"), AncillaRegister(1, "anc"))
    circuit.cx(0, 1)
    return circuit


@sample
def conditions() -> QuantumCircuit:
    circuit = QuantumCircuit(2, 2)
    circuit.measure(0, 0)
    circuit.x(1).c_if(0, 1)
    circuit.z(1).c_if(circuit.cregs[0], 2)
    return circuit


@sample
def delays() -> QuantumCircuit:
    circuit = QuantumCircuit(1)
    circuit.delay(100, 0, unit="dt")
    return circuit


@sample
def delays_in_seconds() -> QuantumCircuit:
    circuit = QuantumCircuit(1)
    circuit.delay(100, 0, unit="us")
    return circuit


@sample
def labels() -> QuantumCircuit:
    circuit = QuantumCircuit(2)
    circuit.append(XGate(label="my x"), [0])
    circuit.append(RYGate(0.5, label="my ry"), [1])
    circuit.barrier(label="here")
    return circuit


@sample
def open_controls() -> QuantumCircuit:
    circuit = QuantumCircuit(4)
    circuit.cx(0, 1, ctrl_state=0)
    circuit.append(C3XGate(), [0, 1, 2, 3])
    circuit.append(MCPhaseGate(0.3, 2), [0, 1, 2])
    circuit.crz(0.2, 0, 1, ctrl_state=0)
    return circuit


@sample
def open_controls_of_many() -> QuantumCircuit:
    circuit = QuantumCircuit(4)
    circuit.append(MCXGate(3, ctrl_state=2), [0, 1, 2, 3])
    return circuit


@sample
def controlled_by_hand() -> QuantumCircuit:
    inner = QuantumCircuit(1, name="inner")
    inner.h(0)
    circuit = QuantumCircuit(3)
    circuit.append(inner.to_gate().control(2, ctrl_state=1), [0, 1, 2])
    circuit.append(RZXGate(0.1).control(1), [0, 1, 2])
    return circuit


@sample
def two_controlled_of_equal_name() -> QuantumCircuit:
    one, other = QuantumCircuit(1, name="inner"), QuantumCircuit(1, name="inner")
    one.h(0)
    other.x(0)
    circuit = QuantumCircuit(2)
    circuit.append(one.to_gate().control(1), [0, 1])
    circuit.append(other.to_gate().control(1), [0, 1])
    return circuit


@sample
def custom_gate() -> QuantumCircuit:
    inner = QuantumCircuit(2, name="inner")
    inner.h(0)
    inner.cx(0, 1)
    circuit = QuantumCircuit(3)
    circuit.append(inner.to_gate(), [0, 1])
    circuit.append(inner.to_gate(), [1, 2])
    return circuit


@sample
def custom_in_custom() -> QuantumCircuit:
    circuit = QuantumCircuit(3)
    circuit.append(custom_gate().to_gate(), [0, 1, 2])
    return circuit


@sample
def custom_instruction() -> QuantumCircuit:
    inner = QuantumCircuit(1, 1, name="look")
    inner.h(0)
    inner.measure(0, 0)
    circuit = QuantumCircuit(1, 1)
    circuit.append(inner.to_instruction(), [0], [0])
    return circuit


@sample
def opaque() -> QuantumCircuit:
    circuit = QuantumCircuit(2, 1)
    circuit.append(Gate("magic", 2, [0.5, 3]), [0, 1])
    circuit.append(Gate("magic", 2, [0.25, 4]), [0, 1])
    circuit.append(Instruction("spell", 1, 1, []), [0], [0])
    return circuit


@sample
def equal_names() -> QuantumCircuit:
    one, other = QuantumCircuit(1, name="inner"), QuantumCircuit(1, name="inner")
    one.h(0)
    other.x(0)
    circuit = QuantumCircuit(1)
    circuit.append(one.to_gate(), [0])
    circuit.append(other.to_gate(), [0])
    return circuit


@sample
def blueprints() -> QuantumCircuit:
    return RealAmplitudes(3, reps=2)


@sample
def two_blueprints_of_equal_name() -> QuantumCircuit:
    circuit = QuantumCircuit(2)
    circuit.append(RealAmplitudes(2, parameter_prefix="a"), [0, 1])
    circuit.append(RealAmplitudes(2, parameter_prefix="b"), [0, 1])
    return circuit


@sample
def feature_map() -> QuantumCircuit:
    return ZZFeatureMap(3).compose(EfficientSU2(3))


@sample
def fourier() -> QuantumCircuit:
    circuit = QuantumCircuit(3)
    circuit.append(QFT(3), [0, 1, 2])
    circuit.append(QFT(3, inverse=True).to_gate(), [0, 1, 2])
    return circuit


@sample
def unitary() -> QuantumCircuit:
    circuit = QuantumCircuit(2)
    circuit.unitary(Operator.from_label("XZ"), [0, 1], label="u")
    circuit.unitary(np.eye(2), [0])
    return circuit


@sample
def initialized() -> QuantumCircuit:
    circuit = QuantumCircuit(2)
    circuit.initialize([1, 0, 0, 1j] / np.sqrt(2), [0, 1])
    circuit.initialize("01", [0, 1])
    circuit.initialize(2, [0, 1])
    return circuit


@sample
def prepared() -> QuantumCircuit:
    circuit = QuantumCircuit(2)
    circuit.prepare_state([1, 0, 0, 1j] / np.sqrt(2), [0, 1])
    return circuit


@sample
def evolution() -> QuantumCircuit:
    circuit = QuantumCircuit(2)
    operator = SparsePauliOp(["XX", "ZI"], [0.5, 0.25])
    circuit.append(PauliEvolutionGate(operator, time=Parameter("t")), [0, 1])
    circuit.append(PauliEvolutionGate([operator, operator], time=0.5), [0, 1])
    return circuit


@sample
def paulis() -> QuantumCircuit:
    circuit = QuantumCircuit(2)
    circuit.append(PauliGate("XZ"), [0, 1])
    return circuit


@sample
def clifford() -> QuantumCircuit:
    circuit = QuantumCircuit(1)
    circuit.append(Clifford.from_circuit(_hadamard()), [0])
    return circuit


def _hadamard() -> QuantumCircuit:
    circuit = QuantumCircuit(1)
    circuit.h(0)
    return circuit


@sample
def powers() -> QuantumCircuit:
    circuit = QuantumCircuit(1)
    circuit.append(XGate().power(0.5), [0])
    circuit.append(RYGate(0.3).inverse(), [0])
    return circuit


@sample
def branches() -> QuantumCircuit:
    circuit = QuantumCircuit(2, 2)
    circuit.h(0)
    circuit.measure(0, 0)
    with circuit.if_test((circuit.clbits[0], 1)) as otherwise:
        circuit.x(1)
    with otherwise:
        circuit.z(1)
    return circuit


@sample
def loops() -> QuantumCircuit:
    circuit = QuantumCircuit(2, 2)
    angle = Parameter("angle")
    with circuit.for_loop(range(4), angle):
        circuit.rx(angle, 0)
        circuit.measure(0, 0)
        circuit.break_loop().c_if(0, 1)
    with circuit.for_loop((1, 5, 6)):
        circuit.x(1)
    with circuit.while_loop((circuit.cregs[0], 1)):
        circuit.x(0)
        circuit.measure(0, 0)
    return circuit


if hasattr(QuantumCircuit, "switch"):

    @sample
    def switches() -> QuantumCircuit:
        circuit = QuantumCircuit(2, 2)
        circuit.measure(0, 0)
        with circuit.switch(circuit.cregs[0]) as case:
            with case(0, 3):
                circuit.x(1)
            with case(case.DEFAULT):
                circuit.z(1)
        return circuit


@sample
def transpiled() -> QuantumCircuit:
    circuit = bell()
    circuit.ry(Parameter("a"), 0)
    return transpile(
        circuit,
        basis_gates=["rz", "sx", "cx"],
        coupling_map=[[0, 1], [1, 2]],
        initial_layout=[2, 1],
        optimization_level=1,
    )


@sample
def calibrated() -> QuantumCircuit:
    from qiskit import pulse

    with pulse.build(name="my x") as schedule:
        pulse.play(pulse.Gaussian(160, 0.1, 40), pulse.DriveChannel(0))
        pulse.delay(10, pulse.DriveChannel(0))
    circuit = QuantumCircuit(1)
    circuit.x(0)
    circuit.add_calibration("x", [0], schedule)
    return circuit


@sample
def numpy_numbers() -> QuantumCircuit:
    circuit = QuantumCircuit(1)
    circuit.rx(np.float64(0.5), 0)
    circuit.ry(np.float32(0.5), 0)
    circuit.rz(np.int64(1), 0)
    return circuit


@sample
def complex_expression() -> QuantumCircuit:
    a = Parameter("a")
    circuit = QuantumCircuit(1)
    circuit.append(Gate("g", 1, [a * 1j]), [0])
    return circuit


class CustomGate(Gate):
    """A gate of a custom class."""

    def __init__(self, angle: float) -> None:
        super().__init__("turn", 1, [angle])

    def _define(self) -> None:
        self.definition = QuantumCircuit(1)
        self.definition.rx(self.params[0], 0)


@sample
def custom_class() -> QuantumCircuit:
    circuit = QuantumCircuit(1)
    circuit.append(CustomGate(0.5), [0])
    return circuit


@sample
def two_of_custom_class() -> QuantumCircuit:
    circuit = custom_class()
    circuit.append(CustomGate(0.25), [0])
    return circuit


def are_equivalent(one: QuantumCircuit, other: QuantumCircuit) -> bool:
    """Return whether the operations of two circuits are pairwise equivalent."""
    return len(one.data) == len(other.data) and all(
        np.allclose(_effect(mine.operation), _effect(its.operation))
        for mine, its in zip(one.data, other.data)
    )


def _effect(operation: Instruction) -> np.ndarray:
    alone = QuantumCircuit(operation.num_qubits)
    alone.append(operation, alone.qubits)
    return (Statevector if operation.name == "initialize" else Operator)(alone).data
