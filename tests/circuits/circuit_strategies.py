"""Random circuits that cover everything that Qiskit can build."""

from __future__ import annotations

import contextlib
import copy
import pickle
import warnings
from typing import Any, Callable

import numpy as np
from hypothesis import strategies as st
from qiskit import QuantumCircuit
from qiskit.circuit import (
    AncillaRegister,
    ClassicalRegister,
    Clbit,
    Gate,
    Instruction,
    Operation,
    Parameter,
    ParameterVector,
    QuantumRegister,
    Qubit,
    library,
)
from qiskit.circuit.library.standard_gates import get_standard_gate_name_mapping
from qiskit.exceptions import QiskitError
from qiskit.quantum_info import SparsePauliOp, random_clifford, random_unitary

try:
    from qiskit.circuit.classical import expr
except ImportError:  # before terra 0.25
    expr = None
try:
    from qiskit.circuit import annotated_operation as annotated
except ImportError:  # before terra 0.45
    annotated = None

NAMES = ("a", "b", "h", "cx", "XGate", "unitary", "delay__in_us", "a__renamed_1")
ANGLES = (0.3, -1.2, 2, np.float32(0.5), np.float64(1e-9), np.int64(3), 0.0)
_S, _T, _V = Parameter("s"), Parameter("θ"), ParameterVector("v", 11)
_TURNS = tuple(map(Parameter, ("i", "j", "k")))
SYMBOLS = (_S, _T, 2 * _S + _T, _V[10], _V[2] * _V[10] - 0.5, _S.sin() / 3)
STANDARD = sorted(set(get_standard_gate_name_mapping()) - {"measure", "reset", "delay"})
STATE = [0.6, 0, 0, 0.8j]


class LazyGate(Gate):
    """A user-defined gate whose definition is built on demand."""

    def __init__(self, name: str, angle: Any) -> None:
        super().__init__(name, 1, [angle])

    def _define(self) -> None:
        self.definition = QuantumCircuit(1)
        self.definition.rx(self.params[0], 0)


class MatrixOnlyGate(Gate):
    """A user-defined gate that has only a matrix."""

    def __init__(self, name: str) -> None:
        super().__init__(name, 1, [])

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        return np.array([[0, 1j], [1, 0]], dtype=dtype)


def operation_of(method: str, *arguments: Any) -> Operation:
    """Return the operation that a method of a circuit appends."""
    circuit = QuantumCircuit(3)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # terra 0.46 deprecates some of these methods
        getattr(circuit, method)(*arguments)
    return circuit.data[0].operation


def _evolution(angle: Any) -> Gate:
    numbers = np.array([0.5, 0.25], dtype=object)
    operator = SparsePauliOp(["XZ", "YI"], numbers)
    return library.PauliEvolutionGate([operator, SparsePauliOp("ZZ")], time=angle)


def _modified() -> Operation:
    gate = library.UGate(0.1, 0.2, 0.3)
    if annotated is None:
        return gate.inverse().control(1, ctrl_state=0)
    modifiers = [annotated.InverseModifier(), annotated.ControlModifier(1, 0)]
    return annotated.AnnotatedOperation(gate, [*modifiers, annotated.PowerModifier(2)])


def _matrices(count: int) -> list[np.ndarray]:
    return [random_unitary(2, seed=n).data for n in range(count)]


GATES: tuple[Callable[[], Operation], ...] = (
    lambda: library.MCXGate(3, ctrl_state=5),
    lambda: library.MCXGrayCode(3),
    lambda: library.MCXVChain(3, dirty_ancillas=True),
    lambda: library.MCXVChain(2),
    lambda: library.MCPhaseGate(0.3, 2),
    lambda: library.MSGate(2, 0.4),
    lambda: library.PauliGate("XZ"),
    lambda: library.StatePreparation(STATE).inverse(),
    lambda: library.StatePreparation(STATE),
    lambda: library.LinearFunction(np.array([[1, 1], [0, 1]])),
    lambda: library.Permutation(3, [2, 0, 1]).to_gate(),
    lambda: library.QFT(2).to_gate(),
    lambda: library.QFT(2, inverse=True).to_instruction(),
    lambda: library.CDKMRippleCarryAdder(1).to_gate(),
    lambda: library.XGate().power(0.3),
    lambda: library.DCXGate().repeat(2),
    lambda: operation_of("unitary", random_unitary(4, seed=1), [0, 1]),
    lambda: operation_of("unitary", np.eye(2, dtype=np.int8), [0], "mine"),
    lambda: operation_of("diagonal", [1, 1j, -1, 1], [0, 1]),
    lambda: operation_of("uc", _matrices(2), [0], [1]),
    lambda: operation_of("ucrx", [0.1, 0.2], [0], [1]),
    lambda: operation_of("ucrz", [0.1, 0.2], [0], [1]).inverse(),
    lambda: operation_of("isometry", np.eye(4)[:, :2], [0], [1]),
    lambda: operation_of("hamiltonian", np.diag([1.0, 2.0]), 0.3, [0]),
    lambda: random_clifford(2, seed=3),
    _modified,
)
INSTRUCTIONS: tuple[Callable[[], Operation], ...] = (
    lambda: operation_of("initialize", STATE, [0, 1]),
    lambda: operation_of("initialize", "+1", [0, 1]),
    lambda: operation_of("initialize", 2, [0, 1]),
    lambda: operation_of("prepare_state", "r0", [0, 1]),
    lambda: Gate("opaque", 2, [0.5, 3]),
    lambda: Gate("opaque", 1, []),
    lambda: Instruction("spell", 1, 1, [1j, "x", np.array([1, 2.5])]),
)


@st.composite
def gates(draw: Any, depth: int = 2, angles: Any = ANGLES) -> Operation:
    """Draw a unitary operation."""
    kinds = ("standard", "library", "turn", "bare", "evolution")
    kind = draw(st.sampled_from(kinds + ("custom", "controlled") * 2 * (depth > 0)))
    if kind == "standard":
        known = get_standard_gate_name_mapping()[draw(st.sampled_from(STANDARD))]
        open_one = hasattr(known, "ctrl_state") and draw(st.booleans())
        words = {"ctrl_state": 0} if open_one else {}
        cls = getattr(known, "base_class", type(known))
        gate = cls(*[draw(st.sampled_from(angles)) for _ in known.params], **words)
        if draw(st.integers(0, 2)) == 0:
            gate = gate.to_mutable() if hasattr(gate, "to_mutable") else gate
            gate.label = "mine"
        return gate
    if kind == "library":
        return draw(st.sampled_from(GATES))()
    name, angle = draw(st.sampled_from(NAMES)), draw(st.sampled_from(angles))
    if kind == "turn":
        return LazyGate(name, angle)
    if kind == "bare":
        return MatrixOnlyGate(name)
    if kind == "evolution":
        return _evolution(angle)
    if kind == "controlled":
        base = draw(gates(depth - 1).filter(_is_small_gate))
        state = draw(st.integers(0, 1))
        # Qiskit cannot control gates with only a matrix, or gates named like another gate.
        with contextlib.suppress(QiskitError, IndexError):
            return base.control(1, ctrl_state=state)
    inner = QuantumCircuit(draw(st.integers(1, 3)), name=name, global_phase=0.25)
    for _ in range(draw(st.integers(0, 2))):
        gate = draw(gates(depth - 1, angles))
        if isinstance(gate, Gate):
            _append(draw, inner, gate)
    return inner.to_gate(label=draw(st.sampled_from((None, "mine"))))


def _is_small_gate(operation: Operation) -> bool:
    return isinstance(operation, Gate) and operation.num_qubits < 3


def _append(draw: Any, circuit: QuantumCircuit, operation: Operation) -> Any:
    """Append an operation to bits in random order, if there are enough."""
    if operation.num_qubits > circuit.num_qubits or operation.num_clbits > circuit.num_clbits:
        return None
    qubits = draw(st.permutations(circuit.qubits))[: operation.num_qubits]
    clbits = draw(st.permutations(circuit.clbits))[: operation.num_clbits]
    return circuit.append(operation, qubits, clbits)


def _frames() -> list[QuantumCircuit]:
    qubits, clbits = [Qubit() for _ in range(4)], [Clbit() for _ in range(3)]
    overlapping = QuantumCircuit(qubits, clbits)
    overlapping.add_register(QuantumRegister(bits=qubits[:3], name="left"))
    overlapping.add_register(QuantumRegister(bits=qubits[:0:-1], name="right"))
    overlapping.add_register(ClassicalRegister(bits=clbits[:2], name="r1"))
    overlapping.add_register(ClassicalRegister(bits=clbits[1:], name="r2"))
    several = QuantumCircuit([Qubit()], QuantumRegister(2, "a"), AncillaRegister(1, "anc"))
    several.add_register(ClassicalRegister(1, "x"), ClassicalRegister(0, "none"))
    several.add_bits([Clbit()])
    several.add_register(ClassicalRegister(1, "y"))
    return [
        QuantumCircuit(4, 3),
        QuantumCircuit(qubits, clbits),
        QuantumCircuit(list(QuantumRegister(4, "q")), list(ClassicalRegister(3, "c"))),
        overlapping,
        several,
    ]


@st.composite
def circuits(draw: Any, depth: int = 2) -> QuantumCircuit:
    """Draw a circuit, with or without its lazy parts evaluated."""
    circuit = draw(st.integers(0, 4).map(lambda number: _frames()[number]))
    circuit.name = draw(st.sampled_from(("mine", "circuit-1", "π")))
    circuit.global_phase = draw(st.sampled_from((0, 0.5, _S)))
    circuit.metadata = draw(st.sampled_from(({}, {"tags": [1, None]}, {"set": {1, 2}})))
    _fill(draw, circuit, depth, in_loop=False)
    return draw(st.sampled_from(LOOKS))(circuit)


def _fill(draw: Any, circuit: QuantumCircuit, depth: int, in_loop: bool) -> None:
    kinds = ("gate", "gate", "instruction", "composite", "readout", "flow")
    for _ in range(draw(st.integers(1, 4))):
        kind = draw(st.sampled_from(kinds if depth else kinds[:3]))
        if kind == "flow":
            _flow(draw, circuit, depth - 1, in_loop)
            continue
        if kind == "gate":
            item = _append(draw, circuit, draw(gates(depth, SYMBOLS + ANGLES)))
        elif kind == "instruction":
            item = _append(draw, circuit, draw(st.sampled_from(INSTRUCTIONS))())
        elif kind == "composite":
            item = _append(draw, circuit, draw(_composites(depth - 1)))
        else:
            item = _readout(draw, circuit)
        conditional = item is not None and hasattr(item[0].operation, "c_if")
        if conditional and draw(st.integers(0, 3)) == 0:
            item.c_if(*_condition(draw, circuit))


def _readout(draw: Any, circuit: QuantumCircuit) -> Any:
    kind = draw(st.sampled_from(("measure", "reset", "barrier", "delay")))
    if kind == "barrier":
        circuit.barrier(*draw(st.sampled_from(((), (0, 1)))), label="here")
        return None
    if kind == "delay":
        time, unit = draw(st.sampled_from(((160, "dt"), (1.5, "us"), (10, "ns"), (_T, "s"))))
        return circuit.delay(time, 0, unit) and None
    return _append(draw, circuit, library.Measure() if kind == "measure" else library.Reset())


def _condition(draw: Any, circuit: QuantumCircuit) -> tuple[Any, int]:
    targets = [*circuit.clbits, *[register for register in circuit.cregs if register.size]]
    target = draw(st.sampled_from(targets))
    return target, draw(st.integers(0, 1 if isinstance(target, Clbit) else target.size))


@st.composite
def _composites(draw: Any, depth: int) -> Instruction:
    inner = QuantumCircuit(2, 2, name=draw(st.sampled_from(NAMES)))
    inner.measure(0, 1)
    _append(draw, inner, draw(gates(depth, SYMBOLS + ANGLES)))
    inner.x(1).c_if(inner.cregs[0], 2)
    return inner.to_instruction()


def _test(draw: Any, circuit: QuantumCircuit) -> Any:
    if expr is None or draw(st.booleans()):
        return _condition(draw, circuit)
    bit = expr.logic_not(circuit.clbits[0])
    if not circuit.cregs or not circuit.cregs[-1].size:
        return expr.logic_and(bit, circuit.clbits[1])
    return expr.logic_or(bit, expr.less(circuit.cregs[-1], 1))


def _flow(draw: Any, circuit: QuantumCircuit, depth: int, in_loop: bool) -> None:
    kinds = ["if", "else", "while", "for", "switch", "break"]
    kind = draw(st.sampled_from(kinds if hasattr(circuit, "switch") else kinds[:4]))
    # A body with its own bits, applied to outer bits in random order, or a body on outer bits.
    qubits = draw(st.permutations(circuit.qubits))[:3]
    clbits = draw(st.permutations(circuit.clbits))
    own = draw(st.booleans())

    def body(looped: bool = in_loop) -> QuantumCircuit:
        frame = QuantumCircuit(3, 3) if own else QuantumCircuit(qubits, clbits, *circuit.cregs)
        _fill(draw, frame, depth, looped)
        return frame

    if kind == "if":
        circuit.if_test(_test(draw, circuit), body(), qubits, clbits)
    elif kind == "else":
        circuit.if_else(_test(draw, circuit), body(), body(), qubits, clbits)
    elif kind == "while":
        circuit.while_loop(_test(draw, circuit), body(True), qubits, clbits)
    elif kind == "for":
        indices = draw(st.sampled_from((range(0, 4, 2), (3, 1), [np.int64(2)])))
        turning = body(True)
        angle = draw(st.sampled_from((None, _TURNS[depth])))
        if angle is not None:
            turning.rx(angle, 0)
        circuit.for_loop(indices, angle, turning, qubits, clbits)
    elif kind == "switch":
        from qiskit.circuit import CASE_DEFAULT

        target = draw(st.sampled_from([circuit.clbits[0], *[r for r in circuit.cregs if r.size]]))
        circuit.switch(target, [((0, 1), body()), (CASE_DEFAULT, body())], qubits, clbits)
    elif in_loop:
        circuit.break_loop()


def _printed(circuit: QuantumCircuit) -> QuantumCircuit:
    # Qiskit cannot draw all bodies with their own bits, nor Cliffords inside bodies.
    with contextlib.suppress(AttributeError, KeyError, ValueError, QiskitError):
        str(circuit.draw("text", cregbundle=False))
    return circuit


def _defined(circuit: QuantumCircuit) -> QuantumCircuit:
    for item in circuit.data:
        getattr(item.operation, "definition", None)
    return circuit


LOOKS: tuple[Callable[[QuantumCircuit], QuantumCircuit], ...] = (
    lambda circuit: circuit,
    _printed,
    _defined,
    QuantumCircuit.copy,
    copy.deepcopy,
    lambda circuit: pickle.loads(pickle.dumps(circuit)),
)
