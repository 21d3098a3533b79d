"""Hypothesis strategies for nested custom gates with clashing names."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st
from qiskit import QuantumCircuit
from qiskit.circuit import ControlledGate, Gate, Instruction, Parameter, ParameterVector
from qiskit.circuit.library import CPhaseGate, HGate, PauliEvolutionGate, RXGate, RZXGate, XGate
from qiskit.quantum_info import Clifford, Pauli

NAMES = ("a", "b", "XGate")  # the last one is Qiskit's name for the X gate
STANDARD = (HGate(), XGate(), RXGate(0.5), CPhaseGate(0.25), RZXGate(0.125))


@st.composite
def gates(draw: Any, depth: int = 2) -> Gate:
    """Draw a gate of at most four qubits, defined by others up to a given depth."""
    kind = draw(st.sampled_from(("standard", "custom", "custom", "controlled", "controlled")))
    if depth == 0 or kind == "standard":
        return draw(st.sampled_from(STANDARD)).copy()
    if kind == "controlled":
        base = draw(gates(depth - 1))
        if base.num_qubits < 3:
            gate = base.control(1, ctrl_state=draw(st.integers(0, 1)))
            if type(gate) is ControlledGate and draw(st.booleans()):
                gate.name = draw(st.sampled_from(NAMES))
            return gate
    size = draw(st.integers(1, 3))
    inner = QuantumCircuit(size, name=draw(st.sampled_from(NAMES)))
    _fill(draw, inner, depth - 1)
    return inner.to_gate(label=draw(st.sampled_from((None, None, "mine"))))


@st.composite
def circuits(draw: Any, depth: int = 3) -> QuantumCircuit:
    """Draw a circuit of nested custom gates on four qubits."""
    circuit = QuantumCircuit(4, name="nest")
    _fill(draw, circuit, depth)
    return circuit


def _fill(draw: Any, circuit: QuantumCircuit, depth: int) -> None:
    for _ in range(draw(st.integers(1, 3))):
        gate = draw(gates(depth))
        places = draw(st.permutations(range(circuit.num_qubits)))
        if gate.num_qubits <= circuit.num_qubits:
            circuit.append(gate, places[: gate.num_qubits])


@st.composite
def parameterized(draw: Any) -> QuantumCircuit:
    """Draw a circuit of parameterized custom gates."""
    parameters = (Parameter("s"), Parameter("t"))
    circuit = QuantumCircuit(2, 1, name="parameterized")
    for _ in range(draw(st.integers(1, 4))):
        inner = QuantumCircuit(1, name=draw(st.sampled_from(NAMES)))
        inner.rx(draw(st.sampled_from(parameters)) * draw(st.sampled_from((1, 2))), 0)
        outer = QuantumCircuit(1, name=draw(st.sampled_from(NAMES)))
        outer.append(inner.to_gate(), [0])
        outer.ry(draw(st.sampled_from((*parameters, 0.5))), 0)
        gate = draw(st.sampled_from((inner, outer))).to_gate()
        item = circuit.append(gate, [draw(st.integers(0, 1))])
        if draw(st.booleans()):
            item.c_if(0, 1)
    return circuit


class LazyGate(Gate):
    """A gate of a custom class with a lazy definition."""

    def __init__(self, name: str, angle: Any) -> None:
        super().__init__(name, 1, [angle])

    def _define(self) -> None:
        self.definition = QuantumCircuit(1)
        self.definition.rx(self.params[0], 0)


@st.composite
def named_things(
    draw: Any, depth: int = 2, blocks: bool = True, angles: Any = None
) -> QuantumCircuit:
    """Draw a circuit of all named things: gates, instructions, blocks, custom classes."""
    angles = angles or (Parameter("s"), ParameterVector("v", 2)[1], 0.5)
    circuit = QuantumCircuit(3, 2, name=draw(st.sampled_from(NAMES)))
    for _ in range(draw(st.integers(1, 3))):
        if depth and blocks and draw(st.integers(0, 3)) == 0:
            block = draw(named_things(depth - 1, blocks, angles))
            circuit.if_else((circuit.clbits[1], 1), block, None, [2, 0, 1], [0, 1])
            continue
        operation = _drawn(draw, depth, angles)
        qubits = draw(st.permutations(range(3)))[: operation.num_qubits]
        item = circuit.append(operation, qubits, range(operation.num_clbits))
        if draw(st.integers(0, 3)) == 0:
            item.c_if(draw(st.sampled_from((0, circuit.cregs[0]))), 1)
    return circuit


def _drawn(draw: Any, depth: int, angles: Any) -> Any:
    name, angle = draw(st.sampled_from(NAMES)), draw(st.sampled_from(angles))
    kind = draw(st.sampled_from(("own", "opaque", "evolution", "gate", "control", "instruction")))
    if kind == "opaque":
        return Gate("magic", 2, [angle])
    if kind == "evolution":
        return PauliEvolutionGate(Pauli("ZX"), time=angle)
    if kind == "own" or depth == 0:
        return LazyGate(name, angle)
    if kind == "instruction":
        return draw(named_things(depth - 1, False, angles)).to_instruction()
    inner = QuantumCircuit(2, name=name)
    gate = draw(gates(depth))
    if gate.num_qubits < 3:
        inner.append(gate, range(gate.num_qubits))
    inner.rx(angle, 0)
    gate = inner.to_gate()
    return gate.control(1, ctrl_state=draw(st.integers(0, 1))) if kind == "control" else gate


def all_parts(circuit: QuantumCircuit) -> Any:
    """Return all parts of a circuit, down to the last definition and base gate."""
    places = {bit: n for kind in (circuit.qubits, circuit.clbits) for n, bit in enumerate(kind)}
    return (
        circuit.num_qubits,
        circuit.num_clbits,
        circuit.global_phase,
        [
            (
                _parts(item.operation),
                [places[bit] for bit in (*item.qubits, *item.clbits)],
                _condition(item.operation, places),
            )
            for item in circuit.data
        ],
    )


def _condition(operation: Any, places: dict[Any, int]) -> Any:
    condition = getattr(operation, "condition", None)
    if condition is None or not isinstance(condition, tuple):
        return repr(condition)
    return places.get(condition[0], getattr(condition[0], "name", None)), int(condition[1])


def _parts(operation: Any) -> Any:
    cls = getattr(operation, "base_class", type(operation))
    known = cls.__module__.startswith("qiskit.") and cls not in (Gate, Instruction, ControlledGate)
    if isinstance(operation, Clifford):
        return operation.tableau.tolist()
    generic = next(c for c in (ControlledGate, Gate, Instruction) if issubclass(cls, c))
    parts = [operation.name, operation.label or None, operation.num_qubits, operation.num_clbits]
    blocks = getattr(operation, "blocks", ())
    parts.append(
        [all_parts(block) for block in blocks] if blocks else [*map(_value, operation.params)]
    )
    if issubclass(cls, ControlledGate):
        parts += [operation.num_ctrl_qubits, operation.ctrl_state, _parts(operation.base_gate)]
    if known:
        return [cls.__name__, *parts]
    operation.definition  # noqa: B018  a gate of a user's class builds it when it is asked for
    definition = operation._definition
    return [generic.__name__, *parts, definition and all_parts(definition)]


def _value(value: Any) -> Any:
    return value.tolist() if isinstance(value, np.ndarray) else value
