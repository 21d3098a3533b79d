"""Interface between the scheduler of a server and the executors that run its jobs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable, Protocol

Publish = Callable[[str], None]

Work = dict[str, Any]
"""Job for a worker:

- ``program``: id of the program;
- ``source``: source of an uploaded program; ``None`` for a built-in program;
- ``params``: inputs as JSON with type tags, encoded in UTF-8;
- ``parameters``: JSON schema of an uploaded program's inputs, if it has one;
- ``backend``: name of the backend;
- ``may_split``: whether a large job may request to be run in parts;
- ``part``: number of the part to run; the whole job if missing;
- ``log_level``: minimum level of log records to keep; ``WARNING`` if missing.
"""


class ExecutorError(Exception):
    """An executor cannot be started; the message says why and what to do."""


@dataclass(frozen=True)
class Outcome:
    """Outcome of a job.

    Attributes:
        succeeded: Whether the job succeeded.
        text: The result as JSON, or the traceback of the failure.
        log: The log of the job.
        parts: Number of parts, if the job requests to be run in parts instead; 0 otherwise.
    """

    succeeded: bool
    text: str
    log: str = ""
    parts: int = 0


class Executor(Protocol):
    """Run jobs concurrently, each in a process other than the server's."""

    @property
    def capacity(self) -> int:
        """Number of jobs that can run at once; may change over time."""

    async def start(self) -> None:
        """Start processes, or connect to a cluster.

        Raises:
            ExecutorError: If this fails for a reason that the user can fix.
        """

    async def stop(self) -> None:
        """Kill running jobs and release all resources."""

    async def run(self, work: Work, publish: Publish) -> Outcome:
        """Run one job once a worker is free.

        A job that fails in any way gives an outcome, not an exception. Canceling the task that
        awaits this method kills the job, and no other job.

        Args:
            work: The job.
            publish: Called on this event loop with each interim result as JSON, in order.
        """
