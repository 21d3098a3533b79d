"""Mean and mean square of an operator in a known state, each in one pass over its terms.

The mean square of an operator ``O`` in a state ``psi`` is the squared norm of ``O psi``: its cost
grows with the number of terms, not with their pairs as that of the square of ``O`` does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from qiskit.quantum_info import Clifford, SparsePauliOp

Array = np.ndarray[Any, Any]
Moments = tuple[complex, float]
"""Mean of an operator, and the mean of its square: of ``O^dagger O`` if it is not Hermitian."""

BLOCK = 14
"""Qubits of the part of a state vector that is worked on at once: a quarter MiB."""


def in_vector(vector: Array, operator: SparsePauliOp) -> Moments:
    """Moments in a state vector, qubit 0 being the lowest bit of the index.

    A term with the bit masks ``x`` and ``z`` turns amplitude ``k ^ x`` into amplitude ``k``, times
    a phase and the sign of the parity of ``z & k``. The signs of a block are an outer product of
    those of its upper and lower bits.
    """
    x, z, weights = _masks(operator)
    low = min(BLOCK, operator.num_qubits)
    lower = low // 2
    upper_signs = _signs(z >> lower, low - lower)
    lower_signs = _signs(z, lower)
    places = np.arange(1 << low)
    bounds = [*np.flatnonzero(np.r_[True, x[1:] != x[:-1]]).tolist(), len(x)]
    blocks = vector.reshape(-1, 1 << low)
    mean, square = 0j, 0.0
    for number, block in enumerate(blocks):
        signed = weights * (1 - 2 * _parity(z >> low & number))
        applied = np.zeros(1 << low, dtype=complex)
        for first, last in zip(bounds, bounds[1:]):
            source = blocks[number ^ x[first] >> low][places ^ x[first] & (1 << low) - 1]
            scaled = upper_signs[first:last].T * signed[first:last]
            applied += (scaled @ lower_signs[first:last]).ravel() * source
        mean += complex(np.vdot(block, applied))
        square += float(np.vdot(applied, applied).real)
    return mean, square


def in_stabilizer_state(clifford: Clifford, operator: SparsePauliOp) -> Moments:
    """Moments in the state that a Clifford circuit makes of the ground state.

    Before the circuit each term is one Pauli again, which turns the ground state into one basis
    state.
    """
    paulis = operator.paulis.evolve(clifford, frame="h")
    ys = (paulis.x & paulis.z).sum(axis=1)
    amplitudes = operator.coeffs * (-1j) ** (paulis.phase - ys)
    states, which = np.unique(paulis.x, axis=0, return_inverse=True)
    totals = np.zeros(len(states), dtype=complex)
    np.add.at(totals, which.ravel(), amplitudes)
    mean = totals[~states.any(axis=1)].sum()
    return complex(mean), float(np.vdot(totals, totals).real)


def _masks(operator: SparsePauliOp) -> tuple[Array, Array, Array]:
    """Bit masks and weights of the terms, those with the same ``x`` next to each other."""
    bits = 1 << np.arange(operator.num_qubits)
    x, z = operator.paulis.x, operator.paulis.z
    weights = operator.coeffs * (-1j) ** (x & z).sum(axis=1)
    order = np.argsort(x @ bits, kind="stable")
    return (x @ bits)[order], (z @ bits)[order], weights[order]


def _signs(masks: Array, bits: int) -> Array:
    """The sign of the parity of each mask and each number of so many bits: (masks, numbers)."""
    return 1.0 - 2.0 * _parity(masks[:, None] & np.arange(1 << bits))


def _parity(numbers: Array) -> Array:
    """The parity of the ones of each number below 2**32."""
    for step in (16, 8, 4, 2, 1):
        numbers = numbers ^ numbers >> step
    return numbers & 1
