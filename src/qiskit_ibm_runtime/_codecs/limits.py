"""Limits on how far one payload may expand when decoded.

The sizes that a payload claims cost the sender a few bytes, but may cost the receiver memory or
hours: the number of qubits of a circuit, the length of a vector, the inflated size of a stream. All
parts of one payload therefore share one budget, and each part is charged before it is built.
"""

from __future__ import annotations

import math
from collections import Counter
from contextlib import contextmanager
from threading import local
from typing import TYPE_CHECKING, Any

import numpy as np
from qiskit.quantum_info import Clifford

from qiskit_ibm_runtime.exceptions import DecodeError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator


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


# They travel as their numbers. From a circuit, a Pauli or a channel of another kind they would be
# computed, in memory that grows exponentially with the number of qubits.
_MADE_OF_NUMBERS = frozenset(
    {
        "Chi",
        "Choi",
        "DensityMatrix",
        "Kraus",
        "Operator",
        "PTM",
        "Statevector",
        "Stinespring",
        "SuperOp",
    }
)
_TABLEAUX = frozenset({"Clifford", "StabilizerState"})  # quadratic in the number of qubits
_FILLED_UP = frozenset({"MatrixOp", "PrimitiveOp"})  # a sparse matrix becomes a dense one
_MOST_ALIKE = 1000
_STEPS_PER_LETTER = 64  # of a Clifford made of labels, which Qiskit reads letter by letter
_NUMBER = np.dtype(complex).itemsize


def check_arguments(name: str, arguments: dict[str, Any]) -> None:
    """Check the arguments of a class of Qiskit.

    Raises:
        DecodeError: If they would become much larger, or be written to a file.
    """
    data: Any = arguments.get("data")
    if name in _MADE_OF_NUMBERS and not _is_made_of_numbers(data):
        raise DecodeError(f"{name} came as {type(data).__name__}, not as numbers.")
    if name in _TABLEAUX:
        _check_tableau(name, data)
    if name == "DensityMatrix" and not _is_square(np.shape(data)):
        raise DecodeError("DensityMatrix came as a vector, not as a matrix.")
    if name in _FILLED_UP:
        shape = getattr(arguments.get("primitive"), "shape", ())
        budget().spend_bytes(math.prod(shape) * _NUMBER)
    if name == "ADAM" and arguments.get("snapshot_dir"):
        raise DecodeError("ADAM would write a file where a payload says: leave snapshot_dir out.")


def check_noise_model(data: Any) -> None:
    """Check what Aer makes a noise model of: each error is a circuit as wide as its highest qubit.

    Raises:
        DecodeError: If it is no noise model, or names qubits that a payload of its size has no use
            for.
    """
    try:
        for error in data.get("errors", ()):
            for circuit in error.get("instructions", ()):
                numbers = [qubit for step in circuit for qubit in step["qubits"]]
                budget().spend_objects(max(numbers, default=-1) + 1)
    except (AttributeError, KeyError, TypeError) as exc:
        raise DecodeError(f"A noise model has an unknown form: {exc}") from None


def check_hashes(values: Collection[Any]) -> None:
    """Refuse values chosen to share one hash: each of them is compared with all others.

    Raises:
        DecodeError: If there are more than a thousand of one hash.
    """
    if len(values) > _MOST_ALIKE and max(Counter(map(hash, values)).values()) > _MOST_ALIKE:
        raise DecodeError("Values were chosen so that telling them apart takes quadratic time.")


def _check_tableau(name: str, data: Any) -> None:
    if isinstance(data, list) and all(isinstance(label, str) for label in data):
        budget().spend_steps(_STEPS_PER_LETTER * sum(map(len, data)))
    elif not (isinstance(data, (list, np.ndarray, Clifford))):
        raise DecodeError(f"{name} came as {type(data).__name__}, not as its tableau.")


def _is_made_of_numbers(data: Any) -> bool:
    if isinstance(data, (list, tuple)):
        return all(map(_is_made_of_numbers, data))
    return data is None or isinstance(data, (np.ndarray, int, float, complex))


def _is_square(shape: tuple[int, ...]) -> bool:
    return len(shape) == 2 and shape[0] == shape[1]
