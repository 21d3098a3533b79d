"""Parameter expressions, read as formulas and evaluated with numpy for all values at once.

QPY 13 and later store an expression as a postfix program. Here it becomes a list of nodes that
refer to earlier nodes, so reading and evaluating need no recursion and no symbolic algebra, which
could be made to take unbounded time.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any, Callable, NamedTuple, Union

import numpy as np
from qiskit.circuit import Parameter

from qiskit_ibm_runtime.local.pubs.errors import ENCODING, SHAPES, PubError

if TYPE_CHECKING:
    from .cursor import Cursor

Array = np.ndarray[Any, Any]
MOST_NODES = 2**17
_SUBSTITUTE, _NOTHING, _MARKS = 15, 255, (b"s", b"e")
_LEAST_ENTRY = 10
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
    """Parameter of a circuit, or element of a parameter vector."""

    uuid: bytes
    name: str
    vector: str = ""
    place: int = 0

    @property
    def order(self) -> tuple[str, int]:
        """Sort key of Qiskit: name, then index for elements of a vector."""
        return self.vector or self.name, self.place


class Operation(NamedTuple):
    """Node computed from one or two earlier nodes."""

    code: int
    left: int
    right: int | None = None


Node = Union[complex, bytes, Operation]
"""A number, a parameter by its UUID, or an operation."""


class Formula(NamedTuple):
    """Expression; its value is that of its last node."""

    nodes: tuple[Node, ...]

    def evaluate(self, columns: dict[bytes, Array]) -> Array:
        """Evaluate the expression.

        Args:
            columns: Values of each parameter, all of the same shape.

        Returns:
            Real numbers of that shape.

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
    """Parametric angles of a circuit; equal expressions share one parameter."""

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
        """Return the parameters in the order of their values.

        Raises:
            PubError: If two parameters have the same name.
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
        steps = _Steps(cursor.part(size), vectors)
        if entries * _LEAST_ENTRY > len(cursor.data):
            raise PubError(
                ENCODING, f"QPY declares {entries} parameters of an expression, more than it has."
            )
        listed: set[bytes] = set()
        for _ in range(entries):
            kind, _, value_size = cursor.unpack("!ccQ")
            symbol = read_symbol(kind, cursor, vectors)
            steps.symbols[symbol.uuid] = symbol
            if value_size:  # replaced by a substitution
                cursor.take(value_size)
                continue
            listed.add(symbol.uuid)
            self.symbols.setdefault(symbol.uuid, symbol)
        formula = steps.run()
        if any(isinstance(node, bytes) and node not in listed for node in formula.nodes):
            raise PubError(ENCODING, "An expression in QPY uses a parameter that it does not list.")
        return formula


Vectors = list[tuple[str, int]]
"""Name of each parameter vector of a circuit, and the UUID of its first element."""


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
            raise PubError(ENCODING, f"QPY refers to parameter vector {number}, which is missing.")
        name, root = vectors[number]
        uuid = ((root + index) % 2**128).to_bytes(16, "big")
    else:
        size, _, uuid, index = cursor.unpack("!HQ16sQ")
        name = cursor.text(size)
    return Symbol(uuid, f"{name}[{index}]", name, index)


class _Steps:
    """Evaluator of the postfix program of an expression, with nodes as values.

    Each value on the stack is a tree whose nodes are contiguous and end with the root.
    """

    def __init__(self, cursor: Cursor, vectors: Vectors) -> None:
        self.nodes: list[Node] = []
        self.symbols: dict[bytes, Symbol] = {}
        self._cursor, self._vectors = cursor, vectors
        self._stack: list[int] = []

    def run(self) -> Formula:
        """Read the whole program."""
        while self._cursor.at < len(self._cursor.data):
            self._step(*self._cursor.unpack("!Bc16sc16s"))
        if len(self._stack) != 1:
            left = len(self._stack)
            raise PubError(
                ENCODING, f"A parameter expression in QPY must leave one value, not {left}."
            )
        return Formula(tuple(self.nodes))

    def _step(self, code: int, left: bytes, first: bytes, right: bytes, second: bytes) -> None:
        if code == _SUBSTITUTE:
            self._substitute(self._cursor.part(struct.unpack("!QQ", first)[0]))
            return
        if code == _NOTHING or left in _MARKS or right in _MARKS:
            return  # markers around values that are already on the stack
        if code in _BINARY:
            other = self._operand(right, second)
            node = Operation(code, self._operand(left, first), other)
        elif code in _UNARY:
            node = Operation(code, self._operand(left, first))
        else:
            text = f"Unsupported operation {code} in a parameter expression."
            raise PubError(ENCODING, text)
        self._stack.append(self._add(node))

    def _substitute(self, cursor: Cursor) -> None:
        """Substitute parameters in the value on top of the stack."""
        others: dict[bytes, bytes] = {}
        for _ in range(cursor.count("!Q", 5)):
            key_size, kind, size = cursor.unpack("!HcH")
            key = bytes(cursor.take(key_size))
            symbol = read_symbol(kind, cursor.part(size), self._vectors)
            self.symbols.setdefault(symbol.uuid, symbol)
            others[key] = symbol.uuid
        first = self._stack[-2] + 1 if len(self._stack) > 1 else 0
        for place in range(first, len(self.nodes)):
            node = self.nodes[place]
            if isinstance(node, bytes):
                # Before QPY 15 keys are names, then UUIDs.
                name = self.symbols[node].name.encode()
                self.nodes[place] = others.get(node if cursor.version >= 15 else name, node)

    def _operand(self, kind: bytes, data: bytes) -> int:
        if kind == b"n":
            if not self._stack:
                raise PubError(ENCODING, "A parameter expression in QPY lacks an operand.")
            return self._stack.pop()
        if kind != b"p":
            return self._add(_number(kind, data))
        if data not in self.symbols:
            raise PubError(ENCODING, "An expression in QPY has a parameter that it does not list.")
        return self._add(data)

    def _add(self, node: Node) -> int:
        self.nodes.append(node)
        if len(self.nodes) > MOST_NODES:
            text = f"A parameter expression has more than {MOST_NODES} operations."
            raise PubError(ENCODING, text)
        return len(self.nodes) - 1


def _number(kind: bytes, data: bytes) -> complex:
    if kind == b"f":
        return complex(struct.unpack("!Qd", data)[1])
    if kind == b"i":
        return complex(struct.unpack("!Qq", data)[1])
    if kind == b"c":
        return complex(*struct.unpack("!dd", data))
    raise PubError(ENCODING, f"Unknown operand {kind!r} in a parameter expression.")
