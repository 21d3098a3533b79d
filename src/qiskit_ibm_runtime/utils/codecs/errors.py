"""What a value that cannot be encoded, or a payload that cannot be decoded, raises."""

from __future__ import annotations

from qiskit_ibm_runtime.exceptions import IBMError, IBMInputValueError


class EncodeError(IBMInputValueError, TypeError):
    """A value cannot travel, or would arrive as something else; nothing was sent."""


class DecodeError(IBMError, ValueError):
    """A payload is damaged, too large, or names something that is not allowed."""
