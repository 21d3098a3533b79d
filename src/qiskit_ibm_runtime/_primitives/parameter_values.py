"""Normalize parameter values to one tuple of floats per circuit."""

from __future__ import annotations

import math
from collections.abc import Sequence
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np

from qiskit_ibm_runtime._circuits.dataflow import free_parameters
from qiskit_ibm_runtime.checks import shown

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

Values = tuple[tuple[float, ...], ...]
_WHOLE = "'parameter_values'"


def as_parameter_values(
    given: Any,
    circuits: Sequence[QuantumCircuit],
    parameters: Sequence[Sequence[Any]] | None = None,
) -> Values:
    """Return one set of values per circuit.

    A number is one set with one value; a flat sequence is one set; a nested sequence is several.

    Args:
        given: Values as a number, a sequence or an array; ``None`` for none.
        circuits: The circuits to bind.
        parameters: Parameters of each circuit that get the values; by default its own.

    Raises:
        TypeError: If a value is not a finite real number.
        ValueError: If the numbers of sets and circuits, or of values and parameters, differ.
    """
    values = _as_sets(_without_array(given), circuits)
    if len(values) != len(circuits):
        raise ValueError(
            f"{_WHOLE} has {len(values)} sets of values for {len(circuits)} circuits: "
            "pass one set per circuit."
        )
    for index, (circuit, row) in enumerate(zip(circuits, values)):
        count = len(free_parameters(circuit) if parameters is None else parameters[index])
        if len(row) != count:
            raise ValueError(
                f"Circuit {index} ({circuit.name!r}) has {count} parameters, "
                f"but {len(row)} values were given."
            )
    return values


def _as_sets(given: Any, circuits: Sequence[QuantumCircuit]) -> Values:
    if given is None:
        return tuple(() for _ in circuits)
    if _is_number(given):
        return ((_as_float(given, _WHOLE, 0),),)
    if not _is_sequence(given):
        raise TypeError(
            f"{_WHOLE} must be a sequence of numbers per circuit, not {type(given).__name__}."
        )
    rows = [_without_array(row) for row in given]
    if not any(_is_sequence(row) for row in rows):
        return (_as_row(rows, _WHOLE),)
    return tuple(_as_row(row, f"Set {index} of {_WHOLE}") for index, row in enumerate(rows))


def _as_row(row: Any, where: str) -> tuple[float, ...]:
    if not _is_sequence(row):
        raise TypeError(f"{where} must be a sequence of numbers, not {shown(row)}.")
    return tuple(_as_float(_without_array(value), where, index) for index, value in enumerate(row))


def _as_float(value: Any, where: str, index: int) -> float:
    if type(value) is float and math.isfinite(value):
        return value  # fast path for the elements of arrays
    if not _is_number(value) or not _is_finite(value):
        raise TypeError(
            f"{where} must contain only finite real numbers; value {index} is {shown(value)} "
            f"of type {type(value).__name__}."
        )
    return float(value)


def _without_array(value: Any) -> Any:
    return value.tolist() if isinstance(value, np.ndarray) else value


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, (bool, np.bool_))


def _is_finite(value: Any) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # an integer beyond the largest float
        return False


def _is_sequence(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, (str, bytes))
