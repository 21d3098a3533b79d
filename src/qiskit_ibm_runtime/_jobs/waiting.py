"""Waiting for the end of a job by its stream, with polling as a fallback.

A stream that is rejected, dropped, silent or slow delays a result by no more than the longest
interval between polls.
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

# Seconds of outage after which a wait without timeout fails.
LONGEST_OUTAGE = 300.0
# Whole seconds that the service may delay its first response until the job finishes (long
# polling). A short job then takes one request and no stream. Other services respond at once.
FIRST_ANSWER = 1


@dataclass(frozen=True)
class PollSchedule:
    """Intervals between polls, in seconds.

    Attributes:
        first: First interval.
        growth: Factor by which each further interval grows.
        longest: Longest interval without a stream.
        first_with_stream: First interval while a stream is open.
        longest_with_stream: Longest interval while a stream is open.
    """

    first: float = 0.1
    growth: float = 1.4
    longest: float = 1.5
    first_with_stream: float = 1.0
    longest_with_stream: float = 5.0

    def pause(self, polls: int, *, streaming: bool, jitter: float) -> float:
        """Return the seconds before the next poll; ``jitter`` (0 to 1) shortens it by up to 25%."""
        first, most = (
            (self.first_with_stream, self.longest_with_stream)
            if streaming
            else (self.first, self.longest)
        )
        return min(first * self.growth ** min(polls, 64), most) * (1 - jitter / 4)


class PatientPoll:
    """Poll a job's state, tolerating temporary outages."""

    def __init__(
        self, job_id: str, is_final: Callable[[int], bool], deadline: WaitDeadline
    ) -> None:
        self._job_id, self._is_final, self._deadline = job_id, is_final, deadline
        self._out_since: float | None = None

    def __call__(self, hold: int = 0) -> bool:
        """Return whether the job is known to have finished.

        Args:
            hold: Seconds that the service may delay its response until the job finishes.
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
            logger.info("The status of job %s can be fetched again.", self._job_id)
        self._out_since = None
        return final

    def _tolerate(self, error: ApiError, asked: float) -> None:
        if self._out_since is None:
            self._out_since = asked
            logger.warning(
                "Could not fetch the status of job %s; retrying for %d seconds: %s",
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
    """Wait until a job has finished.

    Args:
        poll: Polls the state of the job.
        open_stream: Opens the stream of the job during the wait.
        deadline: Deadline of the wait.
        when_told: Called when the stream reports the end of the job, before the next poll.
        schedule: Intervals between polls.

    Raises:
        RuntimeJobTimeoutError: If the deadline passes first.
    """
    # With a deadline, polls run in one of a few workers, which must not be blocked.
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
                # The stream ends only once, so later intervals wait for an event that is never set.
                over = threading.Event()
                if stream.succeeded:
                    # Services may end the stream just before the status changes: poll quickly.
                    polls = 0
                    when_told()
            if poll():
                return


class EarlyDownload:
    """Download of the result that starts when the stream reports the end of the job.

    Services may end the stream slightly before the result is available, so an empty response or an
    error is ignored, and the result is fetched again.

    Attributes:
        wanted: Whether a caller waits for the result, rather than only for the end of the job.
    """

    def __init__(self) -> None:
        self.wanted = False
        self._future: Future[str] | None = None

    def start(self, pool: WorkerPool, fetch: Callable[[], str]) -> None:
        """Start the download, if the result is wanted and no download is in progress."""
        if self.wanted and self._future is None:
            with suppress(RuntimeError):  # no thread can be started: the result is fetched later
                self._future = pool.submit(fetch)

    def text(self, deadline: WaitDeadline) -> str:
        """Return the result; empty if there was no download, or it was too early.

        Raises:
            RuntimeJobTimeoutError: If the deadline passes first.
        """
        future, self._future = self._future, None
        if future is None:
            return ""
        try:
            return deadline.answer(future)
        except RuntimeJobTimeoutError:
            raise
        except IBMError:
            logger.debug("The early download of a result failed.", exc_info=True)
            return ""
