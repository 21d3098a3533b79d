"""Validation of the circuits passed to a primitive."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

from qiskit import QuantumCircuit

from qiskit_ibm_runtime._circuits.dataflow import unread_measurements
from qiskit_ibm_runtime.utils.deprecation import caller_stacklevel


def as_circuits(given: Any) -> tuple[QuantumCircuit, ...]:
    """Return one circuit, or a sequence of them, as a tuple.

    Raises:
        TypeError: If it is not a circuit or a sequence of circuits.
        ValueError: If the sequence is empty.
    """
    if isinstance(given, QuantumCircuit):
        return (given,)
    if not isinstance(given, Sequence) or isinstance(given, (str, bytes)):
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
    """Check that each circuit has classical bits.

    Raises:
        ValueError: If a circuit has no classical bits.
    """
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
