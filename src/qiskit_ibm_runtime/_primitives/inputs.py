"""Circuits, parameter values and observables as users pass them, converted to tuples.

The forms are those of terra 0.23, on every supported terra. Circuits and observables of the
deprecated constructor are referred to by index.
"""

from __future__ import annotations

import math
import sys
import warnings
from collections.abc import Iterable, Sequence
from contextlib import suppress
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

import numpy as np
from qiskit import QuantumCircuit
from qiskit.exceptions import QiskitError
from qiskit.quantum_info import Pauli, PauliList, SparsePauliOp
from qiskit.quantum_info.operators.base_operator import BaseOperator

from qiskit_ibm_runtime._circuits.dataflow import free_parameters, unread_measurements
from qiskit_ibm_runtime.utils.arguments import shown
from qiskit_ibm_runtime.utils.deprecation import caller_stacklevel

if TYPE_CHECKING:
    from typing import Protocol, Union

    class OpflowOperator(Protocol):
        """A ``PauliSumOp`` or ``PauliOp`` of the terra releases that have ``qiskit.opflow``."""

        primitive: Any
        coeff: Any

    Observable = Union[BaseOperator, PauliList, OpflowOperator, str]
    Observables = Union[Observable, Sequence[Observable]]

_VALUES = "'parameter_values'"


def as_circuits(given: Any) -> tuple[QuantumCircuit, ...]:
    """Return one circuit, or a sequence of them, as a tuple.

    Raises:
        TypeError: If it is not a circuit or a sequence of circuits.
        ValueError: If the sequence is empty.
    """
    if isinstance(given, QuantumCircuit):
        return (given,)
    if not _is_sequence(given):
        raise TypeError(
            "'circuits' must be a QuantumCircuit or a sequence of them, "
            f"not {type(given).__name__}."
        )
    for index, circuit in enumerate(given):
        if not isinstance(circuit, QuantumCircuit):
            raise TypeError(
                f"Element {index} of 'circuits' must be a QuantumCircuit, "
                f"not {type(circuit).__name__}."
            )
    if not given:
        raise ValueError("'circuits' is empty: pass at least one circuit.")
    return tuple(given)


def check_classical_bits(circuits: Sequence[QuantumCircuit]) -> None:
    """Raise ``ValueError`` if a circuit has no classical bits."""
    for index, circuit in enumerate(circuits):
        if circuit.num_clbits == 0:
            raise ValueError(
                f"Circuit {index} ({circuit.name!r}) has no classical bits to sample: "
                "add measurements, for example with measure_all()."
            )


def warn_of_measurements(circuits: Sequence[QuantumCircuit]) -> None:
    """Warn once if any circuit has final measurements, which an Estimator ignores."""
    for index, circuit in enumerate(circuits):
        if unread_measurements(circuit):
            warnings.warn(
                f"Circuit {index} ({circuit.name!r}) has final measurements, which the Estimator "
                "ignores, because it measures the observables. Remove them with "
                "remove_final_measurements().",
                UserWarning,
                stacklevel=caller_stacklevel(),
            )
            return


def as_parameter_values(
    given: Any,
    circuits: Sequence[QuantumCircuit],
    parameters: Sequence[Sequence[Any]] | None = None,
) -> tuple[tuple[float, ...], ...]:
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
    given = _without_array(given)
    if given is None:
        rows: list[Any] = [() for _ in circuits]
    elif _is_number(given):
        rows = [given]
    elif _is_sequence(given):
        rows = [_without_array(row) for row in given]
    else:
        raise TypeError(
            f"{_VALUES} must be a sequence of numbers per circuit, not {type(given).__name__}."
        )
    if given is None or any(map(_is_sequence, rows)):
        values = tuple(_as_row(row, f"Set {index} of {_VALUES}") for index, row in enumerate(rows))
    else:
        values = (_as_row(rows, _VALUES),)
    if len(values) != len(circuits):
        raise ValueError(
            f"{_VALUES} has {len(values)} sets of values for {len(circuits)} circuits: "
            "pass one set per circuit."
        )
    _check_counts(circuits, parameters, values, "values")
    return values


def _as_row(row: Any, where: str) -> tuple[float, ...]:
    if not _is_sequence(row):
        raise TypeError(f"{where} must be a sequence of numbers, not {shown(row)}.")
    return tuple(_as_float(_without_array(value), where, index) for index, value in enumerate(row))


def _as_float(value: Any, where: str, index: int) -> float:
    if type(value) is float and math.isfinite(value):
        return value  # fast path for the elements of arrays
    with suppress(OverflowError):  # an integer beyond the largest float
        if _is_number(value) and math.isfinite(value):
            return float(value)
    raise TypeError(
        f"{where} must contain only finite real numbers; value {index} is {shown(value)} "
        f"of type {type(value).__name__}."
    )


def _without_array(value: Any) -> Any:
    return value.tolist() if isinstance(value, np.ndarray) else value


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, (bool, np.bool_))


def _is_sequence(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, (str, bytes))


def _check_counts(
    circuits: Sequence[QuantumCircuit],
    parameters: Sequence[Sequence[Any]] | None,
    sets: Sequence[Sequence[Any]],
    what: str,
) -> None:
    """Raise ``ValueError`` unless each set has one element per parameter of its circuit."""
    for index, (circuit, one) in enumerate(zip(circuits, sets)):
        count = len(free_parameters(circuit) if parameters is None else parameters[index])
        if len(one) != count:
            raise ValueError(
                f"Circuit {index} ({circuit.name!r}) has {count} parameters, "
                f"but {len(one)} {what} were given."
            )


def as_observables(given: Any, circuits: Sequence[QuantumCircuit]) -> tuple[SparsePauliOp, ...]:
    """Return one observable per circuit, as :func:`all_observables` and check them.

    Raises:
        ValueError: If the numbers of observables and circuits differ, or the numbers of qubits of
            an observable and its circuit.
    """
    observables = all_observables(given)
    if not observables:
        raise ValueError("'observables' is empty: pass one observable per circuit.")
    check_observables(observables, circuits)
    return observables


def check_observables(
    observables: Sequence[SparsePauliOp], circuits: Sequence[QuantumCircuit]
) -> None:
    """Raise ``ValueError`` unless there is one observable per circuit, on as many qubits."""
    if len(observables) != len(circuits):
        raise ValueError(
            f"Got {len(observables)} observables for {len(circuits)} circuits: pass one "
            "observable per circuit."
        )
    for index, (circuit, observable) in enumerate(zip(circuits, observables)):
        if circuit.num_qubits != observable.num_qubits:
            raise ValueError(
                f"Observable {index} acts on {observable.num_qubits} qubits, but circuit {index} "
                f"({circuit.name!r}) has {circuit.num_qubits}."
            )


def all_observables(given: Any) -> tuple[SparsePauliOp, ...]:
    """Convert one observable or a sequence of them to a tuple of ``SparsePauliOp``.

    An object that occurs several times is converted once.

    Args:
        given: One observable or a sequence of them: ``SparsePauliOp``, ``Pauli``, ``PauliList``
            (with coefficients 1), a label such as ``"IXZ"``, an ``Operator`` or, with
            ``qiskit.opflow``, a ``PauliSumOp`` or ``PauliOp``.

    Raises:
        QiskitError: If a value is not an observable.
        TypeError: If a coefficient has a free parameter.
    """
    is_one = isinstance(given, (BaseOperator, PauliList)) or not _is_sequence(given)
    items = [given] if is_one else given
    done: dict[int, SparsePauliOp] = {}
    for index, item in enumerate(items):
        if id(item) not in done:
            done[id(item)] = _as_observable(item, index)
    return tuple(done[id(item)] for item in items)


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


def refuse_free(parameters: Any, index: int) -> None:
    """Raise ``TypeError`` if coefficients of an observable have these free parameters."""
    names = sorted(parameter.name for parameter in parameters)
    if names:
        raise TypeError(
            f"Observable {index} has coefficients with free parameters: {', '.join(names)}. "
            "Bind them first; parameter values apply only to circuits."
        )


def legacy_circuits(
    circuits: Any, parameters: Any, *, counted: bool
) -> tuple[tuple[QuantumCircuit, ...], tuple[Any, ...]]:
    """Return circuits of the deprecated constructor, and the parameters of each.

    Args:
        circuits: One circuit or any iterable of them; ``None`` for none.
        parameters: Order of the parameters of each circuit, for the values in calls; ``None`` for
            the circuit's own order.
        counted: Whether there must be as many as the circuit has. The program of the sampler also
            reads others.

    Raises:
        TypeError: If an element is not a circuit.
        ValueError: If the numbers of circuits and sets of parameters differ, or of the parameters.
    """
    one = (QuantumCircuit, str, bytes)
    if isinstance(circuits, Iterable) and not isinstance(circuits, one):
        circuits = tuple(circuits)
    kept = () if circuits in (None, ()) else as_circuits(circuits)
    if parameters is None:
        return kept, tuple(map(free_parameters, kept))
    sets = tuple(tuple(names or ()) for names in parameters)
    if len(sets) != len(kept):
        raise ValueError(
            f"Got {len(sets)} sets of parameters for {len(kept)} circuits. Give one set per "
            "circuit."
        )
    if counted:
        _check_counts(kept, None, sets, "names")
    return kept, sets


def indices_of(given: Any, known: Sequence[Any], key: Any, what: str) -> list[int]:
    """Return indices into the constructor's list, given as indices or as the objects themselves.

    Negative ones count from the end.

    Raises:
        ValueError: If an index is out of range, or an object was not passed to the constructor.
    """
    given = _without_array(given)
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
