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
        value: An object of coefficients by Pauli labels, or nested lists of them. A label alone
            stands for itself.
        width: Qubits of the circuit.

    Returns:
        An array of such objects, of the shape of the lists.

    Raises:
        PubError: If it is not one, or has other qubits than the circuit.
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
            raise PubError(SHAPES, "The observables of a PUB are too many, or too deeply nested.")
        if not value:
            break
        value = value[0]
    return tuple(shape)


def _gather(value: Any, shape: tuple[int, ...], found: list[dict[str, float]]) -> None:
    if not shape:
        if isinstance(value, str):
            value = {value: 1.0}
        if not isinstance(value, dict):
            raise PubError(SHAPES, "An observable is an object of coefficients by Pauli labels.")
        found.append(value)
        return
    if not isinstance(value, list) or len(value) != shape[0]:
        raise PubError(SHAPES, "The lists of observables of a PUB do not form an array.")
    for item in value:
        _gather(item, shape[1:], found)


def _check(terms: dict[str, Any], width: int) -> None:
    if not terms:
        raise PubError(SHAPES, "An observable has no terms.")
    for label, coefficient in terms.items():
        if not _LETTERS.issuperset(label):
            raise PubError(
                SHAPES, f"The label {label[:80]!r} of an observable has more than I, X, Y and Z."
            )
        if len(label) != width:
            raise PubError(
                SHAPES,
                f"An observable has {len(label)} qubits, and its circuit {width}. Lay observables "
                "out as the circuit is.",
            )
        its = isinstance(coefficient, (int, float)) and not isinstance(coefficient, bool)
        if not its or not math.isfinite(coefficient):
            raise PubError(
                SHAPES, f"The coefficient of {label[:80]!r} is not a finite real number."
            )
