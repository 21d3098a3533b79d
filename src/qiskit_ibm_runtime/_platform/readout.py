"""Readout error mitigation (M3) for the Sampler's resilience level 1.

The assignment matrix is restricted to the observed bit strings and renormalized so that its columns
sum to one: P. D. Nation, H. Kang, N. Sundaresan and J. M. Gambetta, PRX Quantum 2, 040326 (2021),
https://doi.org/10.1103/PRXQuantum.2.040326.
"""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
LARGEST_DENSE = 2000
LARGEST = 20_000
_PRECISION, _MOST_ROUNDS = 1e-9, 200


def correct_readout(strings: Array, measured: Array, errors: Array) -> tuple[Array, float] | None:
    """Return quasi-probabilities and an upper bound on the mitigation overhead.

    Args:
        strings: The observed bit strings, of shape (strings, bits).
        measured: Relative frequency of each string.
        errors: P(read 1 | is 0) and P(read 0 | is 1) of each bit, of shape (bits, 2).

    Returns:
        Quasi-probabilities of shape (strings,), and the factor by which their variance grows at
        most; ``None`` if there are more than 20,000 strings or the solver does not converge.
    """
    bits = [bit for bit, (zero, one) in enumerate(errors) if zero or one]
    matrices = [
        np.array([[1 - errors[bit][0], errors[bit][1]], [errors[bit][0], 1 - errors[bit][1]]])
        for bit in bits
    ]
    columns = strings[:, bits]
    if len(strings) > LARGEST:
        return None
    if len(strings) <= LARGEST_DENSE:
        matrix = _reduced(columns, matrices, slice(None))
        try:
            inverse = np.linalg.inv(matrix / matrix.sum(axis=0))
        except np.linalg.LinAlgError:
            return None
        return inverse @ measured, float(np.abs(inverse).sum(axis=0).max() ** 2)
    return _iterated(columns, matrices, measured)


def _reduced(strings: Array, matrices: list[Array], columns: slice) -> Array:
    block = np.ones((len(strings), len(strings[columns])))
    for bit, matrix in enumerate(matrices):
        block *= matrix[np.ix_(strings[:, bit], strings[columns, bit])]
    return block


def _iterated(strings: Array, matrices: list[Array], measured: Array) -> tuple[Array, float] | None:
    """Solve iteratively, computing the matrix in blocks, with a diagonal preconditioner."""
    pieces = [slice(start, start + 256) for start in range(0, len(strings), 256)]
    norms = np.concatenate([_reduced(strings, matrices, p).sum(axis=0) for p in pieces])
    diagonal = np.ones(len(strings))
    for bit, matrix in enumerate(matrices):
        diagonal *= np.diag(matrix)[strings[:, bit]]
    diagonal /= norms
    found = measured.copy()
    for _ in range(_MOST_ROUNDS):
        scaled = found / norms
        wrong = measured - sum(_reduced(strings, matrices, p) @ scaled[p] for p in pieces)
        found = found + wrong / diagonal
        size = np.abs(wrong).sum()
        if size < _PRECISION:
            # Bits are independent: the norm of the full inverse is the product of their norms.
            norm = [np.abs(np.linalg.inv(m)).sum(axis=0).max() for m in matrices]
            return found, float(np.prod(norm) ** 2)
        if not np.isfinite(size) or size > 1e3:
            return None
    return None
