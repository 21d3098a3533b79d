"""The error of what no normal form can say."""

from __future__ import annotations

from qiskit_ibm_runtime.exceptions import IBMInputValueError


class CircuitError(IBMInputValueError):
    """A circuit holds what has a meaning in its author's process alone."""
