"""Evaluation of the angles of a circuit for many sets of parameter values at once."""

from __future__ import annotations

from numbers import Number
from typing import TYPE_CHECKING, Any

import numpy as np
from qiskit.circuit import Parameter

if TYPE_CHECKING:
    from collections.abc import Sequence

Array = np.ndarray[Any, np.dtype[np.float64]]


def evaluate(
    angles: Sequence[Any], parameters: Sequence[Parameter], rows: Sequence[Sequence[float]]
) -> Array:
    """Return the values of angles as an array of shape (rows, angles).

    Args:
        angles: Parameters and expressions of parameters.
        parameters: The parameters to bind.
        rows: Sets of parameter values, each in the order of ``parameters``.
    """
    given = np.array(rows, dtype=float).reshape(len(rows), len(parameters))
    columns = dict(zip(parameters, given.T))
    values = np.empty((len(rows), len(angles)))
    for index, angle in enumerate(angles):
        values[:, index] = _values(angle, columns, len(rows))
    return values


def _values(angle: Any, columns: dict[Parameter, Array], rows: int) -> Array:
    if isinstance(angle, Parameter):
        return columns[angle]
    names = list(angle.parameters)
    # Nearly all angles are linear after transpilation, such as theta + pi or 2 * theta.
    slopes = [angle.gradient(name) for name in names]
    if all(isinstance(slope, Number) for slope in slopes):
        constant = _number(angle.bind(dict.fromkeys(names, 0.0)))
        total = np.full(rows, constant)
        for name, slope in zip(names, slopes):
            total += complex(slope).real * columns[name]
        return total
    bound = [angle.bind({name: float(columns[name][row]) for name in names}) for row in range(rows)]
    return np.array([_number(each) for each in bound])


def _number(expression: Any) -> float:
    return complex(expression).real
