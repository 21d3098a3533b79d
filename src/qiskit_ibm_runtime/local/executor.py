"""The seam between the queue of a server and what runs its jobs."""

from __future__ import annotations

from typing import Protocol

from .splitting import Splitting
from .work import Outcome, Publish, Work
from .workers import WorkerPool

__all__ = ["KINDS", "Executor", "Outcome", "Work", "create"]

KINDS = ("process", "dask")


class Executor(Protocol):
    """Runs jobs side by side, each in a process that is not the server's."""

    async def start(self) -> None:
        """Make ready: start processes, connect to a cluster."""

    async def stop(self) -> None:
        """End what still runs, and release everything."""

    async def run(self, work: Work, publish: Publish) -> Outcome:
        """Run one job, waiting for a free worker first.

        ``publish`` is called in this event loop with the JSON text of each interim result, in
        order. A job that fails, in whatever way, is an outcome and no exception. When the task that
        waits here is cancelled, the job is killed, and nothing but this job.
        """


def create(
    kind: str = "process",
    workers: int = 2,
    scheduler: str | None = None,
    memory: int | None = None,
) -> Executor:
    """Make an executor by its name on the command line.

    Args:
        kind: ``process`` for worker processes on this machine, ``dask`` for a Dask cluster.
        workers: How many jobs run at once on this machine, and how many parts of one large job at
            once anywhere; a Dask cluster has its own number of jobs.
        scheduler: Address of the Dask scheduler, such as ``tcp://127.0.0.1:8786``.
        memory: Bytes that a worker process may use; the memory of the machine if it is ``None``.

    Raises:
        ValueError: If the kind is unknown, or a Dask executor is asked for without a scheduler.
        ImportError: If Dask is asked for and not installed.
    """
    if kind == "process":
        pool = WorkerPool(workers, memory)
        # With one worker there is nothing to gain.
        return Splitting(pool, workers) if workers > 1 else pool
    if kind != "dask":
        raise ValueError(f"There is no executor {kind!r}; there are {', '.join(KINDS)}.")
    if not scheduler:
        raise ValueError("The dask executor needs the address of a scheduler.")
    from .dask_executor import DaskExecutor

    return Splitting(DaskExecutor(scheduler, memory), workers)
