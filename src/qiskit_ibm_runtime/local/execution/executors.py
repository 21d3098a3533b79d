"""The executors that there are, by their names on the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .splitting import Splitting
from .workers import WorkerPool

if TYPE_CHECKING:
    from .executor import Executor

KINDS = ("process", "dask")


def create(
    kind: str = "process",
    workers: int = 2,
    scheduler: str | None = None,
    memory: int | None = None,
) -> Executor:
    """Make an executor by its name on the command line.

    Args:
        kind: ``process`` for worker processes on this machine, ``dask`` for a Dask cluster.
        workers: How many jobs run at once on this machine; a Dask cluster has its own number.
        scheduler: Address of the Dask scheduler, such as ``tcp://127.0.0.1:8786``.
        memory: Bytes that a worker process may use; the memory of the machine if it is ``None``.

    Raises:
        ValueError: If the kind is unknown, or a Dask executor is asked for without a scheduler.
        ImportError: If Dask is asked for and not installed.
    """
    if kind == "process":
        return Splitting(WorkerPool(workers, memory))
    if kind != "dask":
        raise ValueError(f"There is no executor {kind!r}; there are {', '.join(KINDS)}.")
    if not scheduler:
        raise ValueError("The dask executor needs the address of a scheduler.")
    from .dask_executor import DaskExecutor

    return Splitting(DaskExecutor(scheduler, memory))
