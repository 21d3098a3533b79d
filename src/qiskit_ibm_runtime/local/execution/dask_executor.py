"""Executor on a Dask cluster (https://distributed.dask.org).

On each Dask worker, jobs run in worker processes like those of the local executor. Therefore a
cancel can kill a single job, a crash does not affect the Dask worker, and results are the same. A
job whose Dask worker is lost runs again on another one.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from typing import TYPE_CHECKING, Any

from .executor import ExecutorError, Outcome, Publish, Work
from .workers import WorkerPool

if TYPE_CHECKING:
    from distributed import Client


_POLL_SECONDS = 1.0
_TLS_SETTINGS = ("CA_FILE", "CLIENT__CERT", "CLIENT__KEY")


class DaskExecutor:
    """Run jobs on the workers of a Dask scheduler, one job per thread.

    Workers need this package with its extra ``dask``. Start them with one thread for each job that
    they should run at once: ``dask worker ADDRESS --nthreads 2``.

    Args:
        scheduler: Address of the scheduler, such as ``tcp://127.0.0.1:8786``.
        memory: Memory limit of each worker process in bytes; ``None`` for that of its machine.
    """

    def __init__(self, scheduler: str, memory: int | None = None) -> None:
        self._scheduler = scheduler
        self._memory = memory
        self._topic = f"qiskit-runtime-{secrets.token_hex(8)}"
        self._client: Client | None = None
        self._feeds: dict[str, _MessageFeed] = {}
        self._threads = 0
        self._counting: asyncio.Task[None] | None = None

    @property
    def capacity(self) -> int:
        """Current number of threads of the workers; at least 1, for a job that waits for one."""
        return max(1, self._threads)

    async def start(self) -> None:
        """Connect to the scheduler.

        Raises:
            ExecutorError: If the address is malformed, the scheduler does not respond, or the TLS
                settings do not match.
        """
        await self._connect()
        self._counting = asyncio.create_task(self._count())

    async def _connect(self) -> None:
        self._client = await _connected(self._scheduler)
        self._client.subscribe_topic(self._topic, self._on_event)
        self._threads = sum((await self._client.nthreads()).values())

    async def stop(self) -> None:
        """Kill running jobs, and disconnect."""
        if self._counting is not None:
            self._counting.cancel()
        if self._client is not None:
            for job in list(self._feeds):
                await self._kill(self._client, job)
            to_scheduler = self._client.scheduler_comm
            await self._client.close()
            # If the scheduler closes first, Dask leaves this connection in a pending read, which
            # asyncio reports when the loop ends.
            if to_scheduler is not None:
                await to_scheduler.close()
            self._client = None

    async def run(self, work: Work, publish: Publish) -> Outcome:
        if self._client is None:
            return Outcome(False, "The executor is not connected to its Dask scheduler.")
        job = secrets.token_hex(16)
        self._feeds[job] = _MessageFeed(publish)
        try:
            # pure=False, because jobs with equal inputs are separate jobs.
            future = self._client.submit(
                *(run_on_worker, dict(work), job, self._topic, self._memory),
                key=_key(job),
                pure=False,
            )
            outcome, messages = await future.result()
        except asyncio.CancelledError:
            await asyncio.shield(self._cancel(future, job))
            raise
        except Exception as exc:  # noqa: BLE001  # any error of the cluster fails the job
            return Outcome(False, f"The Dask cluster could not run the job: {exc}")
        finally:
            feed = self._feeds.pop(job)
        for number, message in enumerate(messages):
            feed.take(number, message)
        return outcome  # type: ignore[no-any-return]  # Dask's results have no type

    async def _count(self) -> None:
        """Track the number of threads, and reconnect to the scheduler if necessary.

        Dask's client tries to reconnect for half a minute, and then closes.
        """
        while self._client is not None:
            await asyncio.sleep(_POLL_SECONDS)
            with contextlib.suppress(OSError, ExecutorError):
                if self._client.status == "closed":
                    await self._connect()
                self._threads = sum((await self._client.nthreads()).values())

    async def _cancel(self, future: Any, job: str) -> None:
        """Remove a job from Dask's queue, and kill it where it runs."""
        if self._client is None:
            return
        with contextlib.suppress(OSError):
            await future.cancel(force=True)
        await self._kill(self._client, job)

    @staticmethod
    async def _kill(client: Client, job: str) -> None:
        """Kill a job where it runs; if its Dask worker or scheduler is lost, it ends by itself."""
        if client.status == "running":
            with contextlib.suppress(OSError):
                await client.run(cancel_on_worker, job, on_error="ignore")

    def _on_event(self, event: tuple[Any, dict[str, Any]]) -> None:
        _, message = event
        feed = self._feeds.get(message["job"])
        if feed is not None:
            feed.take(message["number"], message["text"])


async def _connected(scheduler: str) -> Client:
    from distributed import Client

    client = None
    try:
        client = Client(scheduler, asynchronous=True, set_as_default=False)
        await client
    except Exception as exc:
        # Dask leaves a client that did not connect half open, and reports it later.
        if client is not None:
            await client.close()
        raise ExecutorError(
            f"Cannot connect to the Dask scheduler at {scheduler!r} ({type(exc).__name__}: {exc}). "
            f"{_advice(scheduler)}"
        ) from exc
    return client


def _advice(scheduler: str) -> str:
    if scheduler.startswith("tls://"):
        variables = ", ".join(f"DASK_DISTRIBUTED__COMM__TLS__{name}" for name in _TLS_SETTINGS)
        return f"For TLS, set {variables} to the files from the administrator of the cluster."
    return (
        "Check that it is running, and that this is the address it printed, including tcp:// or "
        "tls://."
    )


class _MessageFeed:
    """Deliver each interim result once, even if a lost job runs again."""

    def __init__(self, publish: Publish) -> None:
        self._publish = publish
        self._next = 0

    def take(self, number: int, text: str) -> None:
        if number == self._next:
            self._next += 1
            self._publish(text)


_pool: WorkerPool | None = None
_running: dict[str, asyncio.Task[Outcome]] = {}


async def run_on_worker(
    work: Work, job: str, topic: str, memory: int | None
) -> tuple[Outcome, list[str]]:
    """Run a job in the current Dask worker, and publish its interim results as Dask events.

    Returns the interim results as well, because events may be lost.
    """
    from distributed import get_worker

    worker = get_worker()
    pool = await _pool_of(worker, memory)
    messages: list[str] = []

    def publish(text: str) -> None:
        worker.log_event(topic, {"job": job, "number": len(messages), "text": text})
        messages.append(text)

    task = asyncio.create_task(pool.run(work, publish))
    released = asyncio.create_task(_released(worker, _key(job)))
    _running[job] = task
    try:
        await asyncio.wait({task, released}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            await cancel_on_worker(job)
        return await task, messages
    except asyncio.CancelledError:
        return Outcome(False, "The job was canceled."), messages
    finally:
        released.cancel()
        del _running[job]


async def _released(worker: Any, key: str) -> None:
    """Wait until Dask releases a job, which happens when its server, and thus Dask's client, ends.

    Dask does not stop a running task then; it only discards the result.
    """
    state = "executing"
    while state == "executing":
        await asyncio.sleep(_POLL_SECONDS)
        task = worker.state.tasks.get(key)
        state = task.state if task is not None else "released"


def _key(job: str) -> str:
    return f"job-{job}"


async def cancel_on_worker(job: str) -> None:
    """Kill a job if it runs in this Dask worker, and wait until it has ended."""
    task = _running.get(job)
    if task is not None:
        task.cancel()
        await asyncio.wait([task])


async def _pool_of(worker: Any, memory: int | None) -> WorkerPool:
    """Return the worker pool of this Dask worker, started by its first job.

    The processes end with the Dask worker, because each one watches the socket to its parent.
    """
    global _pool  # one per process, like the event loop of the Dask worker
    if _pool is None:
        _pool = WorkerPool(worker.state.nthreads, memory)
        await _pool.start()
    return _pool
