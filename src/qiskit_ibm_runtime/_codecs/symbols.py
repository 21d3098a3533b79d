"""Codecs for parameters and parameter expressions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qiskit.qpy.binary_io import value

from .packing import pack, unpack
from .reading import guarded

if TYPE_CHECKING:
    from qiskit.circuit import Parameter, ParameterExpression

_QPY_VERSION = 6  # the structs below are the same from version 3 to 10


def parameter_to_text(parameter: Parameter) -> str:
    """Encode the name and UUID of a parameter; an element loses its vector."""
    name = parameter.name.encode()
    data = len(name).to_bytes(2, "big") + parameter._uuid.bytes + name
    return pack(data, compress=False)


def parameter_from_text(text: object) -> Parameter:
    """Decode a parameter."""
    return value.loads_value(b"p", unpack(text, compressed=False), _QPY_VERSION, {})


def expression_to_text(expression: ParameterExpression) -> str:
    """Encode a parameter expression."""
    _, data = value.dumps_value(expression)
    return pack(data, compress=False)


def expression_from_text(text: object, vectors: dict[str, Any]) -> ParameterExpression:
    """Decode a parameter expression; ``vectors`` are shared by the elements of each vector.

    Raises:
        DecodeError: If the expression is not a valid formula.
    """
    data = unpack(text, compressed=False)
    with guarded():
        return value.loads_value(b"e", data, _QPY_VERSION, vectors)
