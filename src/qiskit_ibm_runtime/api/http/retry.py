"""Retry policy: which failed requests are retried, and when."""

from __future__ import annotations

import random
import time
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

# Statuses that 0.9.3 retried.
STATUSES = frozenset({500, 502, 503, 504, 520, 521, 522, 524})
# Statuses that imply that the request was not executed.
REFUSED = frozenset({429, 503})
# Statuses to retry only for harmless requests.
HARMLESS_ONLY = frozenset({408, 425})
HARMLESS_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"})
# Returns a number from 0 to 1. Uses its own generator, so that retries do not affect the numbers of
# a program that seeds the global one.
draw_jitter = random.Random().random


class Fault(Enum):
    """How a request failed without a response."""

    NEVER_SENT = "the connection was never established"
    LOST = "the connection broke after sending"
    UNREADABLE = "the response was refused"
    HOPELESS = "a retry cannot help"


@dataclass(frozen=True)
class Attempt:
    """One failed attempt.

    Attributes:
        harmless: Whether the request can be repeated safely, as it is idempotent.
        number: Number of the attempt, starting at 1.
        elapsed: Seconds since the start of the first attempt.
        status: HTTP status of the response, if any.
        fault: Kind of failure without a response.
        retry_after: Seconds to wait according to the response.
    """

    harmless: bool
    number: int
    elapsed: float = 0.0
    status: int | None = None
    fault: Fault | None = None
    retry_after: float | None = None

    @property
    def uncertain(self) -> bool:
        """Whether the service may have executed the request."""
        if self.fault is not None:
            return self.fault in (Fault.LOST, Fault.UNREADABLE)
        return self.status in STATUSES - REFUSED


@dataclass(frozen=True)
class RetryPolicy:
    """Policy for retries; the defaults are those of 0.9.3 where those are safe.

    .. code-block:: python

        from qiskit_ibm_runtime.api.http.retry import Attempt, RetryPolicy

        policy = RetryPolicy(total=2)
        policy.pause(Attempt(harmless=True, number=1, status=502), jitter=0.0)  # 0.0: immediately
        policy.pause(Attempt(harmless=False, number=1, status=502), jitter=0.0)  # None: give up

    Attributes:
        total: Maximum number of retries of a request.
        connect: Maximum number of these after a connection failed to open.
        factor: Seconds before the second retry. The first retry is immediate, and the delay doubles
            with each further retry.
        longest: Maximum delay in seconds, unless the service requests a longer one.
        budget: Maximum number of seconds for a request with all attempts and delays. Transferred
            bytes extend it, see :mod:`~qiskit_ibm_runtime.api.http.transport`.

    .. versionadded:: 0.9.3+embedded.1
    """

    total: int = 5
    connect: int = 3
    factor: float = 0.5
    longest: float = 120.0
    budget: float = 300.0

    def pause(self, attempt: Attempt, jitter: float) -> float | None:
        """Return the seconds until the next attempt, or ``None`` to give up.

        Args:
            attempt: The failed attempt.
            jitter: Number from 0 to 1, which shortens the backoff by up to a quarter, so that many
                clients do not retry at the same time.
        """
        if attempt.number > self.total or not self._worth_repeating(attempt):
            return None
        pause = attempt.retry_after
        if pause is None:
            pause = self.backoff(attempt, jitter)
        return pause if attempt.elapsed + pause < self.budget else None

    def backoff(self, attempt: Attempt, jitter: float) -> float:
        """Return exponential backoff in seconds: 0, 1, 2, 4, 8, … with the default factor."""
        if attempt.number == 1 and attempt.status != 429:
            return 0.0
        exponent = min(attempt.number - 1, 32)
        return min(self.factor * 2.0**exponent, self.longest) * (1 - jitter / 4)

    def _worth_repeating(self, attempt: Attempt) -> bool:
        if attempt.fault is Fault.NEVER_SENT:
            return attempt.number <= self.connect
        if attempt.fault in (Fault.HOPELESS, Fault.UNREADABLE):
            return False
        if attempt.status in REFUSED:
            return True
        if not attempt.harmless:
            return False
        if attempt.status == 413:
            return attempt.retry_after is not None
        return attempt.fault is Fault.LOST or attempt.status in STATUSES | HARMLESS_ONLY


def retry_after_seconds(value: str | None, now: datetime | None = None) -> float | None:
    """Parse a Retry-After header, which contains seconds or a date."""
    if not value:
        return None
    try:
        seconds = float(value)
    except ValueError:
        pass
    else:
        return seconds if 0 <= seconds < float("inf") else None
    try:
        date = parsedate_to_datetime(value)
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
    if date.tzinfo is None:
        date = date.replace(tzinfo=timezone.utc)
    return max(0.0, (date - (now or datetime.now(timezone.utc))).total_seconds())


_skipped: list[list[float]] = []


def wait(seconds: float) -> float:
    """Wait, and return the seconds that were skipped (see :func:`without_waiting`)."""
    for pauses in _skipped[-1:]:
        pauses.append(seconds)
        return seconds
    time.sleep(seconds)
    return 0.0


@contextmanager
def without_waiting() -> Iterator[list[float]]:
    """Skip the delays between retries in this process, for tests.

    Yields a list of the skipped delays, which still count against a request's time budget.

    .. versionadded:: 0.9.3+embedded.1

    .. code-block:: python

        from qiskit_ibm_runtime import QiskitRuntimeService
        from qiskit_ibm_runtime.api.http.retry import without_waiting

        service = QiskitRuntimeService(channel="local")
        with without_waiting() as pauses:
            service.backends()
        assert sum(pauses) < 10
    """
    pauses: list[float] = []
    _skipped.append(pauses)
    try:
        yield pauses
    finally:
        _skipped[:] = [kept for kept in _skipped if kept is not pauses]
