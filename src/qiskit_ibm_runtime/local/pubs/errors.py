"""Refusals of PUBs, with the codes that IBM's service uses."""

from __future__ import annotations

INTERNAL, INVALID_CIRCUIT, SHAPES, QASM, V1, NOT_ISA = 1000, 1500, 1501, 1506, 1513, 1517
TOO_LONG, OPTION, DYNAMIC, ENCODING = 1520, 1521, 1522, 1603


class PubError(Exception):
    """A job that its program refuses.

    Attributes:
        code: The number under which IBM documents the error.
        message: What is wrong, and what to do about it.
    """

    def __init__(self, code: int, message: str) -> None:
        super().__init__(f"Error code {code}; {message}")
        self.code, self.message = code, message
