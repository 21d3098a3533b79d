"""Where in a value something stands that cannot travel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from qiskit_ibm_runtime.exceptions import IBMError

from .errors import EncodeError

if TYPE_CHECKING:
    from collections.abc import Callable

_PLAIN = (str, int, float, bool, type(None))


def with_plain_keys(value: Any, convert: Callable[[Any], Any], path: str = "value") -> Any:
    """Return a copy whose dict keys JSON accepts, numbers of numpy turned to Python's.

    Args:
        value: A value that the fast encoder refused.
        convert: Returns what JSON can express for an object it cannot, or raises ``TypeError``.
        path: How the value is reached from the one that is sent.

    Raises:
        EncodeError: If part of the value cannot travel; the text starts with the path to it.
    """
    if isinstance(value, _PLAIN):
        return value
    if isinstance(value, dict):
        return {
            _key(key, path): with_plain_keys(item, convert, f"{path}[{key!r}]")
            for key, item in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [
            with_plain_keys(item, convert, f"{path}[{index}]") for index, item in enumerate(value)
        ]
    try:
        converted = convert(value)
    except TypeError as exc:
        text = exc.message if isinstance(exc, IBMError) else str(exc)
        raise EncodeError(f"{path}: {text}") from exc
    if isinstance(converted, dict) and "__value__" in converted:
        inside = f"{path}.{type(value).__name__}"
        return {**converted, "__value__": with_plain_keys(converted["__value__"], convert, inside)}
    return with_plain_keys(converted, convert, path)


def _key(key: Any, path: str) -> Any:
    if isinstance(key, np.generic):
        key = key.item()
    if isinstance(key, _PLAIN):
        return key
    raise EncodeError(f"{path}: a key of type {type(key).__name__} cannot be sent: {key!r}")
