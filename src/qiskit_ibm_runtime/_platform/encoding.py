"""Values of the platform's JSON: arrays, circuits and the tags around them."""

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

# What a compressed value may become, in bytes.
_MOST_BYTES = 2**31


def tagged(kind: str, value: Any) -> dict[str, Any]:
    """Return a value that says what it is."""
    return {"__type__": kind, "__value__": value}


def packed(data: bytes) -> str:
    """Return bytes as text, compressed."""
    return base64.b64encode(zlib.compress(data)).decode()


def unpacked(text: str) -> bytes:
    """Return the bytes of a text, whether they were compressed or not.

    Raises:
        IBMRuntimeError: If the text is damaged, or holds too much.
    """
    try:
        data = base64.b64decode(text)
    except ValueError as exc:
        raise IBMRuntimeError(f"A value of the result cannot be read: {exc}") from None
    try:
        reader = zlib.decompressobj()
        found = reader.decompress(data, _MOST_BYTES)
    except zlib.error:
        return data
    if reader.unconsumed_tail:
        raise IBMRuntimeError("A value of the result is larger than 2 GiB.")
    return found


def array(values: Any) -> dict[str, Any]:
    """Return numbers as a tagged array of floats."""
    buffer = io.BytesIO()
    np.save(buffer, np.asarray(values, dtype=float), allow_pickle=False)
    return tagged("ndarray", packed(buffer.getvalue()))


def tensor(values: np.ndarray[Any, Any]) -> dict[str, Any]:
    """Return floats in the form of the executor."""
    data = np.ascontiguousarray(values, dtype="<f8")
    return {"data": packed(data.tobytes()), "shape": list(data.shape), "dtype": "f64"}


_DTYPES = {"f64": "<f8", "f32": "<f4", "c128": "<c16", "c64": "<c8", "u8": "u1", "i64": "<i8"}


def from_tensor(value: dict[str, Any]) -> np.ndarray[Any, Any]:
    """Return the array of a tensor of the executor; bits come eight to a byte, the lowest first.

    Raises:
        IBMRuntimeError: If it is damaged.
    """
    try:
        data, shape, kind = unpacked(value["data"]), tuple(value["shape"]), value["dtype"]
        if kind in ("bool", "bool_", "b1"):
            size = int(np.prod(shape))
            bits = np.frombuffer(data, np.uint8)
            if len(bits) != size or size <= 1:  # else each bit has a byte of its own
                bits = np.unpackbits(bits, bitorder="little", count=size)
            return bits.reshape(shape)
        return np.frombuffer(data, _DTYPES.get(kind, kind)).reshape(shape)
    except (KeyError, TypeError, ValueError) as exc:
        raise IBMRuntimeError(f"A tensor of the result cannot be read: {exc}") from exc


class Bits:
    """Outcomes of one register.

    Attributes:
        array: Bytes of shape (..., shots, bytes), the most significant first.
        width: How many bits there are.
    """

    def __init__(self, array: Any, width: int) -> None:
        self.array, self.width = np.asarray(array, dtype=np.uint8), int(width)

    @classmethod
    def of_samples(cls, samples: Sequence[str], width: int) -> Bits:
        """Read outcomes that are written as numbers."""
        size = max(1, (width + 7) // 8)
        data = b"".join(int(sample, 0).to_bytes(size, "big") for sample in samples)
        return cls(np.frombuffer(data, np.uint8).reshape(len(samples), size), width)

    def columns(self) -> np.ndarray[Any, np.dtype[np.uint8]]:
        """Return the bits, of shape (rows, shots, bits), bit 0 first."""
        bits = np.unpackbits(self.array, axis=-1)[..., ::-1][..., : self.width]
        return bits.reshape(-1, *bits.shape[-2:])


def plain(values: Sequence[complex]) -> list[Any]:
    """Return numbers as V1's JSON holds them; complex ones are tagged."""
    if not any(value.imag for value in values):
        return [float(value.real) for value in values]
    return [tagged("complex", [complex(value).real, complex(value).imag]) for value in values]


def decode(text: str) -> Any:
    """Return what a result holds: tags that are known become numbers, arrays and dicts.

    What an unknown tag wraps is kept without the tag.

    Raises:
        ValueError: If it is no JSON.
        IBMRuntimeError: If a value is damaged.
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
            f"The result holds a damaged value of type {members['__type__']!r}: {exc}"
        ) from exc


def _ndarray(value: Any) -> np.ndarray[Any, Any]:
    if not isinstance(value, str):
        return np.asarray(value)
    return np.load(io.BytesIO(unpacked(value)), allow_pickle=False)  # type: ignore[no-any-return]


_READERS: dict[str, Any] = {
    "ndarray": _ndarray,
    "complex": lambda value: complex(*value),
    "BitArray": lambda value: Bits(value["array"], value["num_bits"]),
    "DataBin": lambda value: dict(value.get("fields", value)),
}
