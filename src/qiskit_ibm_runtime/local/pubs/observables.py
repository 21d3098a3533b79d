"""Observables of PUBs: sums of Pauli terms, alone or in nested lists."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .errors import SHAPES, PubError

Array = np.ndarray[Any, Any]
_LETTERS = frozenset("IXYZ")
MOST_LEVELS = 16
MOST_OBSERVABLES = 2**20


def from_json(value: Any, width: int) -> Array:
    """Read the observables of a PUB.

    Args:
        value: A dict from Pauli label to coefficient, or nested lists of such dicts. A bare label
            has coefficient 1.
        width: Qubits of the circuit.

    Returns:
        An object array of such dicts.

    Raises:
        PubError: If it is malformed, or the width differs from that of the circuit.
    """
    shape = _shape(value)
    found: list[dict[str, float]] = []
    _gather(value, shape, found)
    for terms in found:
        _check(terms, width)
    array = np.empty(len(found), dtype=object)
    array[:] = found
    return array.reshape(shape)


def _shape(value: Any) -> tuple[int, ...]:
    shape: list[int] = []
    while isinstance(value, list):
        shape.append(len(value))
        if len(shape) > MOST_LEVELS or math.prod(shape) > MOST_OBSERVABLES:
            raise PubError(SHAPES, "Too many observables in a PUB, or nested too deeply.")
        if not value:
            break
        value = value[0]
    return tuple(shape)


def _gather(value: Any, shape: tuple[int, ...], found: list[dict[str, float]]) -> None:
    if not shape:
        if isinstance(value, str):
            value = {value: 1.0}
        if not isinstance(value, dict):
            raise PubError(SHAPES, "An observable must be a dict from Pauli label to coefficient.")
        found.append(value)
        return
    if not isinstance(value, list) or len(value) != shape[0]:
        raise PubError(SHAPES, "The nested lists of observables are ragged.")
    for item in value:
        _gather(item, shape[1:], found)


def _check(terms: dict[str, Any], width: int) -> None:
    if not terms:
        raise PubError(SHAPES, "An observable has no terms.")
    for label, coefficient in terms.items():
        if not _LETTERS.issuperset(label):
            raise PubError(
                SHAPES, f"Observable label {label[:80]!r} must consist of I, X, Y and Z only."
            )
        if len(label) != width:
            raise PubError(
                SHAPES,
                f"The observable has {len(label)} qubits and the circuit has {width}. Apply the "
                "layout of the circuit to the observable.",
            )
        its = isinstance(coefficient, (int, float)) and not isinstance(coefficient, bool)
        if not its or not math.isfinite(coefficient):
            raise PubError(SHAPES, f"Coefficient of {label[:80]!r} must be a finite real number.")
