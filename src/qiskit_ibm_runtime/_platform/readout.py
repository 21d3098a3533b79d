"""Correction of readout errors from what is known of each bit, for the Sampler's level 1.

The matrix between prepared and measured strings is reduced to the strings that came, and scaled so
that its columns sum to one: P. D. Nation, H. Kang, N. Sundaresan and J. M. Gambetta, PRX Quantum 2,
040326 (2021).
"""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
LARGEST_DENSE = 2000
LARGEST = 20_000
_PRECISION, _MOST_ROUNDS = 1e-9, 200


def corrected(strings: Array, measured: Array, errors: Array) -> tuple[Array, float] | None:
    """Return quasi-probabilities, and by how much their variance has grown at most.

    Args:
        strings: The strings that came, of shape (strings, bits).
        measured: How often each came, as a fraction.
        errors: For each bit how often its 0 is read as 1, and its 1 as 0.

    Returns:
        ``None`` if there are too many strings, or no solution was found.
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
    """Solve block by block, preconditioned by the diagonal."""
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
            # For independent bits the norm of the whole inverse is the product of theirs.
            norm = [np.abs(np.linalg.inv(m)).sum(axis=0).max() for m in matrices]
            return found, float(np.prod(norm) ** 2)
        if not np.isfinite(size) or size > 1e3:
            return None
    return None
