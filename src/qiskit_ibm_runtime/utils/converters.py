"""Times and durations: between time zones, and into words and seconds."""

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
    """Show a time in the local time zone.

    Args:
        utc_dt: A datetime or a text of one. Its own offset counts; without one it is UTC.

    Returns:
        The same instant in the local zone.

    Raises:
        TypeError: If it is neither a datetime nor a text.
        ValueError: If the text is no date.
    """
    moment = _to_datetime(utc_dt)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=tz.UTC)
    return moment.astimezone(tz.tzlocal())


def local_to_utc(local_dt: datetime | str) -> datetime:
    """Show a time in UTC.

    Args:
        local_dt: A datetime or a text of one. Its own offset counts; without one it is local time.

    Returns:
        The same instant in UTC; the argument itself if it was in UTC already.

    Raises:
        TypeError: If it is neither a datetime nor a text.
        ValueError: If the text is no date.
    """
    moment = _to_datetime(local_dt)
    if isinstance(local_dt, str) and not _names_a_day(local_dt):
        warnings.warn(
            f"{local_dt!r} does not name a full date and is taken for {moment.isoformat(' ')}. "
            "Write year, month and day, as in '2023-05-01'.",
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
    raise TypeError(f"{value!r} is neither a datetime nor a string with one.")


def _names_a_day(text: str) -> bool:
    """Whether nothing of a date is filled in from another one."""
    first, second = (parser.parse(text, default=day) for day in _TWO_DAYS)
    return bool(first == second)


def utc_to_local_all(data: Any) -> Any:
    """Show every datetime in nested lists and dicts in the local zone; see :func:`utc_to_local`."""
    if isinstance(data, datetime):
        return utc_to_local(data)
    if isinstance(data, list):
        return [utc_to_local_all(item) for item in data]
    if isinstance(data, dict):
        return {key: utc_to_local_all(value) for key, value in data.items()}
    return data


def seconds_to_duration(seconds: float) -> tuple[int, int, int, int, int]:
    """Split a number of seconds.

    Args:
        seconds: A duration, not negative.

    Returns:
        Days, hours, minutes, seconds and milliseconds. Milliseconds, rounded up, are counted only
        when the seconds would be 0.
    """
    minutes, rest = divmod(seconds, 60)
    whole, milliseconds = int(rest), 0
    if rest < 1:
        # The inner rounding keeps 0.035 from becoming 36 milliseconds: 0.035 * 1000 > 35.
        whole, milliseconds = divmod(ceil(round(rest * 1000, 6)), 1000)
    hours, minutes = divmod(int(minutes), 60)
    days, hours = divmod(hours, 24)
    return days, hours, minutes, whole, milliseconds


def duration_difference(date_time: datetime) -> str:
    """Say how long it is until a time.

    Args:
        date_time: The time to come; local unless it has an offset.

    Returns:
        Its two largest units, such as ``"2 days 3 hrs"`` or ``"5 min 3 sec"``; empty when the
        time has come.
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
    """Read a duration such as ``"2h 30m 40s"`` or ``"1 hour and 30 minutes"``.

    Args:
        hms: Numbers of hours (0 to 23), minutes (0 to 59) and seconds (0 to 59), each at most once
            and in any order, with the units as words or as their first letters. Numbers may have a
            fraction (``"1.5h"``); parts may be separated by commas, semicolons or "and".
            ``"1:30"`` (hours and minutes) and ``"1:30:00"`` are read as well.
        msg_prefix: Text to put in front of the error message.

    Returns:
        The duration in whole seconds.

    Raises:
        IBMInputValueError: If it is anything else.
    """
    parts = _split(hms)
    if not parts or any(number >= _UNITS[unit][1] for unit, number in parts.items()):
        raise IBMInputValueError(
            f"{msg_prefix}{hms!r} is not a duration. Write it like '2h 30m 40s', each unit at most "
            "once, with hours below 24, minutes below 60 and seconds below 60."
        )
    return int(round(sum(number * _UNITS[unit][0] for unit, number in parts.items()), 6))


def _split(hms: Any) -> dict[str, float] | None:
    """Number for each unit, or ``None`` if the text does not follow the grammar."""
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
