"""Observables as users give them, as a tuple of ``SparsePauliOp``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from qiskit.circuit import ParameterExpression
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
    observables = tuple(as_observable(item) for item in (given if is_many(given) else [given]))
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


def is_many(given: Any) -> bool:
    """Whether this is a sequence of observables rather than one."""
    return isinstance(given, Sequence) and not isinstance(given, (str, BaseOperator, PauliList))


def as_observable(given: Any) -> SparsePauliOp:
    """Return one observable in the form that is sent."""
    # opflow is never imported for this check: an object of it can exist only if it is.
    opflow = sys.modules.get("qiskit.opflow")
    if opflow is not None and isinstance(given, opflow.PauliSumOp):
        if isinstance(given.coeff, ParameterExpression):
            raise TypeError(f"The observable has a free parameter in its coefficient: {given}.")
        return given.coeff * given.primitive
    if isinstance(given, SparsePauliOp):
        return given
    if isinstance(given, (Pauli, PauliList)):
        return SparsePauliOp(given)
    if isinstance(given, BaseOperator):
        return SparsePauliOp.from_operator(given)
    return SparsePauliOp(given)
