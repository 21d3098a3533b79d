"""Conversion of times between time zones, and of durations to text and seconds."""

from __future__ import annotations

import re
import warnings
from datetime import datetime, timedelta
from math import ceil
from typing import Any

from dateutil import parser, tz

from qiskit_ibm_runtime.exceptions import IBMInputValueError

from .deprecation import caller_stacklevel

_FLAGS = re.ASCII | re.IGNORECASE
_PART = r"\d{1,2}(?:\.\d+)?\s*(?:hours?|h|minutes?|m|seconds?|s)"
_DURATION = re.compile(rf"\s*{_PART}(?:\s*(?:[,;]|\band\b)?\s*{_PART})*\s*", _FLAGS)
_NUMBER_AND_UNIT = re.compile(r"(\d{1,2}(?:\.\d+)?)\s*([hms])", _FLAGS)
_CLOCK = re.compile(r"\s*(?P<h>\d{1,2}):(?P<m>\d{1,2})(?::(?P<s>\d{1,2}))?\s*", re.ASCII)
_TWO_DAYS = (datetime(2000, 1, 1), datetime(2001, 2, 2))
_UNITS = {"h": (3600, 24), "m": (60, 60), "s": (1, 60)}


def utc_to_local(utc_dt: datetime | str) -> datetime:
    """Convert a time to the local time zone.

    Args:
        utc_dt: A datetime, or a string with one. Without a UTC offset, it is taken as UTC.

    Returns:
        The same instant in the local time zone.

    Raises:
        TypeError: If it is neither a datetime nor a string.
        ValueError: If the string is not a valid time.
    """
    moment = _to_datetime(utc_dt)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=tz.UTC)
    return moment.astimezone(tz.tzlocal())


def local_to_utc(local_dt: datetime | str) -> datetime:
    """Convert a time to UTC.

    Args:
        local_dt: A datetime, or a string with one. Without a UTC offset, it is taken as local time.

    Returns:
        The same instant in UTC; the argument itself if it is in UTC already.

    Raises:
        TypeError: If it is neither a datetime nor a string.
        ValueError: If the string is not a valid time.
    """
    moment = _to_datetime(local_dt)
    if isinstance(local_dt, str) and not _names_a_day(local_dt):
        warnings.warn(
            f"{local_dt!r} is not a full date; interpreting it as {moment.isoformat(' ')}. "
            "Specify year, month and day, as in '2023-05-01'.",
            stacklevel=caller_stacklevel(),
        )
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=tz.tzlocal())
    elif moment.utcoffset() == timedelta():
        return moment
    return moment.astimezone(tz.UTC)


def _to_datetime(value: Any) -> datetime:
    if isinstance(value, datetime):
        return value
    if isinstance(value, str):
        moment: datetime = parser.parse(value)
        return moment
    raise TypeError(f"Expected a datetime or a string with one, not {value!r}.")


def _names_a_day(text: str) -> bool:
    """Whether a string specifies year, month and day."""
    first, second = (parser.parse(text, default=day) for day in _TWO_DAYS)
    return bool(first == second)


def utc_to_local_all(data: Any) -> Any:
    """Convert every datetime in nested lists and dicts with :func:`utc_to_local`."""
    if isinstance(data, datetime):
        return utc_to_local(data)
    if isinstance(data, list):
        return [utc_to_local_all(item) for item in data]
    if isinstance(data, dict):
        return {key: utc_to_local_all(value) for key, value in data.items()}
    return data


def seconds_to_duration(seconds: float) -> tuple[int, int, int, int, int]:
    """Split a number of seconds into days, hours, minutes, seconds and milliseconds.

    Args:
        seconds: A duration of at least zero.

    Returns:
        Days, hours, minutes, seconds and milliseconds. Milliseconds, rounded up, are nonzero only
        when the seconds are 0.
    """
    minutes, rest = divmod(seconds, 60)
    whole, milliseconds = int(rest), 0
    if rest < 1:
        # Round first, because 0.035 * 1000 > 35 would become 36 milliseconds.
        whole, milliseconds = divmod(ceil(round(rest * 1000, 6)), 1000)
    hours, minutes = divmod(int(minutes), 60)
    days, hours = divmod(hours, 24)
    return days, hours, minutes, whole, milliseconds


def duration_difference(date_time: datetime) -> str:
    """Format the duration from now until a time.

    Args:
        date_time: A time in the future; local time unless it has an offset.

    Returns:
        The two largest units, such as ``"2 days 3 hrs"`` or ``"5 min 3 sec"``; empty for a time in
        the past.
    """
    return _in_words((local_to_utc(date_time) - datetime.now(tz.UTC)).total_seconds())


def _in_words(seconds: float) -> str:
    days, hours, minutes, whole, _ = seconds_to_duration(max(seconds, 0))
    if days:
        return f"{days} days {hours} hrs"
    if hours:
        return f"{hours} hrs {minutes} min"
    if minutes:
        return f"{minutes} min {whole} sec"
    return f"{whole} sec" if whole else ""


def hms_to_seconds(hms: str, msg_prefix: str = "") -> int:
    """Parse a duration such as ``"2h 30m 40s"`` or ``"1 hour and 30 minutes"``.

    Args:
        hms: Hours (0 to 23), minutes (0 to 59) and seconds (0 to 59), each at most once and in any
            order, with units spelled out or abbreviated to their first letters. Numbers may have a
            fraction (``"1.5h"``). Parts may be separated by commas, semicolons or "and". The
            formats ``"1:30"`` (hours and minutes) and ``"1:30:00"`` are accepted as well.
        msg_prefix: Prefix of the error message.

    Returns:
        The duration in whole seconds.

    Raises:
        IBMInputValueError: If the string has another format.
    """
    parts = _split(hms)
    if not parts or any(number >= _UNITS[unit][1] for unit, number in parts.items()):
        raise IBMInputValueError(
            f"{msg_prefix}{hms!r} is not a valid duration. Use the form '2h 30m 40s', with each "
            "unit at most once, hours below 24, and minutes and seconds below 60."
        )
    return int(round(sum(number * _UNITS[unit][0] for unit, number in parts.items()), 6))


def _split(hms: Any) -> dict[str, float] | None:
    """Return the number of each unit, or ``None`` if the string does not match the grammar."""
    if not isinstance(hms, str):
        return None
    clock = _CLOCK.fullmatch(hms)
    if clock:
        return {unit: float(number or 0) for unit, number in clock.groupdict().items()}
    if not _DURATION.fullmatch(hms):
        return None
    found = _NUMBER_AND_UNIT.findall(hms.lower())
    parts = {unit: float(number) for number, unit in found}
    return parts if len(parts) == len(found) else None
