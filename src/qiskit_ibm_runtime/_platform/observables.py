"""Conversion of observables to the platform's form: real sums of Paulis on device qubits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qiskit.quantum_info import SparsePauliOp

Terms = dict[str, float]
_NAMES = np.array(["I", "Z", "X", "Y"])


def to_platform_terms(
    observable: SparsePauliOp, positions: Sequence[int], width: int
) -> dict[str, Terms]:
    """Return the nonzero real and imaginary parts of an observable.

    Args:
        observable: The observable, on the qubits of the user's circuit.
        positions: The device qubit of each of these qubits.
        width: Number of qubits in each label.

    Returns:
        Coefficients keyed by label under ``re``, ``im`` or both. Equal labels are summed.
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


def highest_qubit(observable: SparsePauliOp, positions: Sequence[int]) -> int:
    """Return the highest device qubit that an observable acts on; -1 if there is none."""
    used: Any = (observable.paulis.x | observable.paulis.z).any(axis=0)
    return max((positions[int(qubit)] for qubit in np.flatnonzero(used)), default=-1)
