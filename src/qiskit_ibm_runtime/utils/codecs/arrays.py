"""Arrays of numpy and sparse matrices of SciPy as the members of their typed wrappers."""

from __future__ import annotations

import io
import math
import zipfile
from itertools import chain
from typing import Any

import numpy as np

from .errors import DecodeError
from .packing import LARGEST, pack, unpack


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
    return header.getvalue() + array.tobytes("A")


def array_from_members(members: dict[str, Any]) -> np.ndarray[Any, Any]:
    """Read an array. Lists without a shape beside them become what numpy makes of them.

    Raises:
        DecodeError: If text, lists and shape do not describe an array.
    """
    value = members["__value__"]
    if not isinstance(value, list):
        data = io.BytesIO(unpack(value))
        array: np.ndarray[Any, Any] = np.lib.format.read_array(data, allow_pickle=False)
        return array
    if members.get("__dtype__") != "object":
        return np.array(value)
    shape = tuple(members["__shape__"])
    return _of_objects(value, shape)


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
        if sum(entry.file_size for entry in archive.infolist()) > LARGEST:
            raise DecodeError(f"A sparse matrix inflates to more than {LARGEST} bytes.")
    buffer.seek(0)
    return sparse.load_npz(buffer)
