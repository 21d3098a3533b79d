"""Bounds-checked sequential reading of QPY bytes."""

from __future__ import annotations

import struct
from typing import Any

from qiskit_ibm_runtime.local.pubs.errors import ENCODING, PubError


class Cursor:
    """A position in some bytes.

    Args:
        data: The bytes.
        version: The QPY version that they are written in.
    """

    def __init__(self, data: memoryview, version: int) -> None:
        self.data, self.version, self.at = data, version, 0

    def take(self, size: int) -> memoryview:
        """The next bytes."""
        if not 0 <= size <= len(self.data) - self.at:
            left = len(self.data) - self.at
            raise PubError(
                ENCODING, f"QPY ends too early: {size} bytes are announced, {left} are left."
            )
        self.at += size
        return self.data[self.at - size : self.at]

    def part(self, size: int) -> Cursor:
        """The next bytes, as a cursor of their own."""
        return Cursor(self.take(size), self.version)

    def unpack(self, form: str) -> tuple[Any, ...]:
        """The next values, in the notation of :mod:`struct`."""
        return struct.unpack(form, self.take(struct.calcsize(form)))

    def text(self, size: int) -> str:
        """The next bytes as text."""
        try:
            return bytes(self.take(size)).decode()
        except UnicodeDecodeError as error:
            raise PubError(ENCODING, "A name in QPY is not UTF-8.") from error

    def count(self, form: str, least: int) -> int:
        """The next number, of items that take at least so many bytes each."""
        (number,) = self.unpack(form)
        if number * least > len(self.data) - self.at:
            raise PubError(ENCODING, f"QPY announces {number} items, more than its bytes can hold.")
        return int(number)
