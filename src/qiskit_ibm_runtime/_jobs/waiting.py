"""Wait for the end of a job by stream, with polling as a fallback.

A stream that is refused, dropped, silent or slow delays a result by no more than the longest pause
between two polls.
"""

from __future__ import annotations

import logging
import threading
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Callable

from qiskit_ibm_runtime.api.exceptions import ApiIBMProtocolError, RequestsApiError
from qiskit_ibm_runtime.exceptions import IBMError, RuntimeJobTimeoutError

if TYPE_CHECKING:
    from concurrent.futures import Future
    from contextlib import AbstractContextManager

    from qiskit_ibm_runtime.api.clients.base import BaseWebsocketClient
    from qiskit_ibm_runtime.api.exceptions import ApiError
    from qiskit_ibm_runtime.api.http.concurrency import WorkerPool

    from .deadline import WaitDeadline


logger = logging.getLogger(__name__)

# A service that cannot be reached for so many seconds ends a wait without a limit of its own.
LONGEST_OUTAGE = 300.0
# Whole seconds that the service may hold back its first answer until the job ends. A short job then
# costs one question, and no stream; a service that knows no such preference answers at once.
FIRST_ANSWER = 1


@dataclass(frozen=True)
class PollSchedule:
    """Pauses between polls, in seconds.

    Attributes:
        first: The first pause.
        growth: How much longer each further one is.
        longest: The longest without a stream.
        first_beside_stream: The first while a stream is open and may push the end.
        longest_beside_stream: The longest while a stream is open.
    """

    first: float = 0.1
    growth: float = 1.4
    longest: float = 1.5
    first_beside_stream: float = 1.0
    longest_beside_stream: float = 5.0

    def pause(self, polls: int, *, streaming: bool, jitter: float) -> float:
        """Return the seconds before the next poll; ``jitter`` (0 to 1) shortens it by up to 25%."""
        first, most = (
            (self.first_beside_stream, self.longest_beside_stream)
            if streaming
            else (self.first, self.longest)
        )
        return min(first * self.growth ** min(polls, 64), most) * (1 - jitter / 4)


class PatientPoll:
    """Poll for the end of a job; tolerates temporary outages."""

    def __init__(
        self, job_id: str, is_final: Callable[[int], bool], deadline: WaitDeadline
    ) -> None:
        self._job_id, self._is_final, self._deadline = job_id, is_final, deadline
        self._out_since: float | None = None

    def __call__(self, hold: int = 0) -> bool:
        """Return whether the job has ended, as far as is known.

        Args:
            hold: Seconds that the service may wait for the end before it answers.
        """
        asked = self._deadline.clock.monotonic()
        try:
            final = self._deadline.call(lambda: self._is_final(hold))
        except (RequestsApiError, ApiIBMProtocolError) as exc:
            status = getattr(exc, "status_code", -1)
            if 400 <= status < 500 and status not in (408, 425, 429):
                raise
            self._tolerate(exc, asked)
            return False
        if self._out_since is not None:
            logger.info("The service responds about job %s again.", self._job_id)
        self._out_since = None
        return final

    def _tolerate(self, error: ApiError, asked: float) -> None:
        if self._out_since is None:
            self._out_since = asked
            logger.warning(
                "The status of job %s cannot be fetched now; retrying for %d seconds: %s",
                self._job_id,
                LONGEST_OUTAGE,
                error.message,
            )
        if self._deadline.clock.monotonic() - self._out_since > LONGEST_OUTAGE:
            raise error


def wait_until_final(
    poll: PatientPoll,
    open_stream: Callable[[], AbstractContextManager[BaseWebsocketClient]],
    deadline: WaitDeadline,
    when_told: Callable[[], None] = lambda: None,
    schedule: PollSchedule = PollSchedule(),
) -> None:
    """Return when a job has ended.

    Args:
        poll: Asks the service whether the job ended.
        open_stream: Gives the stream of the job, for as long as the wait lasts.
        deadline: When to give up.
        when_told: Called when the stream says that the job ended, before the service is asked.
        schedule: Pauses between polls.

    Raises:
        RuntimeJobTimeoutError: If the deadline comes first.
    """
    # With a time limit, workers ask, which are few: none of them may be held.
    if poll(0 if deadline.is_limited else FIRST_ANSWER):
        return
    with open_stream() as stream:
        schedule = getattr(type(stream), "SCHEDULE", schedule)
        over, polls = stream.finished, 0
        while True:
            pause = schedule.pause(
                polls, streaming=stream.connected, jitter=deadline.clock.jitter()
            )
            polls += 1
            if deadline.wait(over, pause):
                # It ends once; further pauses wait for an event that never comes.
                over = threading.Event()
                if stream.succeeded:
                    # Services may end the stream just before the status changes: ask quickly.
                    polls = 0
                    when_told()
            if poll():
                return


class EarlyDownload:
    """Download that starts when the stream reports the end of the job.

    Services may end the stream a little before the result is there, so an empty text or an error
    says nothing, and the result is asked for again.

    Attributes:
        wanted: Whether somebody waits for the result, and not for the end alone.
    """

    def __init__(self) -> None:
        self.wanted = False
        self._future: Future[str] | None = None

    def start(self, pool: WorkerPool, fetch: Callable[[], str]) -> None:
        """Start the download, if the result is wanted and none is in progress."""
        if self.wanted and self._future is None:
            with suppress(RuntimeError):  # no thread can be started: the result is fetched later
                self._future = pool.submit(fetch)

    def text(self, deadline: WaitDeadline) -> str:
        """Return the result; empty if there was no download, or if it was too early.

        Raises:
            RuntimeJobTimeoutError: If the deadline is over.
        """
        future, self._future = self._future, None
        if future is None:
            return ""
        try:
            return deadline.answer(future)
        except RuntimeJobTimeoutError:
            raise
        except IBMError:
            logger.debug("A result was requested too early.", exc_info=True)
            return ""
