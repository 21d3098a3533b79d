"""Arguments of users: validation, and how error messages show them."""

from __future__ import annotations

import difflib
import math
from collections.abc import Sized
from numbers import Real
from typing import TYPE_CHECKING, Any

from qiskit_ibm_runtime.exceptions import IBMInputValueError

if TYPE_CHECKING:
    from collections.abc import Iterable

LONGEST_SHOWN = 200
MOST_NAMES_SHOWN = 20


def shown(value: Any) -> str:
    """Return the repr of a value for error messages, truncated if it is long."""
    text = repr(value)
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}..."


def choices(value: Any, allowed: Iterable[str]) -> str:
    """List allowed names for an error message: those similar to a value, or else the first ones."""
    names = list(allowed)
    near = difflib.get_close_matches(str(value), names) or names[:MOST_NAMES_SHOWN]
    left = len(names) - len(near)
    return f"{', '.join(near) or 'none'}{f' and {left} more' if left else ''}"


def must_be(name: str, allowed: str, value: Any) -> IBMInputValueError:
    """Return the error for an argument of another kind than what is allowed."""
    return IBMInputValueError(f"{name!r} must be {allowed}, not {shown(value)}.")


def optional_text(value: Any) -> str | None:
    """Return an optional name or id as a string; empty values become ``None``, as in 0.9.3."""
    return str(value) if value else None


def required_id(name: str, value: Any) -> str:
    """Return an id as a string.

    Args:
        name: Name of the argument, such as ``job_id``.
        value: The id, as a string or another object such as a UUID.

    Raises:
        IBMInputValueError: If it is ``None`` or empty, which in a request would mean all objects.
    """
    if value is None or value == "":
        raise must_be(name, f"the id of a {name.removesuffix('_id')}", value)
    return str(value)


def number(name: str, value: Any, least: float = -math.inf) -> Any:
    """Return a Python number, or ``None`` for ``None`` and empty values, as in 0.9.3.

    Args:
        name: Name of the argument, for the message.
        value: Value of the argument; a bool counts as 0 or 1.
        least: Smallest allowed number.

    Raises:
        IBMInputValueError: If the value is not a number, or too small.
    """
    if value is None or (isinstance(value, Sized) and len(value) == 0):
        return None
    value = value.item() if getattr(value, "shape", None) == () else value
    if isinstance(value, (bool, Real)):
        read: Any = value if not isinstance(value, bool) else int(value)
        if read >= least:  # false for NaN
            return read
    bound = "" if least == -math.inf else f" of at least {least}"
    raise must_be(name, f"a number{bound}, or None", value)


def seconds(name: str, value: Any) -> Any:
    """Return a duration of at least 0 seconds; see :func:`number`.

    Raises:
        IBMInputValueError: If the value is negative, infinite, or not a number.
    """
    read = number(name, value, 0)
    if read == math.inf:
        raise IBMInputValueError(f"{name!r} must be finite: omit it for no limit.")
    return read


def whole_number(name: str, value: Any) -> int | None:
    """Return an integer of at least 0, or ``None`` for ``None`` and empty values.

    Raises:
        IBMInputValueError: If the value is not a whole number, or negative.
    """
    read = number(name, value, 0)
    if read is None:
        return None
    if read != int(read):
        raise must_be(name, "a whole number, or None", value)
    return int(read)
