"""Tensors of the ``executor`` program: base64 of zlib of little-endian numbers or packed bits."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from qiskit_ibm_runtime._codecs.packing import pack, unpack
from qiskit_ibm_runtime.exceptions import DecodeError

from .errors import SHAPES, PubError

Array = np.ndarray[Any, Any]


def from_json(data: str, shape: list[int]) -> Array:
    """Decode a tensor of float64.

    Raises:
        PubError: If the data are malformed or do not match the shape.
    """
    try:
        raw = unpack(data)
    except (DecodeError, ValueError) as error:
        raise PubError(SHAPES, f"Cannot read circuit arguments: {error}") from error
    if math.prod(shape) * 8 != len(raw):
        text = f"Circuit arguments have shape {shape}, but {len(raw)} bytes."
        raise PubError(SHAPES, text)
    array = np.frombuffer(raw, dtype="<f8").reshape(shape)
    if not np.isfinite(array).all():
        raise PubError(SHAPES, "Circuit arguments must be finite.")
    return array


def to_json(bits: Array) -> dict[str, Any]:
    """Encode zeros and ones as a tensor of booleans."""
    packed = np.packbits(bits.ravel().astype(np.uint8), bitorder="little")
    return {"data": pack(packed.tobytes()), "shape": list(bits.shape), "dtype": "bool"}
