"""Conversion of observables to ``SparsePauliOp`` with numeric coefficients."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from qiskit.exceptions import QiskitError
from qiskit.quantum_info import Pauli, PauliList, SparsePauliOp
from qiskit.quantum_info.operators.base_operator import BaseOperator

from qiskit_ibm_runtime.checks import shown

if TYPE_CHECKING:
    from typing import Protocol, Union

    from qiskit import QuantumCircuit

    class OpflowOperator(Protocol):
        """A ``PauliSumOp`` or ``PauliOp`` of the terra releases that have ``qiskit.opflow``."""

        primitive: Any
        coeff: Any

    Observable = Union[BaseOperator, PauliList, OpflowOperator, str]
    Observables = Union[Observable, Sequence[Observable]]


def as_observables(given: Any, circuits: Sequence[QuantumCircuit]) -> tuple[SparsePauliOp, ...]:
    """Return one observable per circuit.

    Args:
        given: One observable or a sequence of them: ``SparsePauliOp``, ``Pauli``, ``PauliList``
            (with coefficients 1), a label such as ``"IXZ"``, an ``Operator`` or, with
            ``qiskit.opflow``, a ``PauliSumOp`` or ``PauliOp``.
        circuits: The circuits of the observables.

    Raises:
        QiskitError: If a value is not an observable.
        TypeError: If a coefficient has a free parameter.
        ValueError: If the numbers of observables and circuits differ, or the numbers of qubits of
            an observable and its circuit.
    """
    observables = all_observables(given)
    if not observables:
        raise ValueError("'observables' is empty: pass one observable per circuit.")
    if len(observables) != len(circuits):
        raise ValueError(
            f"Got {len(observables)} observables for {len(circuits)} circuits: pass one "
            "observable per circuit."
        )
    check_widths(observables, circuits)
    return observables


def check_widths(observables: Sequence[SparsePauliOp], circuits: Sequence[QuantumCircuit]) -> None:
    """Check that each observable acts on as many qubits as its circuit has.

    Raises:
        ValueError: If one does not.
    """
    for index, (circuit, observable) in enumerate(zip(circuits, observables)):
        if circuit.num_qubits != observable.num_qubits:
            raise ValueError(
                f"Observable {index} acts on {observable.num_qubits} qubits, but circuit {index} "
                f"({circuit.name!r}) has {circuit.num_qubits}."
            )


def all_observables(given: Any) -> tuple[SparsePauliOp, ...]:
    """Convert one observable or a sequence of them to a tuple of ``SparsePauliOp``.

    An object that occurs several times is converted once.

    Raises:
        QiskitError: If a value is not an observable.
        TypeError: If a coefficient has a free parameter.
    """
    items = given if _is_many(given) else [given]
    done: dict[int, SparsePauliOp] = {}
    for index, item in enumerate(items):
        if id(item) not in done:
            done[id(item)] = _as_observable(item, index)
    return tuple(done[id(item)] for item in items)


def _is_many(given: Any) -> bool:
    one = (str, bytes, BaseOperator, PauliList)
    return isinstance(given, Sequence) and not isinstance(given, one)


def _as_observable(given: Any, index: int) -> SparsePauliOp:
    # Objects of opflow exist only if opflow was imported, so it is not imported for this check.
    opflow = sys.modules.get("qiskit.opflow")
    if opflow is not None and isinstance(given, (opflow.PauliSumOp, opflow.PauliOp)):
        refuse_free(given.parameters, index)
        return complex(given.coeff) * SparsePauliOp(given.primitive)
    if isinstance(given, SparsePauliOp):
        return given
    try:
        if isinstance(given, BaseOperator) and not isinstance(given, (Pauli, PauliList)):
            return SparsePauliOp.from_operator(given)
        return SparsePauliOp(given)
    except (QiskitError, TypeError) as error:  # TypeError: terra before 0.45 with numpy 2
        raise QiskitError(
            f"Observable {index} is invalid: expected SparsePauliOp, Pauli, PauliList, Operator "
            f"or a label of I, X, Y and Z, not {shown(given)}. "
            f"{getattr(error, 'message', error)}"
        ) from error


def as_numbers(observable: Any, index: int) -> Any:
    """Return an observable with numeric coefficients; other types than ``SparsePauliOp`` unchanged.

    Args:
        observable: The observable.
        index: Index of the observable, for the error message.

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
    """Reject coefficients with free parameters.

    Raises:
        TypeError: If there are any.
    """
    names = sorted(parameter.name for parameter in parameters)
    if names:
        raise TypeError(
            f"Observable {index} has coefficients with free parameters: {', '.join(names)}. "
            "Bind them first; parameter values apply only to circuits."
        )
