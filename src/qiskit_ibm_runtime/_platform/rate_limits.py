"""Client-side rate limiting, and retries of rate-limited requests."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections import deque
from dataclasses import dataclass
from typing import Callable
from urllib.parse import urlsplit

from qiskit_ibm_runtime.api.http.retry import Attempt, RetryPolicy, wait
from qiskit_ibm_runtime.exceptions import IBMInputValueError
from qiskit_ibm_runtime.utils.addresses import is_loopback

logger = logging.getLogger(__name__)
SUBMITS_VARIABLE = "QISKIT_IBM_PLATFORM_SUBMITS_PER_MINUTE"
_SUBMITS_PER_MINUTE = 5
_MINUTE = 60.0


@dataclass(frozen=True)
class RateLimitRetryPolicy(RetryPolicy):
    """Retry rate-limited requests after the delay that the service requests.

    Attributes:
        patience: Maximum total delay of one request over all its attempts, in seconds.
    """

    patience: float = 900.0

    def pause(self, attempt: Attempt, jitter: float) -> float | None:
        """Return the seconds until the next attempt, or ``None`` to give up."""
        if attempt.status != 429:
            return super().pause(attempt, jitter)
        pause = attempt.retry_after
        if pause is None:
            pause = min(2.0**attempt.number, 30.0)
        if attempt.elapsed + pause >= self.patience:
            return None
        if attempt.number == 1:
            logger.warning("Rate limited by the service; waiting %.0f seconds.", pause)
        return pause


class SubmitRateLimiter:
    """Delay submits so that no minute contains more than a given number of them.

    Args:
        most: Submits per minute; 0 for no limit.
    """

    clock: Callable[[], float] = staticmethod(time.monotonic)

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._turns: deque[float] = deque(maxlen=most or 1)

    def wait(self) -> None:
        """Block until the next submit may be sent."""
        if not self._most:
            return
        with self._lock:
            now = self.clock()
            turn = now
            if len(self._turns) == self._most:
                turn = max(now, self._turns[0] + _MINUTE)
            self._turns.append(turn)
        if turn > now:
            logger.warning(
                "Waiting %.0f seconds to submit a job: the service accepts %d per minute (set %s "
                "to change this limit).",
                turn - now,
                self._most,
                SUBMITS_VARIABLE,
            )
            wait(turn - now)


_rate_limiters: dict[str, SubmitRateLimiter] = {}


def submit_rate_limiter(url: str) -> SubmitRateLimiter:
    """Return the rate limiter of submits to a URL; loopback URLs have no limit.

    Raises:
        IBMInputValueError: If the environment variable is not a number.
    """
    most = 0 if is_loopback(urlsplit(url).hostname) else _SUBMITS_PER_MINUTE
    given = os.environ.get(SUBMITS_VARIABLE, "").strip()
    if given:
        if not given.isdecimal():
            raise IBMInputValueError(
                f"{SUBMITS_VARIABLE} is {given!r}; set it to a number of jobs per minute, or 0 for "
                "no limit."
            )
        most = int(given)
    return _rate_limiters.setdefault(f"{url} {most}", SubmitRateLimiter(most))
