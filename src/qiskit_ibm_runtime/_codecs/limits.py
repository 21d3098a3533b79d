"""Limits on how far one payload may expand when decoded.

A few bytes of a payload can claim sizes that cost the receiver much memory or time: the number of
qubits of a circuit, the length of a vector, the decompressed size of a stream. All parts of one
payload therefore share one budget, and each part is charged before it is built.
"""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from threading import local
from typing import TYPE_CHECKING, Any

from qiskit_ibm_runtime.exceptions import DecodeError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator


BYTES = 2**30  # maximum growth by decompression and by circuits nested in circuits
OBJECTS = 2**18  # bits of circuits and elements of parameter vectors; about 2 seconds of work
BYTES_PER_OBJECT = 4  # size of a circuit that allows one more object: the minimum for a register
STEPS = 2**30  # Qiskit visits each bit of a circuit for each instruction; about 30 seconds of work

_thread = local()
_MAX_EQUAL_HASHES = 1000


class Budget:
    """Remaining budget of a payload."""

    def __init__(self) -> None:
        self._bytes, self._objects, self._steps = BYTES, OBJECTS, STEPS

    def spend_bytes(self, number: int) -> None:
        """Charge for bytes that the payload does not contain literally."""
        self._bytes -= number
        if self._bytes < 0:
            raise DecodeError(
                f"The payload decompresses to more than {BYTES} bytes beyond its own size."
            )

    def earn_objects(self, size: int) -> None:
        """Add the objects that a circuit of this size may have."""
        self._objects += size // BYTES_PER_OBJECT

    def spend_objects(self, number: int) -> None:
        """Charge for bits and parameters."""
        self._objects -= number
        if self._objects < 0:
            raise DecodeError(
                f"Circuits claim {number} more bits or parameters, which exceeds the limit for a "
                f"payload of this size: {OBJECTS}, plus one per {BYTES_PER_OBJECT} bytes."
            )

    def spend_steps(self, number: int) -> None:
        """Charge for the time that reading instructions takes."""
        self._steps -= number
        if self._steps < 0:
            raise DecodeError(
                f"Circuits exceed the limit of {STEPS} steps (bits times instructions)."
            )


@contextmanager
def one_budget(given: Budget | None = None) -> Iterator[Budget]:
    """Share one budget among everything that this thread decodes within the block.

    Args:
        given: Budget to share if there is none yet; by default a new one.
    """
    before = getattr(_thread, "budget", None)
    _thread.budget = before or given or Budget()
    try:
        yield _thread.budget
    finally:
        _thread.budget = before


def budget() -> Budget:
    """Return the budget of the payload that this thread is decoding."""
    return getattr(_thread, "budget", None) or Budget()


def check_noise_model(data: Any) -> None:
    """Check a noise model, from which Aer creates circuits as wide as the highest qubit.

    Raises:
        DecodeError: If it is malformed, or needs more qubits than the budget allows.
    """
    try:
        for error in data.get("errors", ()):
            for circuit in error.get("instructions", ()):
                numbers = [qubit for step in circuit for qubit in step["qubits"]]
                budget().spend_objects(max(numbers, default=-1) + 1)
    except (AttributeError, KeyError, TypeError) as exc:
        raise DecodeError(f"Malformed noise model: {exc!r}") from None


def check_hashes(values: Collection[Any]) -> None:
    """Reject values chosen to have equal hashes, for which sets and dicts take quadratic time.

    Raises:
        DecodeError: If more than a thousand values have the same hash.
    """
    if len(values) <= _MAX_EQUAL_HASHES:
        return
    if max(Counter(map(hash, values)).values()) > _MAX_EQUAL_HASHES:
        raise DecodeError("Too many values with equal hashes: hashing takes quadratic time.")
