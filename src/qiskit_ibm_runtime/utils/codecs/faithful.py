"""Whether a circuit that was written and read is still the same circuit.

Qiskit's own comparison is not used on whole circuits: it makes each gate compute its definition,
which stays in the user's gate and goes stale when the user changes a parameter of it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from qiskit import QuantumCircuit
from qiskit.circuit import ControlledGate, Gate, Instruction

from .contents import kind_of

# Before terra 0.45, Qiskit takes two of these for different, as each names its definition anew.
_SAID_BY_PARAMETERS = frozenset({"DiagonalGate", "UCRXGate", "UCRYGate", "UCRZGate"})
_COUNTS = ("num_qubits", "num_clbits", "num_ctrl_qubits", "ctrl_state")


def difference(sent: QuantumCircuit, arrived: QuantumCircuit) -> str:
    """Return what makes two circuits differ, in a sentence; nothing if they are the same."""
    if frame_of(sent) != frame_of(arrived) or sent.calibrations != arrived.calibrations:
        return "its registers, global phase or calibrations change."
    if len(sent.data) != len(arrived.data):
        return "instructions are lost."
    places, its_places = places_of(sent), places_of(arrived)
    for one, other in zip(sent.data, arrived.data):
        if [places[bit] for bit in (*one.qubits, *one.clbits)] != [
            its_places[bit] for bit in (*other.qubits, *other.clbits)
        ]:
            return f"the instruction {one.operation.name!r} moves to other bits."
        text = _difference(one.operation, other.operation)
        if text:
            return text
        if condition_of(one.operation, places) != condition_of(other.operation, its_places):
            return f"the condition of {one.operation.name!r} changes."
    return ""


def frame_of(circuit: QuantumCircuit) -> Any:
    """Return what a circuit is beside its name and its instructions."""
    places = places_of(circuit)
    registers = tuple(
        (register.name, type(register), tuple(places.get(bit) for bit in register))
        for register in (*circuit.qregs, *circuit.cregs)
    )
    return (circuit.num_qubits, circuit.num_clbits, circuit.global_phase, registers)


def places_of(circuit: QuantumCircuit) -> dict[Any, int]:
    """Return the index of each bit."""
    return {
        bit: place for kind in (circuit.qubits, circuit.clbits) for place, bit in enumerate(kind)
    }


def condition_of(operation: Any, places: dict[Any, int]) -> Any:
    """Return what an operation depends on: a register by its name, a bit by its index."""
    condition = getattr(operation, "condition", None)
    if not isinstance(condition, tuple):  # nothing, or an expression of classical values
        return type(condition)
    target, value = condition
    return getattr(target, "name", None) or places[target], int(value)


def _difference(one: Any, other: Any) -> str:
    if one.name == "delay" and one.unit != other.unit:
        return f"the unit {one.unit!r} of a delay becomes {other.unit!r}."
    generic = kind_of(class_of(other)).generic or class_of(other) is ControlledGate
    if generic and one.name != other.name:
        return f"the instruction {one.name!r} becomes {other.name!r}."
    if (getattr(one, "label", None) or None) != (getattr(other, "label", None) or None):
        return f"the label {one.label!r} of {one.name!r} is lost."
    if not _alike(one, other):
        return f"the instruction {one.name!r} of class {type(one).__name__} changes."
    return ""


def _alike(one: Any, other: Any) -> bool:
    classes = (class_of(one), class_of(other))
    kind, its = map(kind_of, classes)
    said = classes[0].__name__ in _SAID_BY_PARAMETERS
    if classes[0] is not classes[1]:
        # A class of the user's arrives as the gate that it derives from, which loses nothing if it
        # is its definition. Aer's instructions for saving are told apart by their class alone.
        if classes[1] is not generic_class_of(one):
            return False
        if not (isinstance(one, Gate) or one._definition is not None):
            return False
    elif not (kind.known or classes[0] is ControlledGate or hasattr(one, "blocks") or said):
        return bool(one == other)
    if any(_part(one, name) != _part(other, name) for name in _COUNTS):
        return False
    if not _same_values(one.params, other.params):
        return False
    if kind.standard or said:
        return True
    if its.controlled and _difference(one.base_gate, other.base_gate):
        return False
    return _same(one._definition, other._definition)


def generic_class_of(operation: Any) -> Any:
    """Return the class as which QPY reads an operation that is its definition."""
    return next(cls for cls in (ControlledGate, Gate, Instruction) if isinstance(operation, cls))


def class_of(operation: Any) -> Any:
    """The class; from terra 0.45 on, a gate that is shared has one of its own below it."""
    return getattr(operation, "base_class", type(operation))


def _part(operation: Any, name: str) -> Any:
    return getattr(operation, name, None)


def _same_values(ours: Any, theirs: Any) -> bool:
    return len(ours) == len(theirs) and all(map(_same, ours, theirs))


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, QuantumCircuit):
        return isinstance(other, QuantumCircuit) and not difference(one, other)
    if isinstance(one, (np.ndarray, np.generic)):
        return bool(np.array_equal(one, other))
    return bool(one == other)
