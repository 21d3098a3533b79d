"""The limits on how often the platform may be asked: waited out, not failed on."""

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
class PatientPolicy(RetryPolicy):
    """Waits as long as the service asks, when it is asked too often.

    Attributes:
        patience: Seconds that one request waits for its turn with all its attempts.
    """

    patience: float = 900.0

    def pause(self, attempt: Attempt, jitter: float) -> float | None:
        """Seconds until the next attempt, or ``None`` to give up; see :class:`RetryPolicy`."""
        if attempt.status != 429:
            return super().pause(attempt, jitter)
        pause = attempt.retry_after
        if pause is None:
            pause = min(2.0**attempt.number, 30.0)
        if attempt.elapsed + pause >= self.patience:
            return None
        if attempt.number == 1:
            logger.warning("The service is asked too often; waiting %.0f seconds.", pause)
        return pause


class Pacer:
    """Lets so many submits through in a minute, and the others wait.

    Args:
        most: Submits in a minute; 0 for any number.
    """

    clock: Callable[[], float] = staticmethod(time.monotonic)

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._turns: deque[float] = deque(maxlen=most or 1)

    def wait(self) -> None:
        """Return when the next submit may be sent."""
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
                "Waiting %.0f seconds before a job is submitted: the service takes %d in a minute "
                "(%s changes that).",
                turn - now,
                self._most,
                SUBMITS_VARIABLE,
            )
            wait(turn - now)


_pacers: dict[str, Pacer] = {}


def pacer_for(url: str) -> Pacer:
    """Return what paces the submits to an address; none are paced on this machine.

    Raises:
        IBMInputValueError: If the variable of the environment holds no number.
    """
    most = 0 if is_loopback(urlsplit(url).hostname) else _SUBMITS_PER_MINUTE
    given = os.environ.get(SUBMITS_VARIABLE, "").strip()
    if given:
        if not given.isdecimal():
            raise IBMInputValueError(
                f"{SUBMITS_VARIABLE} is {given!r}, which is no number of jobs; 0 paces none."
            )
        most = int(given)
    return _pacers.setdefault(f"{url} {most}", Pacer(most))
