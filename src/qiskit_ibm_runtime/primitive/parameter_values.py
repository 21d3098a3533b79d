"""Parameter values as users give them, as one tuple of floats for each circuit."""

from __future__ import annotations

import math
from collections.abc import Sequence
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

Values = tuple[tuple[float, ...], ...]


def as_parameter_values(given: Any, circuits: Sequence[QuantumCircuit]) -> Values:
    """Return one set of values for each circuit.

    A number is one set of one value; a flat sequence is one set; a nested one is several.

    Args:
        given: Values in any of these forms, as numbers, sequences or arrays; ``None`` for none.
        circuits: The circuits they are for.

    Raises:
        TypeError: If something is no finite real number.
        ValueError: If there are more or fewer sets than circuits, or values than parameters.
    """
    values = _as_sets(given, circuits)
    if len(values) != len(circuits):
        raise ValueError(
            f"'parameter_values' holds {len(values)} sets of values for {len(circuits)} circuits: "
            "give one set for each circuit."
        )
    for index, (circuit, row) in enumerate(zip(circuits, values)):
        if len(row) != circuit.num_parameters:
            raise ValueError(
                f"Circuit {index} ({circuit.name!r}) has {circuit.num_parameters} parameters, "
                f"but {len(row)} values are given for it."
            )
    return values


def _as_sets(given: Any, circuits: Sequence[QuantumCircuit]) -> Values:
    if given is None:
        return tuple(() for _ in circuits)
    if isinstance(given, np.ndarray):
        given = given.tolist()
    if _is_number(given):
        return ((_as_float(given, "'parameter_values'"),),)
    if not _is_sequence(given):
        raise TypeError(
            "'parameter_values' must be numbers in a sequence for each circuit, "
            f"not {type(given).__name__}."
        )
    if not given or not any(_is_sequence(row) or isinstance(row, np.ndarray) for row in given):
        return (_as_row(given, "'parameter_values'"),)
    return tuple(
        _as_row(row, f"Set {index} of 'parameter_values'") for index, row in enumerate(given)
    )


def _as_row(row: Any, where: str) -> tuple[float, ...]:
    if isinstance(row, np.ndarray):
        row = row.tolist()
    if not _is_sequence(row):
        raise TypeError(f"{where} must be a sequence of numbers, not {row!r}.")
    return tuple(_as_float(value, where) for value in row)


def _as_float(value: Any, where: str) -> float:
    if not _is_number(value) or not math.isfinite(value):
        raise TypeError(f"{where} must hold finite real numbers, not {value!r}.")
    return float(value)


def _is_number(value: Any) -> bool:
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value.item()
    return isinstance(value, Real) and not isinstance(value, (bool, np.bool_))


def _is_sequence(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, (str, bytes))
