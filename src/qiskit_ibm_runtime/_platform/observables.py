"""Observables as the platform takes them: real sums of Pauli strings on a device's qubits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qiskit.quantum_info import SparsePauliOp

Terms = dict[str, float]
_NAMES = np.array(["I", "Z", "X", "Y"])


def mapped(observable: SparsePauliOp, positions: Sequence[int], width: int) -> dict[str, Terms]:
    """Return the real and the imaginary part of an observable, without parts that vanish.

    Args:
        observable: The observable, on the qubits of the user's circuit.
        positions: The qubit of the device for each of them.
        width: How many qubits the labels have.

    Returns:
        Under ``re`` and ``im`` the coefficient of each label; equal labels are summed. One of the
        two is there at least.
    """
    letters = np.full((len(observable), width), "I")
    table = _NAMES[observable.paulis.x * 2 + observable.paulis.z.astype(int)]
    letters[:, list(positions)] = table
    sums: dict[str, complex] = {}
    for row, coefficient in zip(letters[:, ::-1], np.asarray(observable.coeffs, dtype=complex)):
        label = "".join(row)
        sums[label] = sums.get(label, 0) + complex(coefficient)
    real = {label: number.real for label, number in sums.items() if number.real}
    imaginary = {label: number.imag for label, number in sums.items() if number.imag}
    parts = {name: part for name, part in (("re", real), ("im", imaginary)) if part}
    return parts or {"re": {"I" * width: 0.0}}


def highest(observable: SparsePauliOp, positions: Sequence[int]) -> int:
    """Return the highest qubit of the device on which an observable acts; -1 if on none."""
    used: Any = (observable.paulis.x | observable.paulis.z).any(axis=0)
    return max((positions[int(qubit)] for qubit in np.flatnonzero(used)), default=-1)
