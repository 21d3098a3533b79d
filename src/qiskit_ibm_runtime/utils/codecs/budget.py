"""Limits on how far one payload may expand when decoded.

The sizes that a payload claims cost the sender a few bytes, but may cost the receiver memory or
hours: the number of qubits of a circuit, the length of a vector, the inflated size of a stream. All
parts of one payload therefore share one budget, and each part is charged before it is built.
"""

from __future__ import annotations

from contextlib import contextmanager
from threading import local
from typing import TYPE_CHECKING

from .errors import DecodeError

if TYPE_CHECKING:
    from collections.abc import Iterator

BYTES = 2**30  # that data may gain by inflating, and circuits by standing inside circuits
OBJECTS = 2**18  # bits of circuits and elements of parameter vectors; about two seconds' work
BYTES_PER_OBJECT = 4  # that a circuit has, for each further object: the least a register needs
STEPS = 2**30  # Qiskit looks at each bit of a circuit for each instruction; half a minute's work

_thread = local()


class Budget:
    """What a payload may still spend."""

    def __init__(self) -> None:
        self._bytes, self._objects, self._steps = BYTES, OBJECTS, STEPS

    def spend_bytes(self, number: int) -> None:
        """Pay for bytes that the payload does not hold as such."""
        self._bytes -= number
        if self._bytes < 0:
            raise DecodeError(
                f"Packed bytes inflate to more than {BYTES} bytes beyond what the payload holds."
            )

    def earn_objects(self, size: int) -> None:
        """Grant what a circuit of this size can name."""
        self._objects += size // BYTES_PER_OBJECT

    def spend_objects(self, number: int) -> None:
        """Pay for bits and parameters."""
        self._objects -= number
        if self._objects < 0:
            raise DecodeError(
                f"Circuits claim {number} more bits or parameters than a payload of this size may "
                f"hold: {OBJECTS}, and one for every {BYTES_PER_OBJECT} bytes."
            )

    def spend_steps(self, number: int) -> None:
        """Pay for the time that reading instructions takes."""
        self._steps -= number
        if self._steps < 0:
            raise DecodeError(f"Circuits take more than {STEPS} steps (bits times instructions).")


@contextmanager
def one_budget() -> Iterator[Budget]:
    """Let all that this thread decodes while the block lasts share one budget."""
    before = getattr(_thread, "budget", None)
    _thread.budget = before or Budget()
    try:
        yield _thread.budget
    finally:
        _thread.budget = before


def budget() -> Budget:
    """Return the budget of the payload that this thread decodes."""
    return getattr(_thread, "budget", None) or Budget()
