"""Checks of arguments, made before anything is sent."""

from __future__ import annotations

import difflib
import math
from collections.abc import Sized
from numbers import Real
from typing import TYPE_CHECKING, Any

from .exceptions import IBMInputValueError

if TYPE_CHECKING:
    from collections.abc import Iterable

LONGEST_SHOWN = 200
MOST_NAMES_SHOWN = 20


def shown(value: Any) -> str:
    """A value as an error message shows it: whole circuits and arrays are cut short."""
    text = repr(value)
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}..."


def choices(value: Any, allowed: Iterable[str]) -> str:
    """What is allowed in place of a value: the names nearest to it, else the first of all."""
    names = list(allowed)
    near = difflib.get_close_matches(str(value), names) or names[:MOST_NAMES_SHOWN]
    left = len(names) - len(near)
    return f"{', '.join(near) or 'none'}{f' and {left} more' if left else ''}"


def check_kind(name: str, value: Any, kind: type | tuple[type, ...], allowed: str) -> None:
    """Refuse a value of another type; ``None`` passes.

    Args:
        name: Name of the argument, for the message.
        value: Its value.
        kind: Type or types that are allowed.
        allowed: The same in words.

    Raises:
        IBMInputValueError: If the value is of another type.
    """
    if value is not None and not isinstance(value, kind):
        raise IBMInputValueError(f"{name!r} must be {allowed}, not {shown(value)}.")


def optional_text(value: Any) -> str | None:
    """Return an optional name or id as a string; an empty value is none, as in 0.9.3."""
    return str(value) if value else None


def required_id(name: str, value: Any, of_what: str) -> str:
    """Return an id as a string.

    Args:
        name: Name of the argument, for the message.
        value: The id; anything that names it, such as a UUID.
        of_what: What it is the id of, such as ``a job``.

    Raises:
        IBMInputValueError: If it is ``None`` or empty, which would mean all of them in a request.
    """
    if value is None or value == "":
        raise IBMInputValueError(f"{name!r} must be the id of {of_what}, not {shown(value)}.")
    return str(value)


def number(name: str, value: Any, least: float = -math.inf) -> Any:
    """Return a number of Python, or ``None`` for ``None`` and what is empty, as in 0.9.3.

    Args:
        name: Name of the argument, for the message.
        value: Its value; a bool counts as 0 or 1.
        least: The smallest number allowed.

    Raises:
        IBMInputValueError: If the value is anything else.
    """
    if value is None or (isinstance(value, Sized) and len(value) == 0):
        return None
    value = value.item() if getattr(value, "shape", None) == () else value
    if isinstance(value, (bool, Real)):
        read: Any = value if not isinstance(value, bool) else int(value)
        if read >= least:  # never so for "not a number"
            return read
    bound = "" if least == -math.inf else f" of at least {least}"
    raise IBMInputValueError(f"{name!r} must be a number{bound}, or None, not {shown(value)}.")


def seconds(name: str, value: Any) -> Any:
    """Return a duration from 0 on, as :func:`number` does.

    Raises:
        IBMInputValueError: If the value is negative, infinite, or no number.
    """
    read = number(name, value, 0)
    if read == math.inf:
        raise IBMInputValueError(f"{name!r} must be finite: leave it out for no limit.")
    return read


def whole_number(name: str, value: Any) -> int | None:
    """Return a whole number from 0 on, or ``None`` for ``None`` and what is empty.

    Raises:
        IBMInputValueError: If the value is anything else.
    """
    read = number(name, value, 0)
    if read is None:
        return None
    if read != int(read):
        raise IBMInputValueError(f"{name!r} must be a whole number, or None, not {shown(value)}.")
    return int(read)
