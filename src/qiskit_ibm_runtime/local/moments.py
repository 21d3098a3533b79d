"""Times as the service writes them, and ids that sort by time."""

from __future__ import annotations

import secrets
import time
from datetime import datetime, timezone

from dateutil.parser import isoparse

_ALPHABET = "0123456789abcdefghijklmnopqrstuv"
_last = 0


def written(moment: datetime) -> str:
    """ISO 8601 in UTC, always with microseconds, so that texts compare as times do."""
    return moment.astimezone(timezone.utc).isoformat(timespec="microseconds").replace("+00:00", "Z")


def now() -> str:
    """The present time."""
    return written(datetime.now(timezone.utc))


def read(text: str) -> str:
    """Turn any ISO 8601 time into our form; a time without zone means UTC.

    Raises:
        ValueError: If it is no time.
    """
    # A plus sign that was not percent-encoded arrives as a blank.
    moment = isoparse(text.strip().replace(" ", "+"))
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=timezone.utc)
    try:
        return written(moment)
    except OverflowError as error:
        raise ValueError(text) from error


def new_id() -> str:
    """Twenty characters that sort by time, as the service's ids do, even within one clock tick."""
    global _last
    _last = max(time.time_ns(), _last + 1)
    number = (_last << 36) | secrets.randbits(36)
    digits = ""
    for _ in range(20):
        number, digit = divmod(number, 32)
        digits = _ALPHABET[digit] + digits
    return digits
