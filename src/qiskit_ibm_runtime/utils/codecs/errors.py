"""What a payload that cannot be decoded raises."""

from __future__ import annotations

from qiskit_ibm_runtime.exceptions import IBMError


class DecodeError(IBMError, ValueError):
    """A payload is damaged, too large, or names something that is not allowed."""
