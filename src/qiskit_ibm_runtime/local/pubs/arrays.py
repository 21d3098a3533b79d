"""Parameter values of PUBs: arrays with type tags, or plain lists."""

from __future__ import annotations

from typing import Any

import numpy as np

from qiskit_ibm_runtime._codecs.arrays import array_from_members, array_to_members
from qiskit_ibm_runtime.exceptions import DecodeError

from .errors import SHAPES, PubError

Array = np.ndarray[Any, Any]


def to_json(array: Array) -> dict[str, Any]:
    """Encode an array with its type tag."""
    return array_to_members(np.ascontiguousarray(array))


def values_from_json(value: Any, names: tuple[str, ...]) -> Array:
    """Decode parameter values.

    Args:
        value: An array, nested lists, a dict of either by parameter name, or ``None``.
        names: Parameter names, in the order of the circuit.

    Returns:
        Real numbers of shape ``(..., parameters)``; with one parameter, the last axis may be
        missing from ``value``.

    Raises:
        PubError: If the values are malformed or do not match the parameters.
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
            f"The circuit has {width} parameters, but the values have shape {array.shape}.",
        )
    return array


def _by_name(value: dict[str, Any], names: tuple[str, ...]) -> Array:
    if set(value) != set(names):
        raise PubError(
            SHAPES, f"The circuit has parameters {names}, but values are given for {tuple(value)}."
        )
    if not names:
        return np.zeros(0)
    try:
        columns = np.broadcast_arrays(*[_real(value[name]) for name in names])
    except ValueError as error:
        raise PubError(
            SHAPES, "Values of different parameters have incompatible shapes."
        ) from error
    return np.stack(columns, axis=-1)


def _real(value: Any) -> Array:
    try:
        if isinstance(value, dict):
            if value.get("__type__") != "ndarray" or not isinstance(value.get("__value__"), str):
                raise PubError(SHAPES, "Parameter values must be an array.")
            array = array_from_members(value)
        else:
            array = np.asarray(value, dtype=float)
        array = np.asarray(array, dtype=float)
    except (DecodeError, ValueError, TypeError, EOFError) as error:
        raise PubError(SHAPES, f"Cannot read parameter values: {error}") from error
    if not np.isfinite(array).all():
        raise PubError(SHAPES, "Parameter values must be finite.")
    return array
