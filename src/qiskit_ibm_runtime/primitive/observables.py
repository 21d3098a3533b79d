"""Observables as users give them, as a tuple of ``SparsePauliOp``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from qiskit.exceptions import QiskitError
from qiskit.quantum_info import Pauli, PauliList, SparsePauliOp
from qiskit.quantum_info.operators.base_operator import BaseOperator

if TYPE_CHECKING:
    from qiskit import QuantumCircuit


def as_observables(given: Any, circuits: Sequence[QuantumCircuit]) -> tuple[SparsePauliOp, ...]:
    """Return one observable for each circuit.

    Args:
        given: One observable or a sequence of them: ``SparsePauliOp``, ``Pauli``, ``PauliList``
            (all coefficients 1), a label such as ``"IXZ"``, an ``Operator`` or, where
            ``qiskit.opflow`` exists, a ``PauliSumOp``.
        circuits: The circuits they are for.

    Raises:
        QiskitError: If something cannot be read as an observable.
        TypeError: If a coefficient has a free parameter.
        ValueError: If there are more or fewer observables than circuits, or one has another number
            of qubits than its circuit.
    """
    observables = all_observables(given)
    if not observables:
        raise ValueError("'observables' is empty: give one for each circuit.")
    if len(observables) != len(circuits):
        raise ValueError(
            f"{len(observables)} observables are given for {len(circuits)} circuits: "
            "give one for each circuit."
        )
    for index, (circuit, observable) in enumerate(zip(circuits, observables)):
        if circuit.num_qubits != observable.num_qubits:
            raise ValueError(
                f"Observable {index} acts on {observable.num_qubits} qubits, but circuit {index} "
                f"({circuit.name!r}) has {circuit.num_qubits}."
            )
    return observables


def all_observables(given: Any) -> tuple[SparsePauliOp, ...]:
    """Return one observable or a sequence of them in the form that is sent.

    An object given several times stays one object.

    Raises:
        QiskitError: If one cannot be read.
        TypeError: If a coefficient has a free parameter.
    """
    items = given if _is_many(given) else [given]
    done: dict[int, SparsePauliOp] = {}
    for index, item in enumerate(items):
        if id(item) not in done:
            done[id(item)] = _as_observable(item, index)
    return tuple(done[id(item)] for item in items)


def _is_many(given: Any) -> bool:
    return isinstance(given, Sequence) and not isinstance(given, (str, BaseOperator, PauliList))


def _as_observable(given: Any, index: int) -> SparsePauliOp:
    # opflow is never imported for this check: an object of it can exist only if it is.
    opflow = sys.modules.get("qiskit.opflow")
    if opflow is not None and isinstance(given, opflow.PauliSumOp):
        _refuse_free(given.parameters, index)
        return complex(given.coeff) * given.primitive
    if isinstance(given, SparsePauliOp):
        return _bound(given, index)
    if isinstance(given, BaseOperator) and not isinstance(given, (Pauli, PauliList)):
        return SparsePauliOp.from_operator(given)
    try:
        return SparsePauliOp(given)
    except QiskitError as error:
        raise QiskitError(
            f"Observable {index} cannot be read: expected SparsePauliOp, Pauli, PauliList, "
            f"Operator or a label of I, X, Y and Z, not {given!r}. {error.message}"
        ) from error


def _bound(operator: SparsePauliOp, index: int) -> SparsePauliOp:
    """Coefficients may be expressions of parameters; only numbers can be estimated."""
    if operator.coeffs.dtype != object:
        return operator
    for coefficient in operator.coeffs:
        _refuse_free(getattr(coefficient, "parameters", ()), index)
    return SparsePauliOp(operator.paulis, [complex(value) for value in operator.coeffs])


def _refuse_free(parameters: Any, index: int) -> None:
    names = sorted(parameter.name for parameter in parameters)
    if names:
        raise TypeError(
            f"Observable {index} has coefficients with free parameters: {', '.join(names)}. "
            "Bind them first; parameter values are for circuits only."
        )
