"""Circuits given to the constructor and named in calls, as terra 0.21 did; deprecated since."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from numbers import Integral
from typing import Any

import numpy as np
from qiskit.circuit import QuantumCircuit
from qiskit.exceptions import QiskitError

from qiskit_ibm_runtime._circuits.parameters import free_parameters

from .circuits import as_circuits


def legacy_circuits(
    circuits: Any, parameters: Any
) -> tuple[tuple[QuantumCircuit, ...], tuple[Any, ...]]:
    """Return circuits of the deprecated constructor, and the parameters of each.

    Raises:
        TypeError: If a circuit is something else.
        ValueError: If the parameters are not those of the circuits.
    """
    kept = _kept(circuits)
    if parameters is None:
        return kept, tuple(map(free_parameters, kept))
    sets = tuple(tuple(names) for names in parameters)
    if len(sets) != len(kept):
        raise ValueError(f"{len(sets)} sets of parameters are given for {len(kept)} circuits.")
    for index, (circuit, names) in enumerate(zip(kept, sets)):
        free = free_parameters(circuit)
        if set(names) != set(free) or len(names) != len(free):
            raise ValueError(
                f"The parameters of circuit {index} ({circuit.name!r}) are "
                f"{[each.name for each in free]}, "
                f"not {[getattr(each, 'name', each) for each in names]}."
            )
    return kept, sets


def _kept(circuits: Any) -> tuple[QuantumCircuit, ...]:
    """Unlike :func:`as_circuits`, take none at all, and whatever can be walked through."""
    one = (QuantumCircuit, str, bytes)
    if isinstance(circuits, Iterable) and not isinstance(circuits, one):
        circuits = tuple(circuits)
    return () if circuits in (None, ()) else as_circuits(circuits)


def indices_of(given: Any, known: Sequence[Any], key: Any, what: str) -> list[int]:
    """Return positions in the constructor's list, given as such or as the objects themselves.

    Raises:
        ValueError: If a position is out of range, or an object was not given to the constructor.
    """
    if isinstance(given, np.ndarray):
        given = given.tolist()
    keys = [key(item) for item in known]
    result = []
    for item in given if isinstance(given, Sequence) and not isinstance(given, str) else [given]:
        position = int(item) if isinstance(item, Integral) else _position(item, known, keys, key)
        if not 0 <= position < len(keys):
            raise ValueError(
                f"{what} {item!r} is not one of the {len(keys)} given at construction."
            )
        result.append(position)
    return result


def _position(item: Any, known: Sequence[Any], keys: list[Any], key: Any) -> int:
    for position, each in enumerate(known):
        if each is item:
            return position
    try:
        return keys.index(key(item))
    except (AttributeError, QiskitError, ValueError):  # unknown, or of a kind that has no key
        return -1
