"""Deprecated form of terra 0.21: circuits given to the constructor and referred to in calls."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from numbers import Integral
from typing import Any

import numpy as np
from qiskit.circuit import QuantumCircuit
from qiskit.exceptions import QiskitError

from qiskit_ibm_runtime._circuits.dataflow import free_parameters

from .circuits import as_circuits


def legacy_circuits(
    circuits: Any, parameters: Any
) -> tuple[tuple[QuantumCircuit, ...], tuple[Any, ...]]:
    """Return circuits of the deprecated constructor, and the parameters of each.

    Args:
        circuits: One circuit or several; ``None`` for none.
        parameters: Order of the parameters of each circuit, for the values in calls; ``None`` for
            the circuit's own order. Other parameters are accepted, as the program reads them.

    Raises:
        TypeError: If an element is not a circuit.
        ValueError: If the numbers of circuits and sets of parameters differ.
    """
    kept = _kept(circuits)
    if parameters is None:
        return kept, tuple(map(free_parameters, kept))
    sets = tuple(tuple(names or ()) for names in parameters)
    if len(sets) != len(kept):
        raise ValueError(
            f"Got {len(sets)} sets of parameters for {len(kept)} circuits. Give one set per "
            "circuit."
        )
    return kept, sets


def check_parameter_counts(circuits: Sequence[QuantumCircuit], parameters: Sequence[Any]) -> None:
    """Check the number of parameters of each circuit.

    Raises:
        ValueError: If the numbers differ.
    """
    for index, (circuit, names) in enumerate(zip(circuits, parameters)):
        count = len(free_parameters(circuit))
        if len(names) != count:
            raise ValueError(
                f"Circuit {index} ({circuit.name!r}) has {count} parameters, "
                f"but {len(names)} were given."
            )


def _kept(circuits: Any) -> tuple[QuantumCircuit, ...]:
    """Like :func:`as_circuits`, but accept ``None`` and any iterable."""
    one = (QuantumCircuit, str, bytes)
    if isinstance(circuits, Iterable) and not isinstance(circuits, one):
        circuits = tuple(circuits)
    return () if circuits in (None, ()) else as_circuits(circuits)


def indices_of(given: Any, known: Sequence[Any], key: Any, what: str) -> list[int]:
    """Return indices into the constructor's list, given as indices or as the objects themselves.

    Negative ones count from the end.

    Raises:
        ValueError: If an index is out of range, or an object was not passed to the constructor.
    """
    if isinstance(given, np.ndarray):
        given = given.tolist()
    items = given if isinstance(given, Sequence) and not isinstance(given, str) else [given]
    keys = [key(item) for item in known]
    result = []
    for item in items:
        position = int(item) if isinstance(item, Integral) else _position(item, known, keys, key)
        if position is None or not -len(keys) <= position < len(keys):
            raise ValueError(
                f"{what} {item!r} is not one of the {len(keys)} passed to the constructor."
            )
        result.append(position)
    return result


def _position(item: Any, known: Sequence[Any], keys: list[Any], key: Any) -> int | None:
    for position, each in enumerate(known):
        if each is item:
            return position
    try:
        return keys.index(key(item))
    except (AttributeError, QiskitError, ValueError):  # unknown, or of a type without a key
        return None
