"""Arrays of numpy and sparse matrices of SciPy as the members of their typed wrappers."""

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

_HEADER = 2**16  # bytes that hold the header of any npy file that numpy reads
_READERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


def array_to_members(array: np.ndarray[Any, Any]) -> dict[str, Any]:
    """Return an array as npy bytes; one of objects as nested lists, its shape beside them.

    Raises:
        TypeError: If part of the array would be lost.
    """
    if isinstance(array, np.ma.MaskedArray):
        raise TypeError("a masked array would lose its mask: send .filled(), or data and mask")
    if array.dtype == object:
        nested = array.tolist() if array.ndim else [array.item()]
        return {"__value__": nested, "__dtype__": "object", "__shape__": list(array.shape)}
    if array.dtype.hasobject:
        raise TypeError(f"an array of {array.dtype} holds Python objects in its fields")
    return {"__value__": pack(_npy(array))}


def _npy(array: np.ndarray[Any, Any]) -> bytes:
    """Return what ``numpy.save`` writes, with one copy of the numbers where it makes several."""
    header = io.BytesIO()
    facts = np.lib.format.header_data_from_array_1_0(array)
    np.lib.format.write_array_header_2_0(header, facts)
    return b"".join((header.getvalue(), _memory(array)))


def _memory(array: np.ndarray[Any, Any]) -> memoryview:
    """Return the bytes of an array as they lie in memory; of one with gaps, of a copy."""
    if not array.nbytes:
        return memoryview(bytearray())
    flat = np.asarray(array).reshape(-1, order="A")
    return np.ascontiguousarray(flat).view(np.uint8).data


def array_from_members(members: dict[str, Any]) -> np.ndarray[Any, Any]:
    """Read an array. Lists without a shape beside them become what numpy makes of them.

    Raises:
        DecodeError: If text, lists and shape do not describe an array.
    """
    value = members["__value__"]
    if not isinstance(value, list):
        return _from_npy(unpack_by_pieces(value))
    if members.get("__dtype__") == "object":
        return _of_objects(value, tuple(members["__shape__"]))
    objects = np.array(value, dtype=object)
    longest = max((len(item) for item in objects.flat if isinstance(item, str)), default=0)
    budget().spend_bytes(4 * objects.size * longest)  # every text takes the room of the longest one
    return np.array(value)


def _from_npy(pieces: Iterator[bytes]) -> np.ndarray[Any, Any]:
    """Read an npy file into its array as the file arrives, so that it is never held twice."""
    first = b""
    while len(first) < _HEADER and (piece := next(pieces, b"")):
        first += piece
    file = io.BytesIO(first)
    version = np.lib.format.read_magic(file)
    if version not in _READERS:  # 3.0, for names of fields beyond Latin-1, is rare
        whole = io.BytesIO(b"".join(chain([first], pieces)))
        other: np.ndarray[Any, Any] = np.lib.format.read_array(whole, allow_pickle=False)
        return other
    shape, by_columns, dtype = _READERS[version](file)
    array = _room(shape, dtype, "F" if by_columns else "C")
    room = _memory(array)
    filled = 0
    for piece in chain([file.read()], pieces):
        if len(piece) > len(room) - filled:
            raise DecodeError(f"An array of shape {shape} came with more elements than that.")
        room[filled : filled + len(piece)] = piece
        filled += len(piece)
    if filled < len(room):
        raise DecodeError(f"An array of shape {shape} came with {filled} of {len(room)} bytes.")
    return array


def _room(shape: tuple[int, ...], dtype: np.dtype[Any], order: Any) -> np.ndarray[Any, Any]:
    """Return an array to fill; its memory is taken only as it is filled."""
    if dtype.hasobject:
        raise DecodeError(f"An array of {dtype} holds Python objects as pickles, which are unsafe.")
    if math.prod(shape) * (dtype.itemsize or 1) > BYTES:
        raise DecodeError(f"An array claims the shape {shape}, which is implausibly large.")
    return np.empty(shape, dtype, order)


def _of_objects(nested: list[Any], shape: tuple[int, ...]) -> np.ndarray[Any, Any]:
    items = nested
    for _ in shape[1:]:
        items = list(chain.from_iterable(items))
    if len(items) != math.prod(shape):
        raise DecodeError(f"An array of shape {shape} came with {len(items)} elements.")
    array = np.empty(len(items), dtype=object)
    for index, item in enumerate(items):
        array[index] = item
    return array.reshape(shape)


def sparse_to_text(matrix: Any) -> str:
    """Return a sparse matrix as the text of an npz file."""
    from scipy import sparse

    buffer = io.BytesIO()
    sparse.save_npz(buffer, matrix)
    return pack(buffer.getbuffer(), compress=False)


def sparse_from_text(text: object) -> Any:
    """Read a sparse matrix.

    Raises:
        DecodeError: If the file is damaged, or larger inside than is sane.
    """
    from scipy import sparse

    buffer = io.BytesIO(unpack(text, compressed=False))
    with zipfile.ZipFile(buffer) as archive:
        budget().spend_bytes(sum(entry.file_size for entry in archive.infolist()))
    buffer.seek(0)
    return sparse.load_npz(buffer)
