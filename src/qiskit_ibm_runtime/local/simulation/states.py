"""Mean and mean square of an operator in a known state, in one pass over its terms.

The mean square of an operator ``O`` in a state ``psi`` is the squared norm of ``O psi``. Its cost
is linear in the number of terms, whereas expanding the square of ``O`` is quadratic.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from qiskit.quantum_info import Clifford, SparsePauliOp

Array = np.ndarray[Any, Any]
Moments = tuple[complex, float]
"""Mean of an operator, and mean of its square (``O^dagger O`` if it is not Hermitian)."""

BLOCK = 14
"""Number of qubits of the blocks in which a state vector is processed: 256 KiB."""


def statevector_moments(vector: Array, operator: SparsePauliOp) -> Moments:
    """Compute moments in a state vector; qubit 0 is the lowest bit of the index.

    A term with bit masks ``x`` and ``z`` maps amplitude ``k ^ x`` to amplitude ``k``, times a phase
    and the sign of the parity of ``z & k``. The signs of a block are the outer product of those of
    its upper and lower bits.
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


def stabilizer_moments(clifford: Clifford, operator: SparsePauliOp) -> Moments:
    """Compute moments in the state that a Clifford circuit prepares from the ground state.

    Conjugation by the circuit maps each term to a Pauli, which maps the ground state to a basis
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
    """Return bit masks and weights of the terms, sorted by ``x``."""
    bits = 1 << np.arange(operator.num_qubits)
    x, z = operator.paulis.x, operator.paulis.z
    weights = operator.coeffs * (-1j) ** (x & z).sum(axis=1)
    order = np.argsort(x @ bits, kind="stable")
    return (x @ bits)[order], (z @ bits)[order], weights[order]


def _signs(masks: Array, bits: int) -> Array:
    """Return the parity sign of each mask with each ``bits``-bit number: (masks, numbers)."""
    return 1.0 - 2.0 * _parity(masks[:, None] & np.arange(1 << bits))


def _parity(numbers: Array) -> Array:
    """Return the bit parity of each number below 2**32."""
    for step in (16, 8, 4, 2, 1):
        numbers = numbers ^ numbers >> step
    return numbers & 1
