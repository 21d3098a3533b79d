"""What a circuit holds, at a glance: a snapshot that differs when the circuit changed.

Two questions are answered in one pass. Is the circuit plain, so that Qiskit is known to write it
faithfully? And can everything in it that could change be seen cheaply? If so, its snapshot covers
all that is written, and equal snapshots of one circuit object mean that it is as it was. What
cannot change (registers, tuples of bits) stands in it as it is; parameters and expressions, which
are slow to compare, enter by identity and are held beside it, so that no other object can take
their place in memory; all else enters a digest by value.

Each look at an instruction costs as much as a hundredth of writing it, so the pass goes through
whole columns with functions written in C.
"""

from __future__ import annotations

import hashlib
import json
import marshal
from array import array
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain, compress
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import numpy as np
from qiskit.circuit import (
    Barrier,
    ControlledGate,
    Delay,
    Gate,
    Instruction,
    Measure,
    ParameterExpression,
    QuantumRegister,
    Reset,
)
from qiskit.circuit.parametervector import ParameterVectorElement

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

_OPERATIONS, _QUBITS, _CLBITS = map(attrgetter, ("operation", "qubits", "clbits"))
# From terra 0.45 on, conditions are behind a property.
_CONDITION = "_condition" if hasattr(Instruction, "condition") else "condition"
_PARAMS, _LABELS, _CONDITIONS, _DEFINITIONS = map(
    attrgetter, ("_params", "_label", _CONDITION, "_definition")
)
_STANDARD = "qiskit.circuit.library.standard_gates."
_SIMPLE = (Barrier, Delay, Measure, Reset)
_HELD_BY_VALUE = frozenset({int, float, complex, str, type(None)})
_MOST_CLASSES = 256  # numbered by one byte for each instruction
_MARSHAL = 2  # the newest format that depends on values alone, not on how often they are shared


class _CannotTellError(Exception):
    """Something in the circuit could change without being seen."""


@dataclass(frozen=True)
class Contents:
    """What is known of a circuit.

    Attributes:
        plain: Whether it holds nothing but what Qiskit is known to write faithfully.
        snapshot: All that is written, to be compared; ``None`` if part of it cannot be watched.
        held: Objects that the snapshot knows by identity.
    """

    plain: bool
    snapshot: tuple[Any, ...] | None = field(repr=False)
    held: tuple[Any, ...] = field(repr=False, default=())


@dataclass
class _Seen:
    """What one pass has seen so far."""

    serializer: Any
    things: list[Any] = field(default_factory=list)
    digest: Any = field(default_factory=lambda: hashlib.blake2b(digest_size=16))
    held: list[Any] = field(default_factory=list)

    def note(self, values: Any) -> None:
        """Add plain values to the digest."""
        self.digest.update(marshal.dumps(values, _MARSHAL))


@dataclass(frozen=True)
class _Kind:
    """What is known of all operations of one class."""

    frozen: bool  # instances are immutable singletons
    standard: bool  # written under the name of the class, with nothing but its parameters
    generic: bool  # a gate or instruction that is its definition
    controlled: bool
    delay: bool
    unitary: bool  # a matrix, in a module that moved

    @property
    def known(self) -> bool:
        return self.standard or self.generic or self.unitary

    @property
    def special(self) -> bool:
        """Whether more than class, bits, parameters, label and condition is written."""
        return not self.frozen and (self.controlled or self.delay or not self.standard)


@lru_cache(maxsize=4096)
def kind_of(cls: Any) -> _Kind:
    """Return what is known of the operations of a class."""
    single = cls.__name__.startswith("_Singleton")  # from 0.45 on; its own class derives from it
    base = next(its for its in cls.__mro__ if not its.__name__.startswith("_Singleton"))
    standard = base in _SIMPLE or (
        base.__module__.startswith(_STANDARD) and issubclass(base, Instruction)
    )
    return _Kind(
        frozen=standard and single,
        standard=standard,
        generic=base in (Gate, Instruction),
        controlled=issubclass(cls, ControlledGate),
        delay=base is Delay,
        unitary=base.__name__ == "UnitaryGate" and base.__module__.startswith("qiskit."),
    )


def look(circuit: QuantumCircuit, metadata_serializer: Any = None) -> Contents:
    """Return what a circuit holds."""
    seen = _Seen(metadata_serializer)
    plain = _is_plain_frame(circuit)
    try:
        plain = _add(circuit, seen) and plain
    except _CannotTellError:
        return Contents(plain=False, snapshot=None)
    return Contents(plain, (seen.digest.digest(), *seen.things), tuple(seen.held))


def _is_plain_frame(circuit: QuantumCircuit) -> bool:
    registers = all(type(register) is QuantumRegister for register in circuit.qregs)
    return registers and not circuit.calibrations


def _add(circuit: QuantumCircuit, seen: _Seen) -> bool:
    """Add a circuit to a snapshot; return whether its operations are plain."""
    if circuit.calibrations:
        raise _CannotTellError
    data = circuit.data and circuit._data  # blueprints build their data when it is looked at
    operations = list(map(_OPERATIONS, data))
    classes = list(map(type, operations))
    kinds = {cls: kind_of(cls) for cls in dict.fromkeys(classes)}
    if len(kinds) > _MOST_CLASSES or not all(kind.known for kind in kinds.values()):
        raise _CannotTellError
    seen.things += map(tuple, (circuit.qubits, circuit.clbits, circuit.qregs, circuit.cregs))
    _add_frame(circuit, seen)
    number = {cls: place for place, cls in enumerate(kinds)}
    numbers = bytes(map(number.__getitem__, classes))
    seen.things.append(tuple(kinds))
    seen.digest.update(numbers)
    for bits_of in (_QUBITS, _CLBITS) if circuit.clbits else (_QUBITS,):
        bits = tuple(map(bits_of, data))
        if set(map(type, bits)) - {tuple}:
            raise _CannotTellError
        seen.things.append(bits)
    may_carry = bytes(not kind.frozen for kind in kinds.values()).ljust(_MOST_CLASSES)
    loose = list(compress(operations, numbers.translate(may_carry)))
    plain = _add_loose(loose, seen)
    for cls, kind in kinds.items():
        if kind.special:
            alike = [op for op, its in zip(operations, classes) if its is cls]
            plain = _add_alike(kind, alike, seen) and plain
    return plain


def _add_frame(circuit: QuantumCircuit, seen: _Seen) -> None:
    metadata = circuit.metadata and json.dumps(circuit.metadata, cls=seen.serializer)
    phase = _plain_value(circuit.global_phase, seen.held)
    seen.note([circuit.name, metadata, phase, _layout(circuit)])


def _layout(circuit: QuantumCircuit) -> Any:
    layout = circuit._layout
    if layout is None:
        return None
    parts: list[Any] = [
        getattr(layout, "_input_qubit_count", None),
        [_bit(bit) for bit in getattr(layout, "_output_qubit_list", None) or ()],
        [[_bit(bit), number] for bit, number in (layout.input_qubit_mapping or {}).items()],
    ]
    for mapping in (layout.initial_layout, layout.final_layout):
        pairs = sorted(mapping.get_physical_bits().items()) if mapping is not None else None
        parts.append(pairs and [[number, _bit(bit)] for number, bit in pairs])
    return parts


def _bit(bit: Any) -> Any:
    register = getattr(bit, "_register", None)
    if register is None:
        return id(bit)
    return [register.name, register.size, bit._index]


def _add_loose(operations: list[Any], seen: _Seen) -> bool:
    """Add what operations carry that are no singletons: parameters, labels, conditions."""
    params = list(map(_PARAMS, operations))
    seen.digest.update(array("I", list(map(len, params))))
    values = list(chain.from_iterable(params))
    if not _HELD_BY_VALUE.issuperset(map(type, values)):
        values = [_plain_value(value, seen.held) for value in values]
    seen.note(values)
    labels = list(map(_LABELS, operations))
    if labels.count(None) < len(labels):
        seen.note(labels)
    conditions = list(map(_CONDITIONS, operations))
    if conditions.count(None) == len(conditions):
        return True
    seen.note([_condition(found) for found in conditions])
    return False


def _condition(condition: Any) -> Any:
    if condition is None:
        return None
    if not isinstance(condition, tuple):  # an expression of classical values
        raise _CannotTellError
    target, wanted = condition
    bits = [id(target)] if not hasattr(target, "name") else [target.name, *map(id, target)]
    return [bits, int(wanted)]


def _add_alike(kind: _Kind, operations: list[Any], seen: _Seen) -> bool:
    """Add what is special in operations of one class; return whether they are plain."""
    if kind.delay:
        seen.note([op.unit for op in operations])
        return all(op.unit == "dt" for op in operations)
    if kind.standard:
        states = [(op.num_ctrl_qubits, op._ctrl_state) for op in operations]
        seen.note(states)
        return all(state == 2**number - 1 for number, state in set(states))
    names = [[op.name, op.num_qubits, op.num_clbits] for op in operations]
    seen.note(names)
    for definition in map(_DEFINITIONS, operations) if kind.generic else ():
        seen.note(definition is None)
        if definition is not None:
            _add(definition, seen)
    return False


def _plain_value(value: Any, held: list[Any]) -> Any:
    """Return a value as numbers and texts; what cannot change is held and known by identity."""
    if type(value) in _HELD_BY_VALUE:
        return value
    if isinstance(value, ParameterExpression):
        held.append(value)
        parameters = (value,) if isinstance(value, ParameterVectorElement) else value.parameters
        sizes = [len(p.vector) for p in parameters if isinstance(p, ParameterVectorElement)]
        return [id(value), *sizes]
    if isinstance(value, np.generic):
        return [str(value.dtype), value.tobytes()]
    if isinstance(value, np.ndarray) and not value.dtype.hasobject:
        return [str(value.dtype), list(value.shape), value.tobytes()]
    raise _CannotTellError
