"""What a circuit holds, at a glance: a snapshot that differs when the circuit changed.

Two questions are answered in one pass. Is the circuit plain, so that Qiskit is known to write it
faithfully? And can everything in it that could change be seen cheaply? If so, its snapshot covers
all that is written, and equal snapshots of one circuit object mean that it is as it was. What
cannot change (registers, tuples of bits) stands in it as it is; parameters and expressions, which
are slow to compare, enter by identity and are held beside it, so that no other object can take
their place in memory; all else enters by value.

Each look at an instruction costs as much as a hundredth of writing it, so the pass goes through
whole columns with functions written in C.
"""

from __future__ import annotations

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
    parts: list[Any] = []
    held: list[Any] = []
    plain = _is_plain_frame(circuit)
    try:
        plain = _add(circuit, parts, held, metadata_serializer) and plain
    except _CannotTellError:
        return Contents(plain=False, snapshot=None)
    return Contents(plain, tuple(parts), tuple(held))


def _is_plain_frame(circuit: QuantumCircuit) -> bool:
    registers = all(type(register) is QuantumRegister for register in circuit.qregs)
    return registers and not circuit.calibrations


def _add(circuit: QuantumCircuit, parts: list[Any], held: list[Any], serializer: Any) -> bool:
    """Add a circuit to a snapshot; return whether its operations are plain."""
    if circuit.calibrations:
        raise _CannotTellError
    data = circuit.data and circuit._data  # blueprints build their data when it is looked at
    operations = list(map(_OPERATIONS, data))
    classes = list(map(type, operations))
    kinds = {cls: kind_of(cls) for cls in dict.fromkeys(classes)}
    if len(kinds) > _MOST_CLASSES or not all(kind.known for kind in kinds.values()):
        raise _CannotTellError
    parts += ([*circuit.qubits], [*circuit.clbits], [*circuit.qregs], [*circuit.cregs])
    parts.append(_frame(circuit, held, serializer))
    number = {cls: place for place, cls in enumerate(kinds)}
    numbers = bytes(map(number.__getitem__, classes))
    parts += (tuple(kinds), numbers)
    for bits_of in (_QUBITS, _CLBITS) if circuit.clbits else (_QUBITS,):
        bits = list(map(bits_of, data))
        if set(map(type, bits)) - {tuple}:
            raise _CannotTellError
        parts.append(bits)
    may_carry = bytes(not kind.frozen for kind in kinds.values()).ljust(_MOST_CLASSES)
    loose = list(compress(operations, numbers.translate(may_carry)))
    plain = _add_loose(loose, parts, held)
    for cls, kind in kinds.items():
        if kind.special:
            alike = [op for op, its in zip(operations, classes) if its is cls]
            plain = _add_alike(kind, alike, parts, held, serializer) and plain
    return plain


def _frame(circuit: QuantumCircuit, held: list[Any], serializer: Any) -> bytes:
    metadata = circuit.metadata and json.dumps(circuit.metadata, cls=serializer)
    phase = _plain_value(circuit.global_phase, held)
    return marshal.dumps([circuit.name, metadata, phase, _layout(circuit)], _MARSHAL)


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


def _add_loose(operations: list[Any], parts: list[Any], held: list[Any]) -> bool:
    """Add what operations carry that are no singletons: parameters, labels, conditions."""
    params = list(map(_PARAMS, operations))
    parts.append(array("I", list(map(len, params))))
    values = list(chain.from_iterable(params))
    if not _HELD_BY_VALUE.issuperset(map(type, values)):
        values = [_plain_value(value, held) for value in values]
    parts.append(marshal.dumps(values, _MARSHAL))
    labels = list(map(_LABELS, operations))
    if labels.count(None) < len(labels):
        parts.append(marshal.dumps(labels, _MARSHAL))
    conditions = list(map(_CONDITIONS, operations))
    if conditions.count(None) == len(conditions):
        return True
    parts.append(marshal.dumps([_condition(found) for found in conditions], _MARSHAL))
    return False


def _condition(condition: Any) -> Any:
    if condition is None:
        return None
    if not isinstance(condition, tuple):  # an expression of classical values
        raise _CannotTellError
    target, wanted = condition
    bits = [id(target)] if not hasattr(target, "name") else [target.name, *map(id, target)]
    return [bits, int(wanted)]


def _add_alike(
    kind: _Kind, operations: list[Any], parts: list[Any], held: list[Any], own: Any
) -> bool:
    """Add what is special in operations of one class; return whether they are plain."""
    if kind.delay:
        parts.append(marshal.dumps([op.unit for op in operations], _MARSHAL))
        return all(op.unit == "dt" for op in operations)
    if kind.standard:
        states = [(op.num_ctrl_qubits, op._ctrl_state) for op in operations]
        parts.append(marshal.dumps(states, _MARSHAL))
        return all(state == 2**number - 1 for number, state in set(states))
    names = [[op.name, op.num_qubits, op.num_clbits] for op in operations]
    parts.append(marshal.dumps(names, _MARSHAL))
    for definition in map(_DEFINITIONS, operations) if kind.generic else ():
        parts.append(b"0" if definition is None else b"1")
        if definition is not None:
            _add(definition, parts, held, own)
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
