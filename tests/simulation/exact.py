"""Exact reference simulator, without Aer and the transpiler.

For each string of classical bits it keeps a density matrix, whose trace is the probability of the
string. Gates act on it by conjugation, measurements split it, and noise is a channel. A matrix has
the shape (2,) * 2n: the axes of the rows, qubit 0 first, then those of the columns.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import reduce
from typing import Any, Callable, Protocol

import numpy as np
from qiskit import QuantumCircuit
from qiskit.circuit import ClassicalRegister, Clbit, ControlledGate, Gate, Instruction
from qiskit.quantum_info import SparsePauliOp

Array = np.ndarray
States = dict[int, Array]

NEGLIGIBLE = 1e-11
"""Probability below which further iterations of a loop are ignored."""
LIBRARY = "qiskit.circuit.library.standard_gates"
PAULIS = {
    "I": np.eye(2, dtype=complex),
    "X": np.array([[0, 1], [1, 0]], dtype=complex),
    "Y": np.array([[0, -1j], [1j, 0]]),
    "Z": np.diag([1, -1]).astype(complex),
}


def distribution(circuit: QuantumCircuit, noise: Noise | None = None) -> dict[int, float]:
    """Return the probability of each value of the classical bits."""
    found = final(circuit, noise)
    return {bits: float(np.real(_trace(state))) for bits, state in sorted(found.items())}


def expectation(circuit: QuantumCircuit, operator: Any, noise: Noise | None = None) -> complex:
    """Return the mean of an operator in the final state, over all values of the classical bits."""
    terms = SparsePauliOp(operator).to_list()
    matrix = sum(number * _pauli(label) for label, number in terms)
    size = 2**circuit.num_qubits
    # Qiskit's matrices have the last qubit first.
    states = [_flat(state, size) for state in final(circuit, noise).values()]
    return complex(sum(np.trace(matrix @ state) for state in states))


def final(circuit: QuantumCircuit, noise: Noise | None = None) -> States:
    """Return the unnormalized final state for each value of the classical bits."""
    count = circuit.num_qubits
    ground = np.zeros((2,) * (2 * count), dtype=complex)
    ground[(0,) * (2 * count)] = 1
    places = _Places(tuple(range(count)), {b: n for n, b in enumerate(circuit.clbits)})
    ended = _Run(count, noise).circuit({0: ground}, circuit, places)
    return ended.onward


def _name(operation: Any) -> str:
    """Return the name of a Qiskit operation; custom operations may have the same name."""
    return "" if type(operation) in (ControlledGate, Gate, Instruction) else operation.name


def _flat(state: Array, size: int) -> Array:
    count = state.ndim // 2
    order = [*reversed(range(count)), *(count + n for n in reversed(range(count)))]
    return state.transpose(order).reshape(size, size)


def _trace(state: Array) -> complex:
    size = 2 ** (state.ndim // 2)
    return complex(np.trace(state.reshape(size, size)))


class Noise(Protocol):
    """Noise."""

    def after(self, operation: Any, qubits: tuple[int, ...]) -> Array | None:
        """Return the superoperator (column-stacking) that follows an operation, or ``None``."""

    def misread(self, qubit: int) -> Array | None:
        """Return the probability of each readout (column) for each state of a qubit (row)."""


@dataclass(frozen=True)
class _Places:
    """Positions of the bits of an inner circuit in the outermost one."""

    qubits: tuple[int, ...]
    clbits: dict[Clbit, int]

    def value(self, target: Any, bits: int) -> int:
        """Return the value of a bit or a register."""
        if isinstance(target, Clbit):
            return bits >> self.clbits[target] & 1
        return sum((bits >> self.clbits[bit] & 1) << n for n, bit in enumerate(target))


@dataclass(frozen=True)
class _Ended:
    """States after some instructions: those that continue, and those that leave a loop."""

    onward: States
    broken: States
    continued: States


class _Run:
    def __init__(self, count: int, noise: Noise | None) -> None:
        self._count = count
        self._noise = noise

    def circuit(self, states: States, circuit: QuantumCircuit, places: _Places) -> _Ended:
        broken: States = {}
        continued: States = {}
        numbers = {bit: n for n, bit in enumerate(circuit.qubits)}
        for item in circuit.data:
            qubits = tuple(places.qubits[numbers[bit]] for bit in item.qubits)
            ended = self._instruction(states, item, qubits, places)
            states = ended.onward
            _add(broken, ended.broken)
            _add(continued, ended.continued)
        return _Ended(states, broken, continued)

    def _instruction(
        self, states: States, item: Any, qubits: tuple[int, ...], places: _Places
    ) -> _Ended:
        operation = item.operation
        name = _name(operation)
        if name == "break_loop":
            return _Ended({}, states, {})
        if name == "continue_loop":
            return _Ended({}, {}, states)
        if name in _FLOW:
            return getattr(self, f"_{name}")(states, item, qubits, places)
        condition = getattr(operation, "condition", None)
        if condition is None:
            return _Ended(self._always(states, item, qubits, places), {}, {})
        chosen, rest = _split(states, lambda bits: _holds(condition, bits, places))
        return _Ended(_sum(rest, self._always(chosen, item, qubits, places)), {}, {})

    def _always(
        self, states: States, item: Any, qubits: tuple[int, ...], places: _Places
    ) -> States:
        operation = item.operation
        name, cls = _name(operation), type(operation).__name__
        if name == "barrier":
            return states
        if name == "measure":
            confused = self._noise.misread(qubits[0]) if self._noise else None
            states = _measured(states, qubits[0], places.clbits[item.clbits[0]], confused)
        elif name == "reset":
            states = {bits: self._reset(state, qubits) for bits, state in states.items()}
        elif cls == "Initialize":
            vector = _vector(operation)
            states = {
                bits: self._turned(self._reset(state, qubits), _preparation(vector), qubits)
                for bits, state in states.items()
            }
        elif name != "delay":
            matrix = _matrix(operation)
            if matrix is None:
                return self._inside(states, item, qubits, places)
            states = {bits: self._turned(s, matrix, qubits) for bits, s in states.items()}
        return self._noisy(states, operation, qubits)

    def _inside(
        self, states: States, item: Any, qubits: tuple[int, ...], places: _Places
    ) -> States:
        definition = item.operation.definition
        if definition is None:
            raise NotImplementedError(f"No meaning of {item.operation!r}.")
        return self.circuit(states, definition, _inner(definition, item, qubits, places)).onward

    # -- control flow

    def _if_else(
        self, states: States, item: Any, qubits: tuple[int, ...], places: _Places
    ) -> _Ended:
        condition = item.operation.condition
        chosen, rest = _split(states, lambda bits: _holds(condition, bits, places))
        found = self._body(chosen, item.operation.blocks[0], item, qubits, places)
        if len(item.operation.blocks) == 1:
            return replace(found, onward=_sum(rest, found.onward))
        other = self._body(rest, item.operation.blocks[1], item, qubits, places)
        return _joined(found, other)

    def _switch_case(
        self, states: States, item: Any, qubits: tuple[int, ...], places: _Places
    ) -> _Ended:
        ended, target = _Ended({}, {}, {}), item.operation.target
        for values, body in item.operation.cases_specifier():
            numbers = {int(v) for v in values if isinstance(v, (int, bool, np.integer))}
            default = len(numbers) < len(values)
            taken, states = _split(
                states,
                lambda b, d=default, n=numbers: d or _value(target, b, places) in n,  # type: ignore[misc]
            )
            ended = _joined(ended, self._body(taken, body, item, qubits, places))
        return _joined(ended, _Ended(states, {}, {}))

    def _for_loop(
        self, states: States, item: Any, qubits: tuple[int, ...], places: _Places
    ) -> _Ended:
        indices, parameter, body = item.operation.params
        broken: States = {}
        for index in indices:
            bound = body
            if parameter is not None and parameter in body.parameters:
                bound = body.assign_parameters({parameter: index})
            ended = self._body(states, bound, item, qubits, places)
            _add(broken, ended.broken)
            states = _sum(ended.onward, ended.continued)
        return _Ended(_sum(states, broken), {}, {})

    def _while_loop(
        self, states: States, item: Any, qubits: tuple[int, ...], places: _Places
    ) -> _Ended:
        condition, body = item.operation.condition, item.operation.blocks[0]
        done: States = {}
        while states:
            again, rest = _split(states, lambda bits: _holds(condition, bits, places))
            _add(done, rest)
            ended = self._body(again, body, item, qubits, places)
            _add(done, ended.broken)
            states = _sum(ended.onward, ended.continued)
            states = {b: s for b, s in states.items() if abs(_trace(s)) > NEGLIGIBLE}
        return _Ended(done, {}, {})

    def _body(
        self, states: States, body: Any, item: Any, qubits: tuple[int, ...], places: _Places
    ) -> _Ended:
        return self.circuit(states, body, _inner(body, item, qubits, places))

    # -- one density matrix

    def _turned(self, state: Array, matrix: Array, qubits: tuple[int, ...]) -> Array:
        rows = _applied(state, matrix, qubits)
        return _applied(rows, matrix.conj(), tuple(self._count + q for q in qubits))

    def _reset(self, state: Array, qubits: tuple[int, ...]) -> Array:
        for qubit in qubits:
            moved = np.moveaxis(state, (qubit, self._count + qubit), (0, 1))
            ground = np.zeros_like(moved)
            ground[0, 0] = moved[0, 0] + moved[1, 1]
            state = np.moveaxis(ground, (0, 1), (qubit, self._count + qubit))
        return state

    def _noisy(self, states: States, operation: Any, qubits: tuple[int, ...]) -> States:
        channel = self._noise.after(operation, qubits) if self._noise else None
        if channel is None:
            return states
        both = (*qubits, *(self._count + q for q in qubits))
        return {bits: _applied(state, channel, both) for bits, state in states.items()}


_FLOW = {"if_else", "switch_case", "for_loop", "while_loop"}


def _inner(inner: Any, item: Any, qubits: tuple[int, ...], places: _Places) -> _Places:
    """Map the bits of a definition or a body, in order, to the bits on which it acts.

    A condition inside may also use a bit of the surrounding circuit.
    """
    clbits = {b: places.clbits[outer] for b, outer in zip(inner.clbits, item.clbits)}
    return _Places(qubits, {**places.clbits, **clbits})


def _applied(state: Array, matrix: Array, axes: tuple[int, ...]) -> Array:
    """Apply a matrix over some axes; the first axis is the least significant bit of its index."""
    count = len(axes)
    tensor = matrix.reshape((2,) * (2 * count))
    backwards = tuple(reversed(axes))
    turned = np.tensordot(tensor, state, axes=(tuple(range(count, 2 * count)), backwards))
    return np.moveaxis(turned, tuple(range(count)), backwards)


def _measured(states: States, qubit: int, clbit: int, confused: Array | None) -> States:
    chances = np.eye(2) if confused is None else confused
    found: States = {}
    for bits, state in states.items():
        count = state.ndim // 2
        for value in (0, 1):
            part = np.zeros_like(state)
            where: list[Any] = [slice(None)] * state.ndim
            where[qubit] = where[count + qubit] = value
            part[tuple(where)] = state[tuple(where)]
            for read in (0, 1):
                share = part * chances[value, read]
                if abs(_trace(share)) > NEGLIGIBLE * NEGLIGIBLE:
                    _add(found, {bits & ~(1 << clbit) | read << clbit: share})
    return found


def _add(total: States, more: States) -> None:
    for bits, state in more.items():
        total[bits] = total[bits] + state if bits in total else state


def _sum(one: States, other: States) -> States:
    total = dict(one)
    _add(total, other)
    return total


def _joined(one: _Ended, other: _Ended) -> _Ended:
    return _Ended(
        _sum(one.onward, other.onward),
        _sum(one.broken, other.broken),
        _sum(one.continued, other.continued),
    )


def _split(states: States, choose: Callable[[int], bool]) -> tuple[States, States]:
    chosen = {bits: state for bits, state in states.items() if choose(bits)}
    return chosen, {bits: state for bits, state in states.items() if bits not in chosen}


# -- conditions


def _holds(condition: Any, bits: int, places: _Places) -> bool:
    if isinstance(condition, tuple):
        target, value = condition
        return places.value(target, bits) == int(value)
    return bool(_value(condition, bits, places))


_BINARY: dict[str, Callable[[int, int], int]] = {
    "BIT_AND": lambda a, b: a & b,
    "BIT_OR": lambda a, b: a | b,
    "BIT_XOR": lambda a, b: a ^ b,
    "LOGIC_AND": lambda a, b: bool(a) and bool(b),
    "LOGIC_OR": lambda a, b: bool(a) or bool(b),
    "EQUAL": lambda a, b: a == b,
    "NOT_EQUAL": lambda a, b: a != b,
    "LESS": lambda a, b: a < b,
    "LESS_EQUAL": lambda a, b: a <= b,
    "GREATER": lambda a, b: a > b,
    "GREATER_EQUAL": lambda a, b: a >= b,
}


def _value(node: Any, bits: int, places: _Places) -> int:
    """Evaluate a bit, a register, or a classical expression."""
    if isinstance(node, (Clbit, ClassicalRegister)):
        return places.value(node, bits)
    kind = type(node).__name__
    if kind == "Var":
        return places.value(node.var, bits)
    if kind == "Value":
        return int(node.value)
    if kind == "Binary":
        left, right = (_value(side, bits, places) for side in (node.left, node.right))
        return int(_BINARY[node.op.name](left, right))
    operand = _value(node.operand, bits, places)
    if kind == "Cast":
        return _cast(operand, node.type)
    if node.op.name == "LOGIC_NOT":
        return int(not operand)
    return ~operand % 2 ** getattr(node.type, "width", 1)


def _cast(value: int, to: Any) -> int:
    width = getattr(to, "width", None)
    return int(value != 0) if width is None else value % 2**width


# -- gates


def _matrix(operation: Any) -> Array | None:
    """Return the matrix of an operation that is not given by its definition, else ``None``.

    Only Qiskit's own classes are trusted: a custom class may inherit a matrix that does not match
    its definition.
    """
    # From terra 0.45 on, a gate may be of a hidden class that derives from its own.
    bases = type(operation).__mro__
    cls = next(its for its in bases if its.__module__ and "singleton" not in its.__module__)
    name, module = cls.__name__, cls.__module__
    if name in ("UnitaryGate", "HamiltonianGate"):
        return np.asarray(operation.to_matrix(), dtype=complex)
    if name == "PauliGate":
        return _pauli(operation.params[0])
    if name == "DiagonalGate":
        return np.diag(np.asarray(operation.params, dtype=complex))
    if module.startswith(LIBRARY):
        return _standard(operation)
    return None


def _pauli(label: str) -> Array:
    return reduce(np.kron, [PAULIS[letter] for letter in label])


def _standard(operation: Any) -> Array | None:
    try:
        return np.asarray(operation.to_matrix(), dtype=complex)
    except Exception:  # noqa: BLE001  # each terra has another error for a gate without a matrix
        return None


def _vector(operation: Any) -> Array:
    params = operation.params
    if isinstance(params[0], str):
        states = {
            "0": [1, 0],
            "1": [0, 1],
            "+": [2**-0.5, 2**-0.5],
            "-": [2**-0.5, -(2**-0.5)],
            "r": [2**-0.5, 2**-0.5 * 1j],
            "l": [2**-0.5, -(2**-0.5) * 1j],
        }
        return reduce(np.kron, [np.array(states[letter], dtype=complex) for letter in params])
    if len(params) == 1:  # a number, whose bits are the values of the qubits
        vector = np.zeros(2**operation.num_qubits, dtype=complex)
        vector[int(np.real(params[0]))] = 1
        return vector
    return np.asarray([complex(value) for value in params])


def _preparation(vector: Array) -> Array:
    """Return a unitary that maps the ground state to a vector; its other columns are arbitrary."""
    size = len(vector)
    basis = np.linalg.qr(np.column_stack([vector, np.eye(size, dtype=complex)]))[0][:, :size]
    basis[:, 0] = vector
    return basis
