"""The seam between the queue of a server and what runs its jobs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable, Protocol

Publish = Callable[[str], None]

Work = dict[str, Any]
"""One job for a worker:

- ``program``: id of the program;
- ``source``: text of an uploaded program; ``None`` for a program of this package;
- ``params``: the inputs, as JSON with typed wrappers, in UTF-8;
- ``parameters``: the JSON schema of an uploaded program's inputs, if it has one;
- ``backend``: name of the backend;
- ``may_split``: whether a large job may ask to be run in parts instead;
- ``part``: number of the part to run; the whole job if it is missing;
- ``log_level``: least level of the log records that are kept; ``WARNING`` if it is missing.
"""


class ExecutorError(Exception):
    """An executor cannot be started; its text says why, and what to do."""


@dataclass(frozen=True)
class Outcome:
    """How a job ended: its result as JSON text, or the traceback of its failure.

    ``parts`` is above 0 if it ended at once, to be run in so many parts.
    """

    succeeded: bool
    text: str
    log: str = ""
    parts: int = 0


class Executor(Protocol):
    """Runs jobs side by side, each in a process that is not the server's."""

    @property
    def capacity(self) -> int:
        """How many jobs run at once; more wait. It may change."""

    async def start(self) -> None:
        """Make ready: start processes, connect to a cluster.

        Raises:
            ExecutorError: If that fails for a reason that a user can mend.
        """

    async def stop(self) -> None:
        """End what still runs, and release everything."""

    async def run(self, work: Work, publish: Publish) -> Outcome:
        """Run one job, waiting for a free worker first.

        ``publish`` is called in this event loop with the JSON text of each interim result, in
        order. A job that fails, in whatever way, is an outcome and no exception. When the task that
        waits here is cancelled, the job is killed, and nothing but this job.
        """
