"""QPY encoding of values: a type key, a size and the bytes."""

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
_UNARY = ("BIT_NOT", "LOGIC_NOT")  # codes start at 1
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


def with_header(key: bytes, data: bytes) -> bytes:
    """Prepend the header with type key and length."""
    return _HEADER.pack(key, len(data)) + data


def encode_number(value: form.Value) -> tuple[bytes, bytes]:
    """Return type key and bytes of a number that is not an instruction parameter."""
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


def encode_array(array: np.ndarray) -> bytes:
    """Encode an array in numpy's file format."""
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()


class Values:
    """Encoder of instruction parameters, with a cache of parameter expressions."""

    def __init__(self) -> None:
        self._expressions: dict[int, bytes] = {}

    def params(self, params: tuple[form.Value, ...]) -> list[bytes]:
        """Encode the parameters of an instruction."""
        return [
            _FLOAT + _LITTLE_FLOAT.pack(param) if type(param) is float else self.param(param)
            for param in params
        ]

    def param(self, value: form.Value) -> bytes:
        """Encode one parameter of an instruction."""
        if isinstance(value, ParameterExpression):
            found = self._expressions.get(id(value))
            if found is None:
                found = self._expressions[id(value)] = with_header(*encode_number(value))
            return found
        if isinstance(value, form.Array):
            return with_header(b"n", encode_array(value.numbers()))
        if isinstance(value, tuple):
            parts = map(self.param, value)
            return with_header(b"t", _COUNT.pack(len(value)) + b"".join(parts))
        if isinstance(value, range):
            return with_header(b"r", struct.pack("!qqq", value.start, value.stop, value.step))
        if isinstance(value, str):
            return with_header(b"s", value.encode())
        if value is None:
            return with_header(b"z", b"")
        if isinstance(value, int):
            return with_header(b"i", _LITTLE_INTEGER.pack(value))
        if isinstance(value, float):
            return with_header(b"f", _LITTLE_FLOAT.pack(value))
        return with_header(*encode_number(value))


def encode_classical(target: form.Classical) -> bytes:
    """Encode a register as its name, and a bit as a zero byte followed by its index."""
    name = f"\0{target.bits[0]}" if target.register is None else target.register
    return name.encode()


def encode_expression(node: form.Expression) -> bytes:
    """Encode a classical expression."""
    kind, width, parts = node
    value_type = b"b" if width is None else b"u" + struct.pack("!L", width)
    if kind == "Var":
        target: form.Classical = parts[0]
        if target.register is None:
            return b"x" + value_type + b"C" + struct.pack("!L", target.bits[0])
        name = target.register.encode()
        return b"x" + value_type + b"R" + struct.pack("!H", len(name)) + name
    if kind == "Value":
        return b"v" + value_type + _constant(parts[0])
    if kind == "Cast":
        return b"c" + value_type + struct.pack("!?", parts[1]) + encode_expression(parts[0])
    key, names = (b"u", _UNARY) if kind == "Unary" else (b"b", _BINARY)
    operands = b"".join(map(encode_expression, parts[1:]))
    return key + value_type + bytes([names.index(parts[0]) + 1]) + operands


def _constant(value: int) -> bytes:
    if isinstance(value, bool):
        return b"b" + struct.pack("!?", value)
    size = value.bit_length() // 8 + 1 if value else 0
    return b"i" + struct.pack("!B", size) + value.to_bytes(size, "big", signed=True)
