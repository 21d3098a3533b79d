"""Observables as sent: sums of Paulis with numeric coefficients."""

from __future__ import annotations

from typing import Any

import numpy as np
from qiskit.quantum_info import SparsePauliOp


def as_numbers(observable: Any, index: int) -> Any:
    """Return an observable with numeric coefficients; other types than ``SparsePauliOp`` unchanged.

    Args:
        observable: The observable.
        index: Its place among all, for the error.

    Raises:
        TypeError: If a coefficient has a free parameter.
        ValueError: If one is not finite.
    """
    if not isinstance(observable, SparsePauliOp):
        return observable
    if len(observable) == 0:  # services know no sum without terms
        return SparsePauliOp("I" * observable.num_qubits, [0.0])
    operator = observable
    if operator.coeffs.dtype == object:
        for coefficient in operator.coeffs:
            refuse_free(getattr(coefficient, "parameters", ()), index)
        operator = SparsePauliOp(operator.paulis, [complex(value) for value in operator.coeffs])
    finite = np.isfinite(operator.coeffs)
    if not finite.all():
        at = int(np.argmin(finite))
        raise ValueError(
            f"Observable {index} has the coefficient {operator.coeffs[at]} of "
            f"{operator.paulis[at]}, which is not finite."
        )
    return operator


def refuse_free(parameters: Any, index: int) -> None:
    """Refuse coefficients with free parameters.

    Raises:
        TypeError: If there are any.
    """
    names = sorted(parameter.name for parameter in parameters)
    if names:
        raise TypeError(
            f"Observable {index} has coefficients with free parameters: {', '.join(names)}. "
            "Bind them first; parameter values are for circuits only."
        )
