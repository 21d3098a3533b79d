"""Summaries of a backend's calibration."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

# Error that services report for gates that do not work.
_FAULTY_GATE_ERROR = 1.0


def median_errors(properties: Any) -> dict[str, float | None]:
    """Return the median errors of readout, one-qubit gates and two-qubit gates.

    Virtual gates such as ``rz`` and ``id`` are excluded, and so are faulty gates. A value is
    ``None`` if the calibration does not report it.

    Args:
        properties: ``BackendProperties``, or ``None``.
    """
    return {
        "readout_error": _median(readout_errors(properties).values()),
        "one_qubit_error": _median(error for _, error in _gate_errors(properties, 1)),
        "two_qubit_error": _median(edge_errors(properties).values()),
    }


def readout_errors(properties: Any) -> dict[int, float]:
    """Return the readout errors that the calibration reports, keyed by qubit."""
    errors = {}
    for number, qubit in enumerate(properties.qubits if properties is not None else ()):
        for each in qubit:
            if each.name == "readout_error":
                errors[number] = float(each.value)
    return errors


def edge_errors(properties: Any) -> dict[tuple[int, int], float]:
    """Return the lowest gate error of each pair of qubits; keys list the lower qubit first."""
    errors: dict[tuple[int, int], float] = {}
    for qubits, error in _gate_errors(properties, 2):
        pair = (min(qubits), max(qubits))
        errors[pair] = min(error, errors.get(pair, error))
    return errors


def calibrated_at(properties: Any) -> str | None:
    """Return the time of the calibration, with a resolution of one minute."""
    when = getattr(properties, "last_update_date", None)
    return None if when is None else f"{when:%Y-%m-%d %H:%M}"


def _gate_errors(properties: Any, width: int) -> Iterator[tuple[tuple[int, ...], float]]:
    for gate in properties.gates if properties is not None else ():
        if len(gate.qubits) != width or gate.gate in ("id", "rz", "reset", "delay"):
            continue
        for parameter in gate.parameters:
            if parameter.name == "gate_error" and 0 < float(parameter.value) < _FAULTY_GATE_ERROR:
                yield tuple(gate.qubits), float(parameter.value)


def _median(errors: Any) -> float | None:
    values = list(errors)
    return float(median(values)) if values else None
