"""Takes jobs from their queues, has them executed, and writes down how they ended."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING

from qiskit_ibm_runtime.local.devices import catalogue
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
from qiskit_ibm_runtime.local.storage.payloads import encoded

from .queues import Queue, Ticket

if TYPE_CHECKING:
    from collections.abc import Callable

    from qiskit_ibm_runtime.local.execution.executor import Executor, Outcome, Work
    from qiskit_ibm_runtime.local.storage.store import Store

    from .feeds import Feeds

logger = logging.getLogger(__name__)


class Scheduler:
    """One queue for each backend, each of which runs one job at a time.

    Args:
        store: Where jobs are kept.
        feeds: Where what they publish goes.
        executor: What runs them.
        slots: How many jobs run at once on all backends together.
        clock: Seconds since 1970.
    """

    def __init__(
        self,
        store: Store,
        feeds: Feeds,
        executor: Executor,
        slots: int,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store, self._feeds, self._executor = store, feeds, executor
        self._clock = clock
        self._at_once = slots
        self._slots: asyncio.Semaphore  # made by resume: Python 3.9 ties it to a running loop
        self._queues: dict[str, Queue] = {}
        self._servers: dict[str, asyncio.Task[None]] = {}
        self._running: dict[str, asyncio.Future[Outcome]] = {}
        self._stopping = False

    async def resume(self) -> None:
        """After a restart: fail what ran when the server died, queue again what waited."""
        self._slots = asyncio.Semaphore(self._at_once)
        async with self._store.durably():
            for job in self._store.jobs.with_status(RUNNING):
                self._store.jobs.finish(job.id, FAILED, SERVER_STOPPED, result=SERVER_STOPPED)
        for job in self._store.jobs.with_status(QUEUED):
            self.enqueue(job)

    def enqueue(self, job: Job) -> None:
        """Put a job at the end of its backend's queue."""
        self._queues.setdefault(job.backend, Queue()).waiting.append(Ticket(job.id, job.session))
        if job.backend not in self._servers:
            self._servers[job.backend] = asyncio.create_task(self._serve(job.backend))

    def length(self, backend: str) -> int:
        """How many jobs wait for a backend or run on it."""
        queue = self._queues.get(backend)
        return len(queue.waiting) + bool(queue.running) if queue else 0

    def position(self, job: Job) -> int | None:
        """Place in the queue, from 1; ``None`` for a job that does not wait."""
        queue = self._queues.get(job.backend, Queue())
        ids = [ticket.job for ticket in queue.waiting]
        return ids.index(job.id) + 1 if job.id in ids else None

    def withdraw(self, job: Job) -> None:
        """Let a job wait or run no longer; what it ended as is the caller's to write down."""
        queue = self._queues.get(job.backend)
        if queue is not None:
            queue.remove(job.id)
        execution = self._running.get(job.id)
        if execution is not None:
            execution.cancel()
        self._feeds.close(job.id)

    async def stop(self, grace: float) -> None:
        """Start nothing more, give running jobs some seconds to end, then end them as failed."""
        self._stopping = True
        if self._running:
            await asyncio.wait(list(self._running.values()), timeout=grace)
        self._feeds.flush()
        async with self._store.durably():
            for job_id in self._running:
                self._store.jobs.finish(job_id, FAILED, SERVER_STOPPED, result=SERVER_STOPPED)
        for server in self._servers.values():
            server.cancel()
        await asyncio.gather(*self._servers.values(), return_exceptions=True)

    async def _serve(self, backend: str) -> None:
        queue = self._queues[backend]
        while queue.waiting and not self._stopping:
            async with self._slots:
                if not queue.waiting or self._stopping:
                    break
                ticket = queue.take(self._favoured(queue.session))
                await self._attempt(ticket.job)
        # A session that returns while nothing waited has lost nothing by being forgotten.
        del self._queues[backend], self._servers[backend]

    def _favoured(self, session_id: str | None) -> str | None:
        session = self._store.sessions.get(session_id) if session_id else None
        return session_id if session and session.within_its_time(self._clock()) else None

    async def _attempt(self, job_id: str) -> None:
        job = self._store.jobs.get(job_id)
        if job is None or job.is_final:
            return
        try:
            await self._execute(job)
        except Exception:
            # One job that cannot even be started must not stop the queue behind it.
            logger.exception("Job %s could not be executed.", job_id)
            text = "The server could not execute this job; its log says why."
            with self._store.transaction():
                self._store.jobs.finish(job_id, FAILED, result=text)
            self._feeds.wake(job_id)

    async def _execute(self, job: Job) -> None:
        with self._store.transaction():
            self._store.jobs.start(job.id)
            if job.session is not None:
                self._store.sessions.start(job.session, self._clock())
        self._feeds.open(job.id)
        self._feeds.wake(job.id)
        began = time.monotonic()
        work = await self._work(job)
        execution = asyncio.ensure_future(
            self._executor.run(work, lambda text: self._feeds.publish(job.id, text))
        )
        self._running[job.id] = execution
        self._queues[job.backend].running = job.id
        try:
            await asyncio.wait({execution}, timeout=job.details.get("limit"))
            await self._conclude(job, execution, time.monotonic() - began)
            if not execution.done():
                execution.cancel()
                await asyncio.wait({execution})
        finally:
            # Also when the server stops: a worker must not go on for nobody.
            execution.cancel()
            del self._running[job.id]
            self._queues[job.backend].running = None
            self._feeds.close(job.id)

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
        self._feeds.flush()
        async with self._store.payloads.prepared(job.id, "result", encoded(result)):
            with self._store.transaction():
                self._store.jobs.finish(
                    job.id, status, reason, result=result, log=log, seconds=seconds
                )
        self._feeds.wake(job.id)

    async def _work(self, job: Job) -> Work:
        payloads = self._store.payloads
        source = payloads.get(job.id, "source")
        return {
            "program": job.program,
            "source": None if source is None else source.decode(),
            "params": await payloads.read(job.id, "params") or b"{}",
            "backend": {
                "configuration": catalogue.configuration(job.backend),
                "properties": catalogue.properties(job.backend),
            },
            "log_level": job.details.get("log_level", "WARNING"),
        }
