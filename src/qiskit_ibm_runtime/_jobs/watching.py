"""A thread that watches any number of jobs, and waiting for them in an event loop."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from qiskit.providers.jobstatus import JOB_FINAL_STATES

from qiskit_ibm_runtime.api.http.concurrency import reset_in_children

from .waiting import PollSchedule, Wait, pool_of

if TYPE_CHECKING:
    from collections.abc import Generator

    from qiskit_ibm_runtime.program.result_decoder import Decoder
    from qiskit_ibm_runtime.runtime_job import RuntimeJob

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


class JobWatcher:
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


WATCHER = JobWatcher()


class AwaitableJob:
    """Methods for waiting for a job in an event loop; ``asyncio`` is imported on first use."""

    def __await__(self) -> Generator[Any, None, Any]:
        """Return the result of the job: ``result = await job``."""
        return self.result_async().__await__()

    async def result_async(
        self, timeout: float | None = None, decoder: Decoder | None = None
    ) -> Any:
        """Return the result like :meth:`result`, without blocking the event loop.

        .. versionadded:: 0.9.3+embedded.1

        Args:
            timeout: Maximum wait in seconds; no limit by default.
            decoder: Class with a ``decode`` method; the job's own decoder by default.
        """
        import asyncio

        await self.wait_for_final_state_async(timeout)
        # Download and decode in a thread, because both may take a while.
        result = partial(cast("RuntimeJob", self).result, decoder=decoder)
        return await asyncio.get_running_loop().run_in_executor(None, result)

    async def wait_for_final_state_async(self, timeout: float | None = None) -> None:
        """Wait like :meth:`wait_for_final_state`, without blocking the event loop.

        .. versionadded:: 0.9.3+embedded.1

        Args:
            timeout: Maximum wait in seconds; no limit by default.
        """
        import asyncio

        job = cast("RuntimeJob", self)
        wait = Wait(job, timeout)
        try:
            await asyncio.wait_for(asyncio.wrap_future(WATCHER.watch(job)), timeout)
        except asyncio.TimeoutError:
            raise wait.error() from None
