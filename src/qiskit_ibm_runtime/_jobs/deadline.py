"""Deadline of a wait, shared by its stream, polls and download."""

from __future__ import annotations

import concurrent.futures
from threading import TIMEOUT_MAX
from typing import TYPE_CHECKING, Any, Callable, TypeVar
from weakref import WeakKeyDictionary

from qiskit_ibm_runtime.api.http.concurrency import WorkerPool
from qiskit_ibm_runtime.api.http.liveness import raise_if_ended
from qiskit_ibm_runtime.exceptions import RuntimeJobTimeoutError

if TYPE_CHECKING:
    import threading
    from concurrent.futures import Future

    from qiskit_ibm_runtime.api.stream.clock import Clock

T = TypeVar("T")

# Maximum number of concurrent requests in worker threads, for all jobs of one service.
MOST_REQUESTS = 8
_pools: WeakKeyDictionary[Any, WorkerPool] = WeakKeyDictionary()
# Minimum number of seconds that a request gets, even close to the deadline.
GRACE = 0.5


def pool_of(api_client: Any) -> WorkerPool:
    """Return the workers that all jobs of one client share."""
    try:
        pool = _pools.get(api_client)
        return pool or _pools.setdefault(api_client, WorkerPool(MOST_REQUESTS, "job-request"))
    except TypeError:  # a test double that is not hashable
        return WorkerPool(MOST_REQUESTS, "job-request")


class WaitDeadline:
    """Deadline of a wait for a job."""

    def __init__(
        self,
        job_id: str,
        timeout: float | None,
        api_client: Any,
        clock: Clock,
        url: str = "",
    ) -> None:
        """Set the deadline.

        Args:
            job_id: Id of the job, for messages.
            timeout: Seconds from now; ``None``, or more than a thread can wait, means no limit.
            api_client: Client of the job, whose workers send requests that may be abandoned.
            clock: The clock.
            url: URL of the service.
        """
        self._job_id, self._timeout, self._url = job_id, timeout, url
        self._pool = pool_of(api_client)
        self.clock = clock
        if timeout is None or timeout >= TIMEOUT_MAX:
            self._end = None
        else:
            self._end = self.clock.monotonic() + timeout

    @property
    def is_limited(self) -> bool:
        """Whether there is a deadline."""
        return self._end is not None

    def wait(self, event: threading.Event, seconds: float) -> bool:
        """Wait for an event until a timeout or the deadline; return whether it was set.

        Raises:
            RuntimeJobTimeoutError: If the deadline has passed.
        """
        if self._end is None:
            return self.clock.wait(event, seconds)
        left = self._end - self.clock.monotonic()
        if left <= 0:
            raise self.error()
        return self.clock.wait(event, min(seconds, left))

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
            future = self._pool.submit(request)
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
            return future.result(max(self._end - self.clock.monotonic(), GRACE))
        except concurrent.futures.TimeoutError:
            if future.done():  # finished just now, or by the request's own timeout
                return future.result()
            self._pool.abandon(future)
            raise self.error() from None

    def error(self) -> RuntimeJobTimeoutError:
        """Return the timeout error.

        Raises:
            IBMRuntimeError: If the service was an embedded runtime that has stopped.
        """
        raise_if_ended(self._url)
        return RuntimeJobTimeoutError(
            f"Timed out waiting for job {self._job_id} after {self._timeout} seconds. The job "
            f"continues to run; wait again, or retrieve it with service.job({self._job_id!r})."
        )
