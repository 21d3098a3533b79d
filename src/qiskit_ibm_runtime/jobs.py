"""Helpers for several jobs: waiting for completion, and total usage.

.. versionadded:: 0.9.3+embedded.1
"""

from __future__ import annotations

import concurrent.futures
import threading
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from qiskit.providers.jobstatus import JOB_FINAL_STATES

from ._jobs.waiting import PollSchedule, Wait, pool_of
from .api.http.concurrency import failures, reset_in_children, run_concurrently
from .exceptions import RuntimeJobTimeoutError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Iterator

    from .runtime_job import RuntimeJob

_SCHEDULE = PollSchedule()
# Limit for all jobs with open streams together, because streams report the end of the job.
_MOST_POLLS_A_SECOND = 2.0


@dataclass(eq=False)
class _Watch:
    """A watched job.

    Attributes:
        wait: Polls the state of the job.
        ended: Future that gets ``None`` when the job has finished, or the error of the polls.
        due: Time of the next poll, by the clock of the job.
        polls: Number of polls since the interval was reset.
        asking: Whether a poll is in progress.
        stream: Stream of the job, opened after the first poll.
    """

    job: RuntimeJob
    wait: Wait
    due: float
    ended: Future[None] = field(default_factory=Future)
    polls: int = 0
    asking: bool = False
    stream: Any = None


class _Watcher:
    """Track the states of many jobs through their streams and few polls."""

    def __init__(self) -> None:
        self.reset_after_fork()

    def reset_after_fork(self) -> None:
        """Discard the jobs of the parent process."""
        self._changed = threading.Condition()
        self._watches: list[_Watch] = []
        self._runs = False
        reset_in_children(self)

    def watch(self, job: RuntimeJob) -> Future[None]:
        """Return a future that completes when the job has finished; cancel it to stop watching.

        Args:
            job: The job.
        """
        watch = _Watch(job, Wait(job), due=job._clock.monotonic())
        if job._status in JOB_FINAL_STATES:
            watch.ended.set_result(None)
            return watch.ended
        watch.ended.add_done_callback(lambda _: self._forget(watch))
        with self._changed:
            self._watches.append(watch)
            self._changed.notify()
            if not self._runs:
                self._runs = True
                threading.Thread(target=self._work, name="job-watcher", daemon=True).start()
        return watch.ended

    def _work(self) -> None:
        while True:
            with self._changed:
                if not self._watches:
                    self._runs = False
                    return
                ready, pause = self._due()
                if not ready:
                    self._changed.wait(pause)
                    continue
                for watch in ready:
                    watch.asking = True
            for watch in ready:
                self._ask(watch)

    def _due(self) -> tuple[list[_Watch], float | None]:
        """Return the jobs to poll now, or the time until one is due."""
        idle = [watch for watch in self._watches if not watch.asking]
        left = [(watch.due - watch.job._clock.monotonic(), watch) for watch in idle]
        ready = [watch for seconds, watch in left if seconds <= 0]
        return ready, min((seconds for seconds, _ in left), default=None)

    def _ask(self, watch: _Watch) -> None:
        try:
            answer = pool_of(watch.job._api_client).submit(watch.wait.poll)
        except RuntimeError:  # no thread can be started
            answer = Future()
            try:
                answer.set_result(watch.wait.poll())
            except Exception as error:  # noqa: BLE001  # raised by the future
                answer.set_exception(error)
        answer.add_done_callback(partial(self._answered, watch))

    def _answered(self, watch: _Watch, answer: Future[bool]) -> None:
        error = answer.exception()
        if error is not None or answer.result():
            self._end(watch, error)
            return
        if watch.stream is None and not watch.ended.cancelled():
            watch.stream = watch.job._new_client()
            watch.stream._when_finished = partial(self._poll_soon, watch)
            watch.stream.follow()
        with self._changed:
            watch.asking = False
            watch.due = watch.job._clock.monotonic() + self._pause(watch)
            watch.polls += 1
            self._changed.notify()

    def _pause(self, watch: _Watch) -> float:
        streaming = watch.stream is not None and watch.stream.connected
        pause = _SCHEDULE.pause(watch.polls, streaming=streaming, jitter=watch.job._clock.jitter())
        return max(pause, len(self._watches) / _MOST_POLLS_A_SECOND) if streaming else pause

    def _poll_soon(self, watch: _Watch) -> None:
        """Poll now, with short intervals: services may end streams before the status changes."""
        with self._changed:
            watch.polls = 0
            watch.due = watch.job._clock.monotonic()
            self._changed.notify()

    def _end(self, watch: _Watch, error: BaseException | None) -> None:
        if not watch.ended.set_running_or_notify_cancel():
            return
        if error is None:
            watch.ended.set_result(None)
        else:
            watch.ended.set_exception(error)

    def _forget(self, watch: _Watch) -> None:
        with self._changed:
            if watch in self._watches:
                self._watches.remove(watch)
                self._changed.notify()
        if watch.stream is not None:
            watch.stream.disconnect()


WATCHER = _Watcher()


def as_completed(jobs: Iterable[RuntimeJob], timeout: float | None = None) -> Iterator[RuntimeJob]:
    """Yield jobs as they finish, including failed ones.

    One thread watches all of them through their streams. It polls jobs with open streams with at
    most two requests per second.

    .. versionadded:: 0.9.3+embedded.1

    .. code-block:: python

        from qiskit_ibm_runtime import QiskitRuntimeService, as_completed

        service = QiskitRuntimeService(channel="local")
        options = {"backend": "ibmq_qasm_simulator"}
        jobs = [service.run("hello-world", {"iterations": n}, options) for n in (3, 1)]
        for job in as_completed(jobs, timeout=60):
            print(job.job_id(), job.status().name)

    Args:
        jobs: The jobs, possibly of different services.
        timeout: Maximum wait for all of them in seconds; no limit by default.

    Raises:
        RuntimeJobTimeoutError: If the timeout expires first; the jobs continue to run.
        RequestsApiError: If a service is unreachable for five minutes.
    """
    watched = {WATCHER.watch(job): job for job in jobs}
    try:
        for ended in concurrent.futures.as_completed(watched, timeout):
            ended.result()
            yield watched[ended]
    except concurrent.futures.TimeoutError:
        unfinished = [job.job_id() for ended, job in watched.items() if not ended.done()]
        raise RuntimeJobTimeoutError(
            f"Timed out waiting for jobs after {timeout} seconds. Unfinished jobs, which continue "
            f"to run: {', '.join(unfinished)}."
        ) from None
    finally:
        for ended in watched:
            ended.cancel()


async def as_completed_async(
    jobs: Iterable[RuntimeJob], timeout: float | None = None
) -> AsyncIterator[RuntimeJob]:
    """Yield jobs as they finish, for ``async for``.

    .. versionadded:: 0.9.3+embedded.1

    Args:
        jobs: The jobs.
        timeout: Maximum wait for all of them in seconds; no limit by default.

    Raises:
        RuntimeJobTimeoutError: If the timeout expires first; the jobs continue to run.
        RequestsApiError: If a service is unreachable for five minutes.
    """
    import asyncio  # here, as few users need it

    watched = {asyncio.wrap_future(WATCHER.watch(job)): job for job in jobs}
    first = next(iter(watched.values()), None)
    loop = asyncio.get_running_loop()
    end = None if timeout is None else loop.time() + timeout
    wait = None if first is None else Wait(first, timeout)
    left = set(watched)
    try:
        while left:
            patience = None if end is None else max(end - loop.time(), 0.0)
            done, left = await asyncio.wait(
                left, timeout=patience, return_when=asyncio.FIRST_COMPLETED
            )
            if not done and wait is not None:
                raise wait.error()
            for each in done:
                each.result()
                yield watched[each]
    finally:
        for each in left:
            each.cancel()


class Usage(NamedTuple):
    """Total usage of several jobs.

    .. versionadded:: 0.9.3+embedded.1

    Attributes:
        seconds: Total usage of the backends in seconds.
        jobs: Number of jobs included in the total.
        unknown: Ids of jobs whose usage the service does not report.
    """

    seconds: float
    jobs: int
    unknown: tuple[str, ...]


def total_usage(jobs: Iterable[RuntimeJob]) -> Usage:
    """Return the total usage of jobs, fetching the metrics of each with one request.

    .. versionadded:: 0.9.3+embedded.1

    .. code-block:: python

        from qiskit_ibm_runtime import QiskitRuntimeService, total_usage

        service = QiskitRuntimeService(channel="local")
        print(total_usage(service.jobs(limit=None)).seconds)

    Args:
        jobs: The jobs.

    Raises:
        IBMNotAuthorizedError: If the service rejects the credentials.
    """
    every = list(jobs)
    answers = run_concurrently(lambda job: job.metrics(), every)
    ids = [job.job_id() for job in every]
    failed = failures(ids, answers)
    known: list[float] = []
    unknown: list[str] = []
    for job_id, answer in zip(ids, answers):
        metrics = {} if job_id in failed else answer.result()
        seconds = (metrics.get("usage") or metrics.get("bss") or {}).get("seconds")
        if isinstance(seconds, (int, float)):
            known.append(seconds)
        else:
            unknown.append(job_id)
    return Usage(float(sum(known)), len(known), tuple(unknown))
