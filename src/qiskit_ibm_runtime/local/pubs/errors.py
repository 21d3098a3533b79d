"""Errors of V2 programs, with the codes of IBM's service."""

from __future__ import annotations

INTERNAL, INVALID_CIRCUIT, SHAPES, QASM, V1, NOT_ISA = 1000, 1500, 1501, 1506, 1513, 1517
FRACTIONAL, OPTION, DYNAMIC, ENCODING = 1519, 1521, 1522, 1603


class PubError(Exception):
    """Invalid inputs of a V2 program.

    Attributes:
        code: Error code as documented by IBM.
        message: What is wrong and how to fix it.
    """

    def __init__(self, code: int, message: str) -> None:
        super().__init__(f"Error code {code}; {message}")
        self.code, self.message = code, message
