"""Waiting for the end of a job by its stream, with polling as a fallback.

A stream that is rejected, dropped, silent or slow delays a result by no more than the longest
interval between polls.
"""

from __future__ import annotations

import concurrent.futures
import logging
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Callable, TypeVar
from weakref import WeakKeyDictionary

from qiskit_ibm_runtime.api.exceptions import ApiIBMProtocolError, RequestsApiError
from qiskit_ibm_runtime.api.http.concurrency import WorkerPool
from qiskit_ibm_runtime.api.http.liveness import raise_if_ended
from qiskit_ibm_runtime.exceptions import IBMError, RuntimeJobTimeoutError
from qiskit_ibm_runtime.utils.arguments import number

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import Future

    from qiskit_ibm_runtime.api.clients.base import BaseWebsocketClient
    from qiskit_ibm_runtime.api.exceptions import ApiError
    from qiskit_ibm_runtime.runtime_job import RuntimeJob


logger = logging.getLogger(__name__)
T = TypeVar("T")

# Seconds of outage after which a wait without timeout fails.
LONGEST_OUTAGE = 300.0
# Whole seconds that the service may delay its first response until the job finishes (long
# polling). A short job then takes one request and no stream. Other services respond at once.
FIRST_ANSWER = 1
# Minimum number of seconds that a request gets, even close to the deadline.
GRACE = 0.5
# Maximum number of concurrent requests in worker threads, for all jobs of one service.
MOST_REQUESTS = 8
_pools: WeakKeyDictionary[Any, WorkerPool] = WeakKeyDictionary()


def pool_of(api_client: Any) -> WorkerPool:
    """Return the workers that all jobs of one client share."""
    try:
        pool = _pools.get(api_client)
        return pool or _pools.setdefault(api_client, WorkerPool(MOST_REQUESTS, "job-request"))
    except TypeError:  # a test double that is not hashable
        return WorkerPool(MOST_REQUESTS, "job-request")


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


class Wait:
    """A wait for one job: its deadline, and the requests and the stream that it limits."""

    def __init__(
        self,
        job: RuntimeJob,
        timeout: float | None = None,
        is_final: Callable[[int], bool] | None = None,
    ) -> None:
        """Set the deadline.

        Args:
            job: The job.
            timeout: Seconds from now; ``None``, or more than a thread can wait, means no limit.
            is_final: Asks whether the job has finished; the job's own question by default. Its
                argument is the number of seconds that the service may delay its response.

        Raises:
            IBMInputValueError: If ``timeout`` is not a number.
        """
        self._job, self._timeout = job, number("timeout", timeout)
        self._is_final = is_final or job._is_final
        self._out_since: float | None = None
        self._end: float | None = None
        if self._timeout is not None and self._timeout < threading.TIMEOUT_MAX:
            self._end = job._clock.monotonic() + self._timeout

    def until_final(self) -> None:
        """Wait until the job has finished.

        Raises:
            RuntimeJobTimeoutError: If the deadline passes first.
        """
        # With a deadline, polls run in one of a few workers, which must not be blocked.
        if self.poll(FIRST_ANSWER if self._end is None else 0):
            return
        job = self._job
        with self._stream() as stream:
            schedule = getattr(type(stream), "SCHEDULE", PollSchedule())
            over, polls = stream.finished, 0
            while True:
                jitter = job._clock.jitter()
                pause = schedule.pause(polls, streaming=stream.connected, jitter=jitter)
                polls += 1
                if self._pause(over, pause):
                    # The stream ends only once, so later intervals wait for an event that is
                    # never set.
                    over = threading.Event()
                    if stream.succeeded:
                        # Services may end the stream just before the status changes: poll quickly.
                        polls = 0
                        job._early.start(job)
                if self.poll():
                    return

    @contextmanager
    def _stream(self) -> Iterator[BaseWebsocketClient]:
        """Use the stream of callbacks if there is one, otherwise open one within the block."""
        job = self._job
        if job._stream is not None and job._stream.reports_the_end:
            yield job._stream.client
            return
        client = job._stream_client = job._new_client()
        try:
            client.follow()
            yield client
        finally:
            client.disconnect()

    def _pause(self, event: threading.Event, seconds: float) -> bool:
        """Wait for an event until a timeout or the deadline; return whether it was set."""
        clock = self._job._clock
        if self._end is not None:
            left = self._end - clock.monotonic()
            if left <= 0:
                raise self.error()
            seconds = min(seconds, left)
        return clock.wait(event, seconds)

    def poll(self, hold: int = 0) -> bool:
        """Return whether the job is known to have finished, tolerating temporary outages.

        Args:
            hold: Seconds that the service may delay its response until the job finishes.
        """
        asked = self._job._clock.monotonic()
        try:
            final = self.call(lambda: self._is_final(hold))
        except (RequestsApiError, ApiIBMProtocolError) as exc:
            status = getattr(exc, "status_code", -1)
            if 400 <= status < 500 and status not in (408, 425, 429):
                raise
            self._tolerate(exc, asked)
            return False
        if self._out_since is not None:
            logger.info("The status of job %s can be fetched again.", self._job.job_id())
        self._out_since = None
        return final

    def _tolerate(self, error: ApiError, asked: float) -> None:
        if self._out_since is None:
            self._out_since = asked
            logger.warning(
                "Could not fetch the status of job %s; retrying for %d seconds: %s",
                self._job.job_id(),
                LONGEST_OUTAGE,
                error.message,
            )
        if self._job._clock.monotonic() - self._out_since > LONGEST_OUTAGE:
            raise error

    def call(self, request: Callable[[], T]) -> T:
        """Return the response to a request; abandon the request at the deadline.

        With a deadline the request runs in a worker thread, because socket timeouts do not limit
        the total time: a server may send a byte now and then.

        Raises:
            RuntimeJobTimeoutError: If the deadline passes first.
        """
        if self._end is None:
            return request()
        try:
            future = pool_of(self._job._api_client).submit(request)
        except RuntimeError:  # no thread can be started: rely on the request's own timeouts
            return request()
        return self.answer(future)

    def answer(self, future: Future[T]) -> T:
        """Return the response to a request in progress.

        Raises:
            RuntimeJobTimeoutError: If the deadline passes first.
        """
        if self._end is None:
            return future.result()
        try:
            return future.result(max(self._end - self._job._clock.monotonic(), GRACE))
        except concurrent.futures.TimeoutError:
            if future.done():  # finished just now, or by the request's own timeout
                return future.result()
            pool_of(self._job._api_client).abandon(future)
            raise self.error() from None

    def error(self) -> RuntimeJobTimeoutError:
        """Return the timeout error.

        Raises:
            IBMRuntimeError: If the service was an embedded runtime that has stopped.
        """
        raise_if_ended(str(getattr(self._job._client_params, "url", None) or ""))
        job_id = self._job.job_id()
        return RuntimeJobTimeoutError(
            f"Timed out waiting for job {job_id} after {self._timeout} seconds. The job "
            f"continues to run; wait again, or retrieve it with service.job({job_id!r})."
        )


@dataclass
class EarlyDownload:
    """Download of the result that starts when the stream reports the end of the job.

    Services may end the stream slightly before the result is available, so an empty response or an
    error is ignored, and the result is fetched again.

    Attributes:
        wanted: Whether a caller waits for the result, rather than only for the end of the job.
    """

    wanted: bool = False
    _future: Future[str] | None = None

    def start(self, job: RuntimeJob) -> None:
        """Start the download, if the result is wanted and no download is in progress."""
        if self.wanted and self._future is None:
            with suppress(RuntimeError):  # no thread can be started: the result is fetched later
                self._future = pool_of(job._api_client).submit(job._fetch_result)

    def text(self, wait: Wait) -> str:
        """Return the result; empty if there was no download, or it was too early.

        Raises:
            RuntimeJobTimeoutError: If the deadline passes first.
        """
        future, self._future = self._future, None
        if future is None:
            return ""
        try:
            return wait.answer(future)
        except RuntimeJobTimeoutError:
            raise
        except IBMError:
            logger.debug("The early download of a result failed.", exc_info=True)
            return ""
