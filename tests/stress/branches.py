"""Exact outcomes of small circuits, including dynamic ones, for any Qiskit version.

Keeps one state per sequence of outcomes; independent of the bridge.
"""

from __future__ import annotations

from typing import Any

import numpy as np

LEAST = 1e-12


class Branches:
    """Return all branches of a circuit: classical bits and the corresponding state."""

    def __init__(self, circuit: Any) -> None:
        self.qubits = {bit: n for n, bit in enumerate(_used(circuit))}
        self.width = circuit.num_clbits
        state = np.zeros(2 ** len(self.qubits), dtype=complex)
        state[0] = 1.0
        self.states: list[tuple[tuple[int, ...], Any]] = [((0,) * self.width, state)]
        places = {bit: n for n, bit in enumerate(circuit.clbits)}
        self._run(circuit, self.qubits, places, {r.name: r for r in circuit.cregs})

    def distribution(self) -> dict[str, float]:
        """Return the probability of each bit string, classical bit 0 last."""
        found: dict[str, float] = {}
        for bits, state in self.states:
            key = "".join(map(str, reversed(bits)))
            found[key] = found.get(key, 0.0) + float(np.vdot(state, state).real)
        return {key: chance for key, chance in found.items() if chance > LEAST}

    def expectation(self, letters: dict[int, str]) -> float:
        """Return the expectation value of a Pauli string, by letters of the used qubits."""
        total = 0.0
        for _, state in self.states:
            turned = state
            for qubit, letter in letters.items():
                turned = self._apply(_PAULIS[letter], [qubit], turned)
            total += float(np.vdot(state, turned).real)
        return total

    def _run(self, circuit: Any, qubits: Any, places: Any, registers: Any) -> None:
        for item in circuit.data:
            operation = item.operation
            where = [qubits[bit] for bit in item.qubits if bit in qubits]
            bits = [places[bit] for bit in item.clbits]
            condition = getattr(operation, "condition", None)
            name = operation.name
            if name in ("barrier", "delay"):
                continue
            if condition is None:
                self._step(operation, where, bits)
                continue
            kept, changed = self.states, []
            for one in kept:
                self.states = [one]
                true = _holds(condition, one[0], places, registers)
                if name == "if_else":
                    blocks = operation.blocks
                    block = blocks[0] if true else (blocks[1] if len(blocks) > 1 else None)
                    if block is not None:
                        inner = dict(zip(block.qubits, [qubits[b] for b in item.qubits]))
                        read = {**places, **dict(zip(block.clbits, bits))}
                        self._run(block, inner, read, registers)
                elif true:
                    self._step(operation, where, bits)
                changed += self.states
            self.states = changed

    def _step(self, operation: Any, where: list[int], bits: list[int]) -> None:
        if operation.name in ("measure", "reset"):
            split = []
            for values, state in self.states:
                for outcome in (0, 1):
                    kept = self._projected(state, where[0], outcome)
                    if np.vdot(kept, kept).real < LEAST:
                        continue
                    its = list(values)
                    if operation.name == "measure":
                        its[bits[0]] = outcome
                    elif outcome:
                        kept = self._apply(_PAULIS["X"], where, kept)
                    split.append((tuple(its), kept))
            self.states = split
            return
        matrix = _matrix(operation)
        self.states = [(values, self._apply(matrix, where, state)) for values, state in self.states]

    def _apply(self, matrix: Any, where: list[int], state: Any) -> Any:
        count = len(self.qubits)
        axes = [count - 1 - qubit for qubit in reversed(where)]
        moved = np.moveaxis(state.reshape((2,) * count), axes, range(len(where)))
        shape = moved.shape
        done = matrix @ moved.reshape(2 ** len(where), -1)
        return np.moveaxis(done.reshape(shape), range(len(where)), axes).reshape(-1)

    def _projected(self, state: Any, qubit: int, outcome: int) -> Any:
        keep = np.zeros((2, 2))
        keep[outcome, outcome] = 1
        return self._apply(keep, [qubit], state)


_PAULIS = {
    "I": np.eye(2),
    "X": np.array([[0, 1], [1, 0]]),
    "Y": np.array([[0, -1j], [1j, 0]]),
    "Z": np.diag([1, -1]),
}


def _matrix(operation: Any) -> Any:
    from qiskit.quantum_info import Operator

    return np.asarray(Operator(operation).data)


def _used(circuit: Any) -> list[Any]:
    used = {}
    for item in circuit.data:
        if item.operation.name not in ("barrier", "delay"):
            used.update(dict.fromkeys(item.qubits))
    return sorted(used, key=circuit.qubits.index)


def _holds(condition: Any, values: tuple[int, ...], places: Any, registers: Any) -> bool:
    if isinstance(condition, tuple):
        target, wanted = condition
        bits = list(target) if hasattr(target, "size") else [target]
        number = sum(values[places[bit]] << n for n, bit in enumerate(bits))
        return number == int(wanted)
    return bool(_value(condition, values, places))


def _value(node: Any, values: tuple[int, ...], places: Any) -> int:
    kind = type(node).__name__
    if kind == "Var":
        bits = list(node.var) if hasattr(node.var, "size") else [node.var]
        return sum(values[places[bit]] << n for n, bit in enumerate(bits))
    if kind == "Value":
        return int(node.value)
    if kind == "Cast":
        return _value(node.operand, values, places)
    if kind == "Unary":
        value = _value(node.operand, values, places)
        return int(not value) if node.op.name == "LOGIC_NOT" else ~value & (2**node.type.width - 1)
    left, right = (_value(side, values, places) for side in (node.left, node.right))
    return int(_OPERATIONS[node.op.name](left, right))


_OPERATIONS = {
    "BIT_AND": lambda a, b: a & b,
    "BIT_OR": lambda a, b: a | b,
    "BIT_XOR": lambda a, b: a ^ b,
    "LOGIC_AND": lambda a, b: bool(a and b),
    "LOGIC_OR": lambda a, b: bool(a or b),
    "EQUAL": lambda a, b: a == b,
    "NOT_EQUAL": lambda a, b: a != b,
    "LESS": lambda a, b: a < b,
    "LESS_EQUAL": lambda a, b: a <= b,
    "GREATER": lambda a, b: a > b,
    "GREATER_EQUAL": lambda a, b: a >= b,
}
