"""Values of the normal form as QPY writes them: a key, a size and the bytes."""

from __future__ import annotations

import io
import struct

import numpy as np
from qiskit.circuit import Parameter, ParameterExpression
from qiskit.circuit.parametervector import ParameterVectorElement
from qiskit.qpy import formats
from qiskit.qpy.binary_io import value as qiskit_values

from . import form

_HEADER = struct.Struct(formats.INSTRUCTION_PARAM_PACK)
_FLOAT = struct.Struct("!1cQ").pack(b"f", 8)
_LITTLE_FLOAT, _LITTLE_INTEGER = struct.Struct("<d"), struct.Struct("<q")
_COUNT = struct.Struct("!Q")
_UNARY = ("BIT_NOT", "LOGIC_NOT")  # by number, from 1 on
_BINARY = (
    "BIT_AND",
    "BIT_OR",
    "BIT_XOR",
    "LOGIC_AND",
    "LOGIC_OR",
    "EQUAL",
    "NOT_EQUAL",
    "LESS",
    "LESS_EQUAL",
    "GREATER",
    "GREATER_EQUAL",
)


def typed(key: bytes, data: bytes) -> bytes:
    """Return a value that says what it is and how long."""
    return _HEADER.pack(key, len(data)) + data


def number(value: form.Value) -> tuple[bytes, bytes]:
    """Return key and bytes of a number outside of the parameters of an instruction."""
    if isinstance(value, Parameter):
        return _parameter(value)
    if isinstance(value, ParameterExpression):
        data: bytes = qiskit_values.dumps_value(value)[1]
        return b"e", data
    if isinstance(value, int):
        return b"i", struct.pack("!q", value)
    if isinstance(value, float):
        return b"f", struct.pack("!d", value)
    return b"c", struct.pack("!dd", value.real, value.imag)


def _parameter(parameter: Parameter) -> tuple[bytes, bytes]:
    if not isinstance(parameter, ParameterVectorElement):
        name = parameter.name.encode()
        return b"p", struct.pack("!H", len(name)) + parameter._uuid.bytes + name
    vector, identity = parameter.vector, parameter._uuid.bytes
    name = vector.name.encode()
    header = struct.pack("!HQ16sQ", len(name), len(vector), identity, parameter.index)
    return b"v", header + name


def numbers(array: np.ndarray) -> bytes:
    """Return an array as numpy writes it."""
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()


class Values:
    """Writes each parameter once, however often it is used."""

    def __init__(self) -> None:
        self._expressions: dict[int, bytes] = {}

    def params(self, params: tuple[form.Value, ...]) -> list[bytes]:
        """Return the parameters of an instruction."""
        return [
            _FLOAT + _LITTLE_FLOAT.pack(param) if type(param) is float else self.param(param)
            for param in params
        ]

    def param(self, value: form.Value) -> bytes:
        """Return a parameter of an instruction."""
        if isinstance(value, ParameterExpression):
            found = self._expressions.get(id(value))
            if found is None:
                found = self._expressions[id(value)] = typed(*number(value))
            return found
        if isinstance(value, form.Array):
            return typed(b"n", numbers(value.numbers()))
        if isinstance(value, tuple):
            parts = map(self.param, value)
            return typed(b"t", _COUNT.pack(len(value)) + b"".join(parts))
        if isinstance(value, range):
            return typed(b"r", struct.pack("!qqq", value.start, value.stop, value.step))
        if isinstance(value, str):
            return typed(b"s", value.encode())
        if value is None:
            return typed(b"z", b"")
        if isinstance(value, int):
            return typed(b"i", _LITTLE_INTEGER.pack(value))
        if isinstance(value, float):
            return typed(b"f", _LITTLE_FLOAT.pack(value))
        return typed(*number(value))


def classical(target: form.Classical) -> bytes:
    """Return the name of a register, or the number of a bit behind a byte that no name has."""
    name = f"\0{target.bits[0]}" if target.register is None else target.register
    return name.encode()


def expression(node: form.Expression) -> bytes:
    """Return an expression of classical values."""
    kind, width, parts = node
    its = b"b" if width is None else b"u" + struct.pack("!L", width)
    if kind == "Var":
        target: form.Classical = parts[0]
        if target.register is None:
            return b"x" + its + b"C" + struct.pack("!L", target.bits[0])
        name = target.register.encode()
        return b"x" + its + b"R" + struct.pack("!H", len(name)) + name
    if kind == "Value":
        return b"v" + its + _constant(parts[0])
    if kind == "Cast":
        return b"c" + its + struct.pack("!?", parts[1]) + expression(parts[0])
    key, names = (b"u", _UNARY) if kind == "Unary" else (b"b", _BINARY)
    operands = b"".join(map(expression, parts[1:]))
    return key + its + bytes([names.index(parts[0]) + 1]) + operands


def _constant(value: int) -> bytes:
    if isinstance(value, bool):
        return b"b" + struct.pack("!?", value)
    size = value.bit_length() // 8 + 1 if value else 0
    return b"i" + struct.pack("!B", size) + value.to_bytes(size, "big", signed=True)
