"""Arguments from which Qiskit would make far more than they are, or have an effect."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from qiskit import QuantumCircuit
from qiskit.circuit import Instruction

from .budget import budget
from .errors import DecodeError

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
_NUMBER = np.dtype(complex).itemsize


def check_arguments(name: str, arguments: dict[str, Any]) -> None:
    """Check the arguments of a class of Qiskit.

    Raises:
        DecodeError: If they would become much larger, or be written to a file.
    """
    data: Any = arguments.get("data")
    if name in _MADE_OF_NUMBERS and not _is_made_of_numbers(data):
        raise DecodeError(f"{name} came as {type(data).__name__}, not as numbers.")
    if name in _TABLEAUX and isinstance(data, (QuantumCircuit, Instruction)):
        raise DecodeError(f"{name} came as {type(data).__name__}, not as its tableau.")
    if name == "DensityMatrix" and not _is_square(np.shape(data)):
        raise DecodeError("DensityMatrix came as a vector, not as a matrix.")
    if name in _FILLED_UP:
        shape = getattr(arguments.get("primitive"), "shape", ())
        budget().spend_bytes(math.prod(shape) * _NUMBER)
    if name == "ADAM" and arguments.get("snapshot_dir"):
        raise DecodeError("ADAM would write a file where a payload says: leave snapshot_dir out.")


def _is_made_of_numbers(data: Any) -> bool:
    if isinstance(data, (list, tuple)):
        return all(map(_is_made_of_numbers, data))
    return data is None or isinstance(data, (np.ndarray, int, float, complex))


def _is_square(shape: tuple[int, ...]) -> bool:
    return len(shape) == 2 and shape[0] == shape[1]
