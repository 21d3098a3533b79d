"""Angles that depend on parameters: read as formulas, evaluated for many values at once.

QPY 13 and later list the operations that make an expression, in postfix order. They become a list
of nodes, each of which refers to earlier ones, so neither reading nor evaluating recurses, and no
symbolic algebra runs on what a payload says.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any, Callable, NamedTuple, Union

import numpy as np
from qiskit.circuit import Parameter

from qiskit_ibm_runtime.local.pubs.errors import ENCODING, SHAPES, PubError

if TYPE_CHECKING:
    from collections.abc import Container

    from .cursor import Cursor

Array = np.ndarray[Any, Any]
MOST_NODES = 2**17
_NOTHING, _MARKS = 255, (b"s", b"e")
_BINARY: dict[int, Callable[[Any, Any], Any]] = {
    0: np.add,
    1: np.subtract,
    2: np.multiply,
    3: np.true_divide,
    4: np.power,
    18: lambda one, other: np.subtract(other, one),
    19: lambda one, other: np.true_divide(other, one),
    20: lambda one, other: np.power(other, one),
}
_UNARY: dict[int, Callable[[Any], Any]] = {
    5: np.sin,
    6: np.cos,
    7: np.tan,
    8: np.arcsin,
    9: np.arccos,
    10: np.exp,
    11: np.log,
    12: np.sign,
    14: np.conjugate,
    16: np.abs,
    17: np.arctan,
}


class Symbol(NamedTuple):
    """A parameter of a circuit, or an element of a vector of parameters."""

    uuid: bytes
    name: str
    vector: str = ""
    place: int = 0

    @property
    def order(self) -> tuple[str, int]:
        """What sorts parameters as Qiskit does: by name, elements of a vector by their index."""
        return self.vector or self.name, self.place


class Operation(NamedTuple):
    """A node that is computed from one or two earlier ones."""

    code: int
    left: int
    right: int | None = None


Node = Union[complex, bytes, Operation]
"""A number, a parameter by its UUID, or an operation."""


class Formula(NamedTuple):
    """An expression; the value of its last node is its value."""

    nodes: tuple[Node, ...]

    def evaluate(self, columns: dict[bytes, Array]) -> Array:
        """Values of the expression.

        Args:
            columns: For each parameter its values, all of one shape.

        Returns:
            Real numbers, of that shape.

        Raises:
            PubError: If a value is not a finite real number.
        """
        values: list[Any] = []
        with np.errstate(all="ignore"):
            for node in self.nodes:
                if isinstance(node, bytes):
                    values.append(np.asarray(columns[node], dtype=complex))
                elif not isinstance(node, Operation):
                    values.append(complex(node))
                elif node.right is None:
                    values.append(_UNARY[node.code](values[node.left]))
                else:
                    values.append(_BINARY[node.code](values[node.left], values[node.right]))
        result = np.asarray(values[-1])
        shape = next(iter(columns.values())).shape if columns else result.shape
        if not np.isfinite(result).all() or np.abs(result.imag).max(initial=0.0) > 1e-10:
            raise PubError(
                SHAPES, "An angle of a circuit is not a finite real number for the values given."
            )
        return np.broadcast_to(result.real, shape)


class Angles:
    """The angles of one circuit; equal ones share a parameter of the circuit that is built."""

    def __init__(self) -> None:
        self.symbols: dict[bytes, Symbol] = {}
        self.formulas: dict[Parameter, Formula] = {}
        self._made: dict[Formula, Parameter] = {}

    def read(self, kind: bytes, cursor: Cursor, vectors: Vectors) -> Parameter:
        """Read a parameter (``p``), an element of a vector (``v``) or an expression (``e``)."""
        if kind == b"e":
            formula = self._expression(cursor, vectors)
        else:
            formula = Formula((self._symbol(kind, cursor, vectors).uuid,))
        if formula not in self._made:
            made = self._made[formula] = Parameter(f"angle{len(self._made):06d}")
            self.formulas[made] = formula
        return self._made[formula]

    def ordered(self) -> list[Symbol]:
        """The parameters, in the order in which their values are sent.

        Raises:
            PubError: If two of them have one name.
        """
        symbols = sorted(self.symbols.values(), key=lambda symbol: symbol.order)
        names = [symbol.name for symbol in symbols]
        if len(set(names)) < len(names):
            double = next(name for name in names if names.count(name) > 1)
            raise PubError(
                ENCODING, f"Two different parameters of a circuit have the name {double!r}."
            )
        return symbols

    def _symbol(self, kind: bytes, cursor: Cursor, vectors: Vectors) -> Symbol:
        symbol = read_symbol(kind, cursor, vectors)
        return self.symbols.setdefault(symbol.uuid, symbol)

    def _expression(self, cursor: Cursor, vectors: Vectors) -> Formula:
        entries, size = cursor.unpack("!QQ")
        steps = cursor.part(size)
        if entries * 10 > len(cursor.data):
            raise PubError(ENCODING, f"QPY announces {entries} parameters of one expression.")
        for _ in range(entries):
            kind, value_kind, value_size = cursor.unpack("!ccQ")
            self._symbol(kind, cursor, vectors)
            if value_kind not in (b"p", b"v"):
                raise PubError(ENCODING, "A parameter of an expression in QPY has a fixed value.")
            cursor.take(value_size)
        return _Steps(self.symbols).run(steps)


Vectors = list[tuple[str, int]]
"""Name of each vector of parameters of a circuit, and the UUID of its first element."""


def read_symbol(kind: bytes, cursor: Cursor, vectors: Vectors) -> Symbol:
    """Read a parameter (``p``) or an element of a vector (``v``)."""
    if kind == b"p":
        size, uuid = cursor.unpack("!H16s")
        return Symbol(uuid, cursor.text(size))
    if kind != b"v":
        raise PubError(ENCODING, f"QPY has an unknown kind of parameter, {kind!r}.")
    if cursor.version >= 18:
        number, index = cursor.unpack("!HQ")
        if number >= len(vectors):
            raise PubError(
                ENCODING, f"QPY refers to the vector of parameters {number}, which is missing."
            )
        name, root = vectors[number]
        uuid = ((root + index) % 2**128).to_bytes(16, "big")
    else:
        size, _, uuid, index = cursor.unpack("!HQ16sQ")
        name = cursor.text(size)
    return Symbol(uuid, f"{name}[{index}]", name, index)


class _Steps:
    """Runs the postfix program of an expression on nodes instead of numbers."""

    def __init__(self, known: Container[bytes]) -> None:
        self.nodes: list[Node] = []
        self._known, self._stack = known, list[int]()

    def run(self, cursor: Cursor) -> Formula:
        """Read the whole program."""
        while cursor.at < len(cursor.data):
            self._step(*cursor.unpack("!Bc16sc16s"))
        if len(self._stack) != 1:
            left = len(self._stack)
            raise PubError(ENCODING, f"An expression of parameters in QPY leaves {left} values.")
        return Formula(tuple(self.nodes))

    def _step(self, code: int, left: bytes, first: bytes, right: bytes, second: bytes) -> None:
        if code == _NOTHING or left in _MARKS or right in _MARKS:
            return  # around what is on the stack anyway
        if code in _BINARY:
            other = self._operand(right, second)
            node = Operation(code, self._operand(left, first), other)
        elif code in _UNARY:
            node = Operation(code, self._operand(left, first))
        else:
            raise PubError(
                ENCODING, f"Expressions of parameters with operation {code} are not read."
            )
        self._stack.append(self._add(node))

    def _operand(self, kind: bytes, data: bytes) -> int:
        if kind == b"n":
            if not self._stack:
                raise PubError(ENCODING, "An expression of parameters in QPY lacks an operand.")
            return self._stack.pop()
        if kind != b"p":
            return self._add(_number(kind, data))
        if data not in self._known:
            raise PubError(ENCODING, "An expression in QPY has a parameter that it does not list.")
        return self._add(data)

    def _add(self, node: Node) -> int:
        self.nodes.append(node)
        if len(self.nodes) > MOST_NODES:
            text = f"An expression of parameters has more than {MOST_NODES} operations."
            raise PubError(ENCODING, text)
        return len(self.nodes) - 1


def _number(kind: bytes, data: bytes) -> complex:
    if kind == b"f":
        return complex(struct.unpack("!Qd", data)[1])
    if kind == b"i":
        return complex(struct.unpack("!Qq", data)[1])
    if kind == b"c":
        return complex(*struct.unpack("!dd", data))
    raise PubError(ENCODING, f"An expression of parameters has the unknown operand {kind!r}.")
