"""Bounds-checked sequential reading of QPY bytes."""

from __future__ import annotations

import struct
from typing import Any

from qiskit_ibm_runtime.local.pubs.errors import ENCODING, PubError


class Cursor:
    """Position in bytes.

    Args:
        data: The bytes.
        version: QPY version of the data.
    """

    def __init__(self, data: memoryview, version: int) -> None:
        self.data, self.version, self.at = data, version, 0

    def take(self, size: int) -> memoryview:
        """Read ``size`` bytes."""
        if not 0 <= size <= len(self.data) - self.at:
            left = len(self.data) - self.at
            raise PubError(
                ENCODING, f"QPY is truncated: {size} bytes are declared, but {left} are left."
            )
        self.at += size
        return self.data[self.at - size : self.at]

    def part(self, size: int) -> Cursor:
        """Return a cursor over the next ``size`` bytes."""
        return Cursor(self.take(size), self.version)

    def unpack(self, form: str) -> tuple[Any, ...]:
        """Read values in a format of :mod:`struct`."""
        return struct.unpack(form, self.take(struct.calcsize(form)))

    def text(self, size: int) -> str:
        """Read ``size`` bytes as UTF-8."""
        try:
            return bytes(self.take(size)).decode()
        except UnicodeDecodeError as error:
            raise PubError(ENCODING, "A name in QPY is not UTF-8.") from error

    def count(self, form: str, least: int) -> int:
        """Read a number of items, each of which takes at least ``least`` bytes."""
        (number,) = self.unpack(form)
        if number * least > len(self.data) - self.at:
            raise PubError(ENCODING, f"QPY declares {number} items, more than its bytes can hold.")
        return int(number)
