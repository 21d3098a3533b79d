"""Noise of Aer's noise models, converted from their dictionaries for the exact reference."""

from __future__ import annotations

import warnings
from functools import reduce
from typing import Any

import numpy as np
from qiskit_aer.noise import NoiseModel

from .exact import PAULIS, Array

MATRICES = {
    "id": np.eye(2),
    "x": PAULIS["X"],
    "y": PAULIS["Y"],
    "z": PAULIS["Z"],
    "s": np.diag([1, 1j]),
    "sdg": np.diag([1, -1j]),
}
SECONDS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9, "ps": 1e-12}


class OfModel:
    """Noise of an Aer noise model, and relaxation during delays.

    Args:
        model: The noise model.
        times: T1 and T2 of each qubit, in seconds.
        dt: Duration of one clock step, in seconds.
    """

    def __init__(
        self, model: NoiseModel, times: list[tuple[float, float]] | None = None, dt: float = 0
    ) -> None:
        self._times = times or []
        self._dt = dt
        self._errors: dict[tuple[str, tuple[int, ...] | None], Array] = {}
        self._readout: dict[int | None, Array] = {}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # there is nothing in its place
            errors = model.to_dict()["errors"]
        for error in errors:
            for qubits in error.get("gate_qubits") or [None]:
                self._take(error, None if qubits is None else tuple(qubits))

    def _take(self, error: dict[str, Any], qubits: tuple[int, ...] | None) -> None:
        if error["type"] == "roerror":
            self._readout[qubits[0] if qubits else None] = np.array(error["probabilities"])
            return
        parts = zip(error["probabilities"], error["instructions"])
        count = 1 + max(q for _, part in parts for item in part for q in item["qubits"])
        parts = zip(error["probabilities"], error["instructions"])
        channel = sum(chance * _channel(part, count) for chance, part in parts)
        for name in error["operations"]:
            self._errors[name, qubits] = channel

    def after(self, operation: Any, qubits: tuple[int, ...]) -> Array | None:
        if operation.name == "delay":
            return self._relaxed(operation, qubits[0])
        name = operation.label or operation.name
        return self._errors.get((name, qubits), self._errors.get((name, None)))

    def misread(self, qubit: int) -> Array | None:
        return self._readout.get(qubit, self._readout.get(None))

    def _relaxed(self, delay: Any, qubit: int) -> Array | None:
        if not self._times:
            return None
        t1, t2 = self._times[qubit]
        unit = self._dt if delay.unit == "dt" else SECONDS[delay.unit]
        return relaxation(t1, min(t2, 2 * t1), delay.duration * unit)


def relaxation(t1: float, t2: float, time: float) -> Array:
    """Return the channel of relaxation with time T1 and decoherence with time T2."""
    kept, coherent = np.exp(-time / t1), np.exp(-time / t2)
    channel = np.diag([1, coherent, coherent, kept]).astype(complex)
    channel[0, 3] = 1 - kept
    return channel


def _channel(instructions: list[dict[str, Any]], count: int) -> Array:
    """Return the superoperator of consecutive instructions on several qubits."""
    channel = np.eye(4**count, dtype=complex)
    for item in instructions:
        operators = [_wide(matrix, item["qubits"], count) for matrix in _operators(item)]
        channel = sum(np.kron(each.conj(), each) for each in operators) @ channel
    return channel


def _operators(item: dict[str, Any]) -> list[Array]:
    name = item["name"]
    if name == "kraus":
        return [np.asarray(matrix, dtype=complex) for matrix in item["params"]]
    if name == "unitary":
        return [np.asarray(item["params"][0], dtype=complex)]
    if name == "reset":
        return [np.array([[1, 0], [0, 0]]), np.array([[0, 1], [0, 0]])]
    if name == "pauli":
        return [reduce(np.kron, [PAULIS[letter] for letter in item["params"][0]])]
    return [MATRICES[name]]


def _wide(matrix: Array, qubits: list[int], count: int) -> Array:
    """Extend a matrix to more qubits; the first qubit is the lowest bit of an index."""
    size = 2**count
    wide = np.zeros((size, size), dtype=complex)
    mask = sum(1 << qubit for qubit in qubits)
    for column in range(size):
        inner = sum((column >> qubit & 1) << n for n, qubit in enumerate(qubits))
        for row, value in enumerate(matrix[:, inner]):
            place = sum((row >> n & 1) << qubit for n, qubit in enumerate(qubits))
            wide[column & ~mask | place, column] += value
    return wide
