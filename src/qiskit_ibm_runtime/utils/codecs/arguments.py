"""Arguments from which Qiskit would make far more than they are, or have an effect."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np
from qiskit.quantum_info import Clifford

from .budget import budget
from .errors import DecodeError

if TYPE_CHECKING:
    from collections.abc import Collection

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
