"""Parameters and expressions as text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qiskit.qpy.binary_io import value

from .packing import pack, unpack
from .reading import guarded

if TYPE_CHECKING:
    from qiskit.circuit import Parameter, ParameterExpression

_QPY_VERSION = 6  # the structs below are the same from version 3 to 10


def parameter_to_text(parameter: Parameter) -> str:
    """Return a parameter as text: name and identity. An element leaves its vector behind."""
    name = parameter.name.encode()
    data = len(name).to_bytes(2, "big") + parameter._uuid.bytes + name
    return pack(data, compress=False)


def parameter_from_text(text: object) -> Parameter:
    """Read a parameter."""
    return value.loads_value(b"p", unpack(text, compressed=False), _QPY_VERSION, {})


def expression_to_text(expression: ParameterExpression) -> str:
    """Return an expression of parameters as text."""
    _, data = value.dumps_value(expression)
    return pack(data, compress=False)


def expression_from_text(text: object, vectors: dict[str, Any]) -> ParameterExpression:
    """Read an expression; elements of one vector meet in ``vectors``.

    Raises:
        DecodeError: If the text holds anything but a formula.
    """
    data = unpack(text, compressed=False)
    with guarded():
        return value.loads_value(b"e", data, _QPY_VERSION, vectors)
