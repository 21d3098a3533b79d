"""Checks of arguments, made before anything is sent."""

from __future__ import annotations

import difflib
import math
from numbers import Integral, Real
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
        raise IBMInputValueError(f"{name!r} has to be {allowed}, not {shown(value)}.")


def check_id(name: str, value: Any, of_what: str) -> None:
    """Refuse what is no text, and an empty one, which would mean all of them in a request.

    Args:
        name: Name of the argument, for the message.
        value: Its value.
        of_what: What it is the id of, such as ``a job``.

    Raises:
        IBMInputValueError: If it is refused.
    """
    if not value or not isinstance(value, str):
        raise IBMInputValueError(f"{name!r} has to be the id of {of_what}, not {shown(value)}.")


def check_seconds(name: str, value: Any) -> None:
    """Refuse everything but ``None`` and numbers; what is not above zero means not to wait.

    Raises:
        IBMInputValueError: If the value is anything else.
    """
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, Real) or math.isnan(value):
        raise IBMInputValueError(
            f"{name!r} has to be a number of seconds, or None, not {shown(value)}."
        )


def check_callback(callback: Any) -> None:
    """Refuse what cannot be called with the messages of a job.

    Raises:
        IBMInputValueError: If it cannot.
    """
    if not callable(callback):
        raise IBMInputValueError(
            f"'callback' has to be a function of job id and message, not {shown(callback)}."
        )


def check_decoder(name: str, decoder: Any) -> None:
    """Refuse what has no ``decode`` method.

    Raises:
        IBMInputValueError: If it has none.
    """
    if not callable(getattr(decoder, "decode", None)):
        raise IBMInputValueError(
            f"{name!r} has to be a class with a 'decode' method, not {shown(decoder)}."
        )


def check_number(name: str, value: Any, least: int = 0, unit: str = "") -> None:
    """Refuse everything but ``None`` and whole numbers from ``least`` on.

    Args:
        name: Name of the argument, for the message.
        value: Its value.
        least: The smallest number allowed.
        unit: What is counted, for the message.

    Raises:
        IBMInputValueError: If the value is anything else.
    """
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, Integral) or int(value) < least:
        of = f" of {unit}" if unit else ""
        raise IBMInputValueError(
            f"{name!r} has to be a whole number{of} from {least} on, or None, not {shown(value)}."
        )
