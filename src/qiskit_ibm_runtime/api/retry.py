"""Which failed request is sent again, and when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime

STATUSES = frozenset({500, 502, 503, 504, 520, 521, 522, 524})
# The answer itself shows that the request was not carried out.
REFUSED = frozenset({429, 503})


@dataclass(frozen=True)
class RetryPolicy:
    """Pure decisions: nothing here waits or sends.

    Attributes:
        total: Repetitions of one request at most.
        connect: Of these, repetitions after a connection that was never made.
        factor: Seconds before the second repetition; the first comes at once.
        longest: Longest pause in seconds.
        budget: Seconds that one request may take with all its pauses.
    """

    total: int = 5
    connect: int = 3
    factor: float = 0.5
    longest: float = 120.0
    budget: float = 300.0

    def repeats_status(self, method: str, status: int, attempt: int) -> bool:
        """Whether an answer with this status calls for another attempt."""
        return attempt <= self.total and (
            status == 429 or (status in STATUSES and method != "PATCH")
        )

    def repeats_fault(self, method: str, attempt: int, *, sent: bool) -> bool:
        """Whether a broken connection calls for another attempt."""
        if not sent:
            return attempt <= self.connect
        return attempt <= self.total and method not in ("POST", "PATCH")

    def pause(self, attempt: int, retry_after: float | None, jitter: float) -> float:
        """Seconds before the next attempt; the server's wish wins, up to the limit."""
        if retry_after is not None:
            return min(retry_after, self.longest)
        if attempt == 1:
            return 0.0
        return min(self.factor * 2.0 ** (attempt - 1), self.longest) * (1 - jitter / 4)


def retry_after_seconds(value: str | None, now: datetime | None = None) -> float | None:
    """Read a Retry-After header: seconds, or a date."""
    if not value:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        date = parsedate_to_datetime(value)
    except (TypeError, ValueError):
        return None
    return max(0.0, (date - (now or datetime.now(timezone.utc))).total_seconds())
