"""Conditions of ``if_else``: comparisons of a bit or register, and classical expressions."""

from __future__ import annotations

from typing import Any

from qiskit_ibm_runtime._circuits import form
from qiskit_ibm_runtime.local.pubs.errors import DYNAMIC, ENCODING, PubError

from .cursor import Cursor

MOST_LEVELS = 64
# In the numbering of Qiskit's `expr`.
_UNARY = {1: "BIT_NOT", 2: "LOGIC_NOT"}
_BINARY = dict(
    enumerate(
        (
            *("BIT_AND", "BIT_OR", "BIT_XOR", "LOGIC_AND", "LOGIC_OR"),
            *("EQUAL", "NOT_EQUAL", "LESS", "LESS_EQUAL", "GREATER", "GREATER_EQUAL"),
        ),
        1,
    )
)


def on_bits(cursor: Cursor, size: int, value: int, circuit: form.Circuit) -> form.Equal:
    """Read the condition that a bit or a register has a value.

    Args:
        cursor: Positioned at the encoded bit or register name.
        size: Length of that encoding in bytes.
        value: Value to compare with.
        circuit: Circuit that has the bits and registers.
    """
    data = bytes(cursor.take(size))
    if cursor.version >= 18:
        part = Cursor(memoryview(data), cursor.version)
        (tag,) = part.unpack("!B")
        if tag == 0:
            return form.Equal(_bit(part.unpack("!I")[0], circuit), value)
        return form.Equal(_register(part.text(len(data) - 1), circuit), value)
    if data[:1] == b"\0":
        if not data[1:].isdigit() or size > 12:
            raise PubError(ENCODING, "A condition in QPY does not name a bit.")
        return form.Equal(_bit(int(data[1:]), circuit), value)
    return form.Equal(_register(data.decode("utf-8", "replace"), circuit), value)


def expression(cursor: Cursor, circuit: form.Circuit, level: int = 0) -> form.Expression:
    """Read an expression of bits, registers and numbers."""
    if level > MOST_LEVELS:
        raise PubError(ENCODING, f"A condition is nested more than {MOST_LEVELS} levels deep.")
    (kind,) = cursor.unpack("!c")
    width = _type(cursor)
    if kind == b"x":
        return form.Expression("Var", width, (_variable(cursor, circuit),))
    if kind == b"v":
        return form.Expression("Value", width, (_literal(cursor),))
    parts: tuple[Any, ...]
    if kind == b"c":
        (implicit,) = cursor.unpack("!?")
        return form.Expression("Cast", width, (expression(cursor, circuit, level + 1), implicit))
    if kind == b"u":
        name, operands = _named(_UNARY, cursor), 1
    elif kind == b"b":
        name, operands = _named(_BINARY, cursor), 2
    else:
        raise PubError(DYNAMIC, f"Unsupported node {kind!r} in the expression of a condition.")
    parts = tuple(expression(cursor, circuit, level + 1) for _ in range(operands))
    return form.Expression("Unary" if operands == 1 else "Binary", width, (name, *parts))


def _named(names: dict[int, str], cursor: Cursor) -> str:
    (number,) = cursor.unpack("!B")
    if number not in names:
        raise PubError(DYNAMIC, f"Unsupported operation {number} in the expression of a condition.")
    return names[number]


def _type(cursor: Cursor) -> int | None:
    """Read a type; return the width of an unsigned integer, or ``None`` for a Boolean."""
    (kind,) = cursor.unpack("!c")
    if kind == b"b":
        return None
    if kind == b"u":
        return int(cursor.unpack("!L")[0])
    raise PubError(DYNAMIC, f"Unsupported type {kind!r} in the expression of a condition.")


def _variable(cursor: Cursor, circuit: form.Circuit) -> form.Classical:
    (kind,) = cursor.unpack("!c")
    if kind == b"C":
        return _bit(cursor.unpack("!L")[0], circuit)
    if kind == b"R":
        return _register(cursor.text(cursor.unpack("!H")[0]), circuit)
    raise PubError(DYNAMIC, "Conditions on circuit variables are not supported.")


def _literal(cursor: Cursor) -> int | bool:
    (kind,) = cursor.unpack("!c")
    if kind == b"b":
        return bool(cursor.unpack("!?")[0])
    if kind == b"i":
        return int.from_bytes(cursor.take(cursor.unpack("!B")[0]), "big", signed=True)
    raise PubError(DYNAMIC, f"Unsupported literal {kind!r} in the expression of a condition.")


def _bit(place: int, circuit: form.Circuit) -> form.Classical:
    if place >= circuit.clbits:
        raise PubError(
            ENCODING, f"A condition uses bit {place}, but the circuit has {circuit.clbits} bits."
        )
    return form.Classical((place,), None)


def _register(name: str, circuit: form.Circuit) -> form.Classical:
    for register in circuit.registers:
        if register.name == name and not register.quantum:
            return form.Classical(register.bits, name)
    raise PubError(ENCODING, f"A condition uses register {name!r}, which does not exist.")
