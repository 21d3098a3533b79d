"""Arrays of the ``executor`` program: little-endian numbers, packed bits, compressed, in base64."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from qiskit_ibm_runtime.utils.codecs.errors import DecodeError
from qiskit_ibm_runtime.utils.codecs.packing import pack, unpack

from .errors import SHAPES, PubError

Array = np.ndarray[Any, Any]


def from_json(data: str, shape: list[int]) -> Array:
    """Read real numbers of double precision.

    Raises:
        PubError: If the data are not such numbers, or not as many as the shape says.
    """
    try:
        raw = unpack(data)
    except (DecodeError, ValueError) as error:
        raise PubError(SHAPES, f"The arguments of a circuit cannot be read: {error}") from error
    if math.prod(shape) * 8 != len(raw):
        text = f"The arguments of a circuit have the shape {shape}, and {len(raw)} bytes."
        raise PubError(SHAPES, text)
    array = np.frombuffer(raw, dtype="<f8").reshape(shape)
    if not np.isfinite(array).all():
        raise PubError(SHAPES, "The arguments of a circuit must be finite.")
    return array


def to_json(bits: Array) -> dict[str, Any]:
    """Write zeros and ones."""
    packed = np.packbits(bits.ravel().astype(np.uint8), bitorder="little")
    return {"data": pack(packed.tobytes()), "shape": list(bits.shape), "dtype": "bool"}
