"""Codecs for numpy arrays and SciPy sparse matrices."""

from __future__ import annotations

import io
import math
import zipfile
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np

from qiskit_ibm_runtime.exceptions import DecodeError

from .limits import BYTES, budget
from .packing import pack, unpack, unpack_by_pieces

if TYPE_CHECKING:
    from collections.abc import Iterator

_HEADER = 2**16  # upper bound on the size of npy headers that numpy reads
_READERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


def array_to_members(array: np.ndarray[Any, Any]) -> dict[str, Any]:
    """Encode an array as npy bytes with a type tag; an object array as nested lists and its shape.

    Raises:
        TypeError: If encoding would lose part of the array.
    """
    if isinstance(array, np.ma.MaskedArray):
        raise TypeError("a masked array would lose its mask: use .filled(), or data and mask")
    if array.dtype == object:
        nested = array.tolist() if array.ndim else [array.item()]
        members = {"__value__": nested, "__dtype__": "object", "__shape__": list(array.shape)}
        return {"__type__": "ndarray", **members}
    if array.dtype.hasobject:
        raise TypeError(f"an array of {array.dtype} contains Python objects in its fields")
    return {"__type__": "ndarray", "__value__": pack(_npy(array))}


def _npy(array: np.ndarray[Any, Any]) -> bytes:
    """Return the output of ``numpy.save``, copying the data only once."""
    header = io.BytesIO()
    facts = np.lib.format.header_data_from_array_1_0(array)
    np.lib.format.write_array_header_2_0(header, facts)
    return b"".join((header.getvalue(), _memory(array)))


def _memory(array: np.ndarray[Any, Any]) -> memoryview:
    """Return the bytes of an array in memory order; non-contiguous arrays are copied."""
    if not array.nbytes:
        return memoryview(bytearray())
    flat = np.asarray(array).reshape(-1, order="A")
    return np.ascontiguousarray(flat).view(np.uint8).data


def array_from_members(members: dict[str, Any]) -> np.ndarray[Any, Any]:
    """Decode an array. Lists without a shape are converted with ``numpy.array``.

    Raises:
        DecodeError: If the members do not describe an array.
    """
    value = members["__value__"]
    if not isinstance(value, list):
        return _from_npy(unpack_by_pieces(value))
    if members.get("__dtype__") == "object":
        return _object_array(value, tuple(members["__shape__"]))
    objects = np.array(value, dtype=object)
    longest = max((len(item) for item in objects.flat if isinstance(item, str)), default=0)
    budget().spend_bytes(4 * objects.size * longest)  # numpy pads strings to the longest one
    return np.array(value)


def _from_npy(pieces: Iterator[bytes]) -> np.ndarray[Any, Any]:
    """Read an npy file into its array piece by piece, so that only one copy is in memory."""
    first = b""
    while len(first) < _HEADER and (piece := next(pieces, b"")):
        first += piece
    file = io.BytesIO(first)
    version = np.lib.format.read_magic(file)
    if version not in _READERS:  # 3.0, for field names outside Latin-1, is rare
        whole = io.BytesIO(b"".join(chain([first], pieces)))
        other: np.ndarray[Any, Any] = np.lib.format.read_array(whole, allow_pickle=False)
        return other
    shape, by_columns, dtype = _READERS[version](file)
    array = _allocate(shape, dtype, "F" if by_columns else "C")
    room = _memory(array)
    filled = 0
    for piece in chain([file.read()], pieces):
        if len(piece) > len(room) - filled:
            raise DecodeError(f"Malformed array: more data than its shape {shape} allows.")
        room[filled : filled + len(piece)] = piece
        filled += len(piece)
    if filled < len(room):
        raise DecodeError(
            f"Malformed array: {filled} bytes instead of the {len(room)} of its shape {shape}."
        )
    return array


def _allocate(shape: tuple[int, ...], dtype: np.dtype[Any], order: Any) -> np.ndarray[Any, Any]:
    """Allocate an uninitialized array, whose memory is committed only as it is filled."""
    if dtype.hasobject:
        raise DecodeError(f"An array of {dtype} contains pickled Python objects, which are unsafe.")
    if math.prod(shape) * (dtype.itemsize or 1) > BYTES:
        raise DecodeError(f"An array claims the implausibly large shape {shape}.")
    return np.empty(shape, dtype, order)


def _object_array(nested: list[Any], shape: tuple[int, ...]) -> np.ndarray[Any, Any]:
    items = nested
    for _ in shape[1:]:
        items = list(chain.from_iterable(items))
    if len(items) != math.prod(shape):
        raise DecodeError(f"Malformed array: {len(items)} elements for the shape {shape}.")
    array = np.empty(len(items), dtype=object)
    for index, item in enumerate(items):
        array[index] = item
    return array.reshape(shape)


def sparse_to_text(matrix: Any) -> str:
    """Encode a sparse matrix as an npz file in base64."""
    from scipy import sparse

    buffer = io.BytesIO()
    sparse.save_npz(buffer, matrix)
    return pack(buffer.getbuffer(), compress=False)


def sparse_from_text(text: object) -> Any:
    """Decode a sparse matrix.

    Raises:
        DecodeError: If the file is malformed or expands beyond the limits.
    """
    from scipy import sparse

    buffer = io.BytesIO(unpack(text, compressed=False))
    with zipfile.ZipFile(buffer) as archive:
        budget().spend_bytes(sum(entry.file_size for entry in archive.infolist()))
    buffer.seek(0)
    return sparse.load_npz(buffer)
