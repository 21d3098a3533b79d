"""Factory of executors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .splitting import SplittingExecutor
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
    """Create an executor.

    Args:
        kind: ``process`` for worker processes on this machine, ``dask`` for a Dask cluster.
        workers: Number of concurrent jobs on this machine; ignored for a Dask cluster.
        scheduler: Address of the Dask scheduler, such as ``tcp://127.0.0.1:8786``.
        memory: Memory limit of a worker process in bytes; ``None`` for that of the machine.

    Raises:
        ValueError: If the kind is unknown, or the address of a Dask scheduler is missing.
        ImportError: If Dask is required and not installed.
    """
    if kind == "process":
        return SplittingExecutor(WorkerPool(workers, memory))
    if kind != "dask":
        raise ValueError(f"Unknown executor {kind!r}. Choose from {', '.join(KINDS)}.")
    if not scheduler:
        raise ValueError("The dask executor requires the address of a scheduler.")
    from .dask_executor import DaskExecutor

    return SplittingExecutor(DaskExecutor(scheduler, memory))
