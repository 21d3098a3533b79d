"""Timestamps in the format of the service, and ids that sort by time."""

from __future__ import annotations

import secrets
import time
from datetime import datetime, timezone

from dateutil.parser import isoparse

_ALPHABET = "0123456789abcdefghijklmnopqrstuv"
_last = 0


def format_timestamp(moment: datetime) -> str:
    """Format a time in ISO 8601 and UTC, always with microseconds, so that strings sort by time."""
    return moment.astimezone(timezone.utc).isoformat(timespec="microseconds").replace("+00:00", "Z")


def now() -> str:
    """Return the current time as a timestamp."""
    return of_seconds(time.time())


def of_seconds(seconds: float) -> str:
    """Format a time in seconds since 1970."""
    return format_timestamp(datetime.fromtimestamp(seconds, timezone.utc))


def parse_timestamp(text: str) -> str:
    """Normalize an ISO 8601 time to a timestamp; a time without a zone is taken as UTC.

    Raises:
        ValueError: If the string is not a time.
    """
    # A plus sign that was not percent-encoded arrives as a space.
    moment = isoparse(text.strip().replace(" ", "+"))
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=timezone.utc)
    try:
        return format_timestamp(moment)
    except OverflowError as error:
        raise ValueError(text) from error


def new_id() -> str:
    """Create an id of twenty characters; like the service's, ids sort by creation time.

    Ids sort correctly even if created within one clock tick.
    """
    global _last
    _last = max(time.time_ns(), _last + 1)
    number = (_last << 36) | secrets.randbits(36)
    digits = ""
    for _ in range(20):
        number, digit = divmod(number, 32)
        digits = _ALPHABET[digit] + digits
    return digits
