"""Scheduler: takes jobs from their queues, runs them on the executor, and stores the outcome."""

from __future__ import annotations

import asyncio
import itertools
import logging
import time
from typing import TYPE_CHECKING, TypeVar

from qiskit_ibm_runtime.local.devices import catalog
from qiskit_ibm_runtime.local.storage.disk import WriteError
from qiskit_ibm_runtime.local.storage.job_records import (
    CANCELLED,
    COMPLETED,
    FAILED,
    QUEUED,
    RAN_TOO_LONG,
    RUNNING,
    SERVER_STOPPED,
    Job,
)
from qiskit_ibm_runtime.local.storage.payloads import encode

from .queues import Hold, Queue, Ticket

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from qiskit_ibm_runtime.local.execution.executor import Executor, Outcome, Work
    from qiskit_ibm_runtime.local.storage.store import Store

    from .message_broker import MessageBroker

logger = logging.getLogger(__name__)
Written = TypeVar("Written")
_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.1, 5.0  # seconds between attempts to write
_SECONDS_TO_CONCLUDE = 2.0
_POLL_SECONDS = 1.0  # sessions may expire and workers may join without a notification


class Scheduler:
    """Decide which jobs run when: one at a time on a device, any number on a simulator.

    Args:
        store: Stores the jobs.
        broker: Receives the interim results.
        executor: Runs the jobs.
        session_idle_seconds: How long a session without jobs holds a backend.
        clock: Seconds since 1970.
    """

    def __init__(
        self,
        store: Store,
        broker: MessageBroker,
        executor: Executor,
        session_idle_seconds: float = 60.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store, self._broker, self._executor = store, broker, executor
        self._idle_seconds, self._clock = session_idle_seconds, clock
        self._queues: dict[str, Queue] = {}
        self._numbers = itertools.count()
        self._attempts: dict[str, asyncio.Task[None]] = {}
        self._running: dict[str, asyncio.Future[Outcome]] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._stopping = False
        self._waited: list[Job] = []

    def recover(self) -> None:
        """Fail the jobs that were running when the server died, and find the queued ones."""
        with self._store.transaction():
            for job in self._store.jobs.with_status(RUNNING):
                self._store.jobs.finish(job.id, FAILED, SERVER_STOPPED, result=SERVER_STOPPED)
        self._waited = self._store.jobs.with_status(QUEUED)

    def resume(self) -> None:
        """Requeue the jobs that waited before a restart."""
        for job in self._waited:
            self.enqueue(job)
        self._waited = []

    def enqueue(self, job: Job) -> None:
        """Append a job to its backend's queue."""
        queue = self._queues.get(job.backend)
        if queue is None:
            queue = self._queues[job.backend] = Queue(not catalog.is_simulator(job.backend))
        queue.waiting.append(Ticket(next(self._numbers), job.id, job.user, job.session))
        self.dispatch()

    def length(self, backend: str) -> int:
        """Return the number of jobs that wait for a backend or run on it."""
        queue = self._queues.get(backend)
        return len(queue.waiting) + len(queue.running) if queue else 0

    def position(self, job: Job) -> int | None:
        """Return the place in the queue, from 1; ``None`` for a job that does not wait."""
        queue = self._queues.get(job.backend)
        ids = [ticket.job for ticket in queue.waiting] if queue else []
        return ids.index(job.id) + 1 if job.id in ids else None

    def withdraw(self, job: Job) -> None:
        """Remove a job from its queue or stop it; the caller must store its final status."""
        queue = self._queues.get(job.backend)
        if queue is not None:
            queue.remove(job.id)
        execution = self._running.get(job.id)
        if execution is not None:
            execution.cancel()
        self._broker.close(job.id)

    async def stop(self, grace: float) -> None:
        """Start no more jobs, wait for the running ones, then fail those that still run.

        Args:
            grace: Seconds to wait.
        """
        self._stopping = True
        if self._running:
            await asyncio.wait(list(self._running.values()), timeout=grace)
        ended = [self._attempts[job] for job, one in self._running.items() if one.done()]
        if ended:  # and are about to be stored
            await asyncio.wait(ended, timeout=_SECONDS_TO_CONCLUDE)
        try:
            self._broker.flush()
            async with self._store.durably():
                for job_id in self._running:
                    self._store.jobs.finish(job_id, FAILED, SERVER_STOPPED, result=SERVER_STOPPED)
        except WriteError as error:
            # The next start fails these jobs.
            logger.warning("Cannot store that running jobs were stopped: %s.", error)
        attempts = list(self._attempts.values())
        for attempt in attempts:
            attempt.cancel()
        await asyncio.gather(*attempts, return_exceptions=True)

    def dispatch(self) -> None:
        """Start the jobs whose turn it is; must be called whenever this may have changed."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._stopping:
            return
        now = self._clock()
        for queue in self._queues.values():
            queue.release(lambda session, hold, busy: self._is_over(session, hold, busy, now))
        self._queues = {name: one for name, one in self._queues.items() if not one.is_empty}
        capacity = self._executor.capacity
        while len(self._attempts) < capacity and (found := self._next()) is not None:
            queue, ticket = found
            queue.begin(ticket, now, capacity)
            self._attempts[ticket.job] = asyncio.create_task(self._attempt(ticket.job, queue))
        if any(queue.waiting for queue in self._queues.values()):
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(min(_POLL_SECONDS, self._idle_seconds), self.dispatch)

    def _next(self) -> tuple[Queue, Ticket] | None:
        """Return the job to start next: one of a session that holds its backend, or the oldest."""
        found = [
            (queue, ticket)
            for queue in self._queues.values()
            if (ticket := queue.candidate()) is not None
        ]
        return min(found, key=lambda one: _order(*one), default=None)

    def _is_over(self, session_id: str, hold: Hold, busy: bool, now: float) -> bool:
        session = self._store.sessions.get(session_id)
        if session is None or not session.within_its_time(now):
            return True
        # Queued jobs of a closed session still go first: a `with` block ends before its jobs do.
        return not busy and (session.closed or now - hold.last_used >= self._idle_seconds)

    async def _attempt(self, job_id: str, queue: Queue) -> None:
        try:
            job = self._store.jobs.get(job_id)
            if job is not None and not job.is_final:
                await self._execute(job)
        except Exception:
            # A job that cannot be started must not block its queue.
            logger.exception("Job %s could not be executed.", job_id)
            text = "The server could not execute this job; see the log of the server."

            async def fail() -> None:
                with self._store.transaction():
                    self._store.jobs.finish(job_id, FAILED, result=text)

            await self._retry_write(job_id, fail)
            self._broker.notify(job_id)
        finally:
            del self._attempts[job_id]
            queue.end(job_id, self._clock())
            self.dispatch()

    async def _execute(self, job: Job) -> None:
        async def start() -> bool:
            with self._store.transaction():
                if job.session is not None:
                    self._store.sessions.start(job.session, self._clock())
                return self._store.jobs.start(job.id)

        if not await self._retry_write(job.id, start):
            return  # canceled or deleted meanwhile
        self._broker.open(job.id)
        self._broker.notify(job.id)
        began = time.monotonic()
        work = await self._work(job)
        current = self._store.jobs.get(job.id)
        if current is None or current.is_final:  # canceled or deleted while the inputs were read
            self._broker.close(job.id)
            return
        execution = asyncio.ensure_future(
            self._executor.run(work, lambda text: self._broker.publish(job.id, text))
        )
        self._running[job.id] = execution
        try:
            await asyncio.wait({execution}, timeout=job.details.get("limit"))
            await self._conclude(job, execution, time.monotonic() - began)
            if not execution.done():
                execution.cancel()
                await asyncio.wait({execution})
        finally:
            # Also when the server stops: the worker must not continue.
            execution.cancel()
            del self._running[job.id]
            self._broker.close(job.id)

    async def _conclude(self, job: Job, execution: asyncio.Future[Outcome], seconds: float) -> None:
        status, reason, result, log = FAILED, "", "", ""
        if not execution.done():
            status, reason = CANCELLED, RAN_TOO_LONG
        elif execution.cancelled():
            status = CANCELLED
        elif (error := execution.exception()) is not None:
            logger.error("Job %s could not be executed.", job.id, exc_info=error)
            result = f"The job could not be executed: {error}"
        else:
            outcome = execution.result()
            status = COMPLETED if outcome.succeeded else FAILED
            result, log = outcome.text, outcome.log

        async def finish() -> None:
            self._broker.flush()
            async with self._store.payloads.prepared(job.id, "result", encode(result)):
                with self._store.transaction():
                    self._store.jobs.finish(
                        job.id, status, reason, result=result, log=log, seconds=seconds
                    )

        await self._retry_write(job.id, finish)
        self._broker.notify(job.id)

    async def _retry_write(self, job_id: str, write: Callable[[], Awaitable[Written]]) -> Written:
        """Run a write, and retry while the disk is full.

        The job keeps its slot meanwhile, so no more data piles up in memory than jobs run at once.
        """
        pause = _SHORTEST_PAUSE
        while True:
            try:
                return await write()
            except WriteError as error:
                logger.warning("Job %s is waiting for the disk to be writable: %s.", job_id, error)
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    async def _work(self, job: Job) -> Work:
        payloads = self._store.payloads
        source = payloads.get(job.id, "source")
        return {
            "program": job.program,
            "source": None if source is None else source.decode(),
            "params": await payloads.read(job.id, "params") or b"{}",
            "parameters": job.details.get("parameters"),
            "backend": job.backend,
            "log_level": job.details.get("log_level", "WARNING"),
        }


def _order(queue: Queue, ticket: Ticket) -> tuple[bool, int]:
    return ticket.session not in queue.holds, ticket.number
