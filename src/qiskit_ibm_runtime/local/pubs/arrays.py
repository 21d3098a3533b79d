"""Numbers of PUBs: arrays in typed wrappers or plain lists."""

from __future__ import annotations

from typing import Any

import numpy as np

from qiskit_ibm_runtime.utils.codecs.arrays import array_from_members, array_to_members
from qiskit_ibm_runtime.utils.codecs.errors import DecodeError

from .errors import SHAPES, PubError

Array = np.ndarray[Any, Any]


def to_json(array: Array) -> dict[str, Any]:
    """The typed wrapper of an array."""
    return {"__type__": "ndarray", **array_to_members(np.ascontiguousarray(array))}


def values_from_json(value: Any, names: tuple[str, ...]) -> Array:
    """Read the values of parameters.

    Args:
        value: An array, nested lists, an object of such by the parameters' names, or ``None``.
        names: The parameters, in the order of a circuit.

    Returns:
        An array of real numbers of shape ``(..., parameters)``.

    Raises:
        PubError: If it is not one.
    """
    if isinstance(value, dict) and "__type__" not in value:
        return _by_name(value, names)
    array = np.zeros(0) if value is None else _real(value)
    if array.ndim == 0:
        array = array.reshape(1)
    width = len(names)
    if array.shape[-1] != width and width == 1:
        array = array[..., None]
    if array.shape[-1] != width:
        raise PubError(
            SHAPES,
            f"The circuit has {width} parameters, and its values have the shape {array.shape}.",
        )
    return array


def _by_name(value: dict[str, Any], names: tuple[str, ...]) -> Array:
    if set(value) != set(names):
        raise PubError(
            SHAPES, f"The circuit has the parameters {names}, and values for {tuple(value)}."
        )
    if not names:
        return np.zeros(0)
    try:
        columns = np.broadcast_arrays(*[_real(value[name]) for name in names])
    except ValueError as error:
        raise PubError(SHAPES, "The values of the parameters do not have one shape.") from error
    return np.stack(columns, axis=-1)


def _real(value: Any) -> Array:
    try:
        if isinstance(value, dict):
            if value.get("__type__") != "ndarray" or not isinstance(value.get("__value__"), str):
                raise PubError(SHAPES, "The values of parameters are an array.")
            array = array_from_members(value)
        else:
            array = np.asarray(value, dtype=float)
        array = np.asarray(array, dtype=float)
    except (DecodeError, ValueError, TypeError, EOFError) as error:
        raise PubError(SHAPES, f"The values of parameters cannot be read: {error}") from error
    if not np.isfinite(array).all():
        raise PubError(SHAPES, "The values of parameters must be finite.")
    return array
