"""Jobs on a cluster: an executor over Dask distributed (https://distributed.dask.org).

On each Dask worker the jobs run in worker processes like those of the local executor, so that a
cancel can kill one, a crash takes no Dask worker along, and results are the same. A job whose Dask
worker is lost runs again on another.
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


_SECONDS_BETWEEN_LOOKS = 1.0
_TLS_SETTINGS = ("CA_FILE", "CLIENT__CERT", "CLIENT__KEY")


class DaskExecutor:
    """Runs jobs on the workers of a Dask scheduler, as many at once as these have threads.

    Workers need this package with its extra ``dask``. Start them with one thread for each job that
    they should run at once: ``dask worker ADDRESS --nthreads 2``.

    Args:
        scheduler: Its address, such as ``tcp://127.0.0.1:8786``.
        memory: Bytes that each process may use; the memory of its machine if it is ``None``.
    """

    def __init__(self, scheduler: str, memory: int | None = None) -> None:
        self._scheduler = scheduler
        self._memory = memory
        self._topic = f"qiskit-runtime-{secrets.token_hex(8)}"
        self._client: Client | None = None
        self._followed: dict[str, _Following] = {}
        self._threads = 0
        self._counting: asyncio.Task[None] | None = None

    @property
    def capacity(self) -> int:
        """How many threads the workers have at present, and at least one job, which waits there."""
        return max(1, self._threads)

    async def start(self) -> None:
        """Connect.

        Raises:
            ExecutorError: If the address is malformed, the scheduler does not answer, or the two do
                not agree on TLS.
        """
        await self._connect()
        self._counting = asyncio.create_task(self._count())

    async def _connect(self) -> None:
        self._client = await _connected(self._scheduler)
        self._client.subscribe_topic(self._topic, self._heard)
        self._threads = sum((await self._client.nthreads()).values())

    async def stop(self) -> None:
        """Kill what still runs, and disconnect."""
        if self._counting is not None:
            self._counting.cancel()
        if self._client is not None:
            for job in list(self._followed):
                await self._kill(self._client, job)
            to_scheduler = self._client.scheduler_comm
            await self._client.close()
            # Where the scheduler hangs up first, Dask leaves this one waiting with a time limit,
            # and asyncio complains of it when the loop ends.
            if to_scheduler is not None:
                await to_scheduler.close()
            self._client = None

    async def run(self, work: Work, publish: Publish) -> Outcome:
        """Run one job; see :class:`~qiskit_ibm_runtime.local.execution.executor.Executor`."""
        if self._client is None:
            return Outcome(False, "The executor is not connected to its Dask scheduler.")
        job = secrets.token_hex(16)
        self._followed[job] = _Following(publish)
        try:
            # pure=False: two jobs with the same inputs are two jobs.
            future = self._client.submit(
                *(run_on_worker, dict(work), job, self._topic, self._memory),
                key=_key(job),
                pure=False,
            )
            outcome, messages = await future.result()
        except asyncio.CancelledError:
            await asyncio.shield(self._cancel(future, job))
            raise
        except Exception as exc:  # noqa: BLE001  # whatever the cluster raises is the job's failure
            return Outcome(False, f"The Dask cluster could not run the job: {exc}")
        finally:
            following = self._followed.pop(job)
        for number, message in enumerate(messages):
            following.take(number, message)
        return outcome  # type: ignore[no-any-return]  # Dask's results have no type

    async def _count(self) -> None:
        """Follow the number of threads, for workers come and go; and the scheduler, for it may.

        Dask's client looks for a lost scheduler for half a minute, and is closed then.
        """
        while self._client is not None:
            await asyncio.sleep(_SECONDS_BETWEEN_LOOKS)
            with contextlib.suppress(OSError, ExecutorError):
                if self._client.status == "closed":
                    await self._connect()
                self._threads = sum((await self._client.nthreads()).values())

    async def _cancel(self, future: Any, job: str) -> None:
        """Take the job from the queue, and kill it where it runs."""
        if self._client is None:
            return
        with contextlib.suppress(OSError):
            await future.cancel(force=True)
        await self._kill(self._client, job)

    @staticmethod
    async def _kill(client: Client, job: str) -> None:
        """Kill a job where it runs; it ends by itself where Dask worker or scheduler are lost."""
        if client.status == "running":
            with contextlib.suppress(OSError):
                await client.run(cancel_on_worker, job, on_error="ignore")

    def _heard(self, event: tuple[Any, dict[str, Any]]) -> None:
        """An interim result has come."""
        _, told = event
        following = self._followed.get(told["job"])
        if following is not None:
            following.take(told["number"], told["text"])


async def _connected(scheduler: str) -> Client:
    from distributed import Client

    client = None
    try:
        client = Client(scheduler, asynchronous=True, set_as_default=False)
        await client
    except Exception as exc:
        # Dask leaves a client that did not connect half open, and complains of it at its end.
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
        return f"For TLS set {variables} to the files that its administrator gave you."
    return "Is it running, and is this the address that it printed, tcp:// or tls:// included?"


class _Following:
    """Passes on each interim result once, also when a lost job runs again."""

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
    """Run a job in the Dask worker that this is called in; tell its interim results at once.

    They are returned as well, for a listener that missed one.
    """
    from distributed import get_worker

    worker = get_worker()
    pool = await _pool_of(worker, memory)
    messages: list[str] = []

    def publish(text: str) -> None:
        worker.log_event(topic, {"job": job, "number": len(messages), "text": text})
        messages.append(text)

    task = asyncio.create_task(pool.run(work, publish))
    forgotten = asyncio.create_task(_forgotten(worker, _key(job)))
    _running[job] = task
    try:
        await asyncio.wait({task, forgotten}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            await cancel_on_worker(job)
        return await task, messages
    except asyncio.CancelledError:
        return Outcome(False, "The job was cancelled."), messages
    finally:
        forgotten.cancel()
        del _running[job]


async def _forgotten(worker: Any, key: str) -> None:
    """Wait until nobody wants a job any more: its server has gone, and with it Dask's client.

    Dask lets a task that has begun run to its end, and only forgets its result.
    """
    state = "executing"
    while state == "executing":
        await asyncio.sleep(_SECONDS_BETWEEN_LOOKS)
        task = worker.state.tasks.get(key)
        state = task.state if task is not None else "released"


def _key(job: str) -> str:
    return f"job-{job}"


async def cancel_on_worker(job: str) -> None:
    """Kill a job if it runs in this Dask worker, and wait for its end."""
    task = _running.get(job)
    if task is not None:
        task.cancel()
        await asyncio.wait([task])


async def _pool_of(worker: Any, memory: int | None) -> WorkerPool:
    """The processes of this Dask worker, started by its first job.

    They end with it: each one watches the socket to its parent.
    """
    global _pool  # the Dask worker's process has one, as it has one event loop
    if _pool is None:
        _pool = WorkerPool(worker.state.nthreads, memory)
        await _pool.start()
    return _pool
