"""Encoding of arrays, tensors and tagged values in the platform's JSON."""

from __future__ import annotations

import base64
import io
import json
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np

from qiskit_ibm_runtime.exceptions import IBMRuntimeError

if TYPE_CHECKING:
    from collections.abc import Sequence

# Limit on the size of one decompressed value.
_MOST_BYTES = 2**31


def tagged(kind: str, value: Any) -> dict[str, Any]:
    """Wrap a value with a tag that names its type."""
    return {"__type__": kind, "__value__": value}


def compress(data: bytes) -> str:
    """Compress bytes with zlib and encode them as base64."""
    return base64.b64encode(zlib.compress(data)).decode()


def decompress(text: str) -> bytes:
    """Decode base64, and decompress the bytes if they are compressed.

    Raises:
        IBMRuntimeError: If the base64 is invalid, or the bytes exceed 2 GiB.
    """
    try:
        data = base64.b64decode(text)
    except ValueError as exc:
        raise IBMRuntimeError(f"Cannot decode a value of the result: {exc}") from None
    try:
        reader = zlib.decompressobj()
        found = reader.decompress(data, _MOST_BYTES)
    except zlib.error:
        return data
    if reader.unconsumed_tail:
        raise IBMRuntimeError("A value of the result is larger than 2 GiB.")
    return found


def encode_array(values: Any) -> dict[str, Any]:
    """Encode numbers as a tagged array of floats."""
    buffer = io.BytesIO()
    np.save(buffer, np.asarray(values, dtype=float), allow_pickle=False)
    return tagged("ndarray", compress(buffer.getvalue()))


def encode_tensor(values: np.ndarray[Any, Any]) -> dict[str, Any]:
    """Encode floats as a tensor of the executor program."""
    data = np.ascontiguousarray(values, dtype="<f8")
    return {"data": compress(data.tobytes()), "shape": list(data.shape), "dtype": "f64"}


_DTYPES = {"f64": "<f8", "f32": "<f4", "c128": "<c16", "c64": "<c8", "u8": "u1", "i64": "<i8"}


def decode_tensor(value: dict[str, Any]) -> np.ndarray[Any, Any]:
    """Decode a tensor of the executor program; bits are packed in bytes, lowest first.

    Raises:
        IBMRuntimeError: If the tensor is malformed.
    """
    try:
        data, shape, kind = decompress(value["data"]), tuple(value["shape"]), value["dtype"]
        if kind in ("bool", "bool_", "b1"):
            size = int(np.prod(shape))
            bits = np.frombuffer(data, np.uint8)
            if len(bits) != size or size <= 1:  # otherwise there is one byte per bit
                bits = np.unpackbits(bits, bitorder="little", count=size)
            return bits.reshape(shape)
        return np.frombuffer(data, _DTYPES.get(kind, kind)).reshape(shape)
    except (KeyError, TypeError, ValueError) as exc:
        raise IBMRuntimeError(f"Cannot decode a tensor of the result: {exc}") from exc


class Bits:
    """Outcomes of one register.

    Attributes:
        array: Bytes of shape (..., shots, bytes), most significant byte first.
        width: Number of bits.
    """

    def __init__(self, array: Any, width: int) -> None:
        self.array, self.width = np.asarray(array, dtype=np.uint8), int(width)

    @classmethod
    def from_samples(cls, samples: Sequence[str], width: int) -> Bits:
        """Create outcomes from integer literals such as ``"0x3"``."""
        size = max(1, (width + 7) // 8)
        data = b"".join(int(sample, 0).to_bytes(size, "big") for sample in samples)
        return cls(np.frombuffer(data, np.uint8).reshape(len(samples), size), width)

    def columns(self) -> np.ndarray[Any, np.dtype[np.uint8]]:
        """Return the bits as an array of shape (rows, shots, bits), bit 0 first."""
        bits = np.unpackbits(self.array, axis=-1)[..., ::-1][..., : self.width]
        return bits.reshape(-1, *bits.shape[-2:])


def v1_numbers(values: Sequence[complex]) -> list[Any]:
    """Return numbers as in V1 JSON, with tags if any of them is complex."""
    if not any(value.imag for value in values):
        return [float(value.real) for value in values]
    return [tagged("complex", [complex(value).real, complex(value).imag]) for value in values]


def decode(text: str) -> Any:
    """Decode the JSON of a result: known tags become numbers, arrays and dicts.

    Unknown tags are removed, keeping the value that they wrap.

    Raises:
        ValueError: If the text is not JSON.
        IBMRuntimeError: If a value is malformed.
    """
    return json.loads(text, object_hook=_untagged)


def _untagged(members: dict[str, Any]) -> Any:
    if "__type__" not in members or "__value__" not in members:
        return members
    value = members["__value__"]
    read = _READERS.get(members["__type__"])
    if read is None:
        return value
    try:
        return read(value)
    except (KeyError, TypeError, ValueError, IndexError) as exc:
        raise IBMRuntimeError(
            f"The result contains a malformed value of type {members['__type__']!r}: {exc}"
        ) from exc


def _ndarray(value: Any) -> np.ndarray[Any, Any]:
    if not isinstance(value, str):
        return np.asarray(value)
    return np.load(io.BytesIO(decompress(value)), allow_pickle=False)  # type: ignore[no-any-return]


_READERS: dict[str, Any] = {
    "ndarray": _ndarray,
    "complex": lambda value: complex(*value),
    "BitArray": lambda value: Bits(value["array"], value["num_bits"]),
    "DataBin": lambda value: dict(value.get("fields", value)),
}
