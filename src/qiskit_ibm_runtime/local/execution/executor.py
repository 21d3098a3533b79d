"""Interface between the scheduler of a server and the executors that run its jobs.

Executors run each job as a whole; ``SplittingExecutor`` runs large jobs in parts on another one.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any, Callable, Protocol

from qiskit_ibm_runtime.local.programs.parts import merge_json

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


class SplittingExecutor:
    """Run jobs unchanged, or in parts if their program requests it.

    If a part fails, the job fails, and the other parts are killed. A cancel kills all parts.
    Messages of the parts are published in the order of the parts.

    Args:
        executor: Runs jobs and parts. The number of parts of one job that run at once is limited to
            its capacity; the others wait here, so that other jobs can run in between.
    """

    def __init__(self, executor: Executor) -> None:
        self.executor = executor

    @property
    def capacity(self) -> int:
        return self.executor.capacity

    async def start(self) -> None:
        await self.executor.start()

    async def stop(self) -> None:
        await self.executor.stop()

    async def run(self, work: Work, publish: Publish) -> Outcome:
        if work.get("source") is not None or self.executor.capacity == 1:
            return await self.executor.run(work, publish)
        first = await self.executor.run({**work, "may_split": True}, publish)
        if not first.parts:
            return first
        outcomes = await self._run_parts(work, first.parts, publish)
        log = first.log + "".join(outcome.log for outcome in outcomes)
        failed = next((outcome for outcome in outcomes if not outcome.succeeded), None)
        if failed is not None:
            return Outcome(False, failed.text, log)
        return Outcome(
            True, await asyncio.to_thread(merge_json, [outcome.text for outcome in outcomes]), log
        )

    async def _run_parts(self, work: Work, count: int, publish: Publish) -> list[Outcome]:
        """Run all parts; return their outcomes in order, or only finished ones if one failed."""
        room = asyncio.Semaphore(self.executor.capacity)
        order = _OrderedMessages(publish, count)

        async def run(number: int) -> Outcome:
            async with room:
                outcome = await self.executor.run({**work, "part": number}, order.of(number))
            order.end(number)
            return outcome

        running = [asyncio.create_task(run(number)) for number in range(count)]
        try:
            for coming in asyncio.as_completed(running):
                if not (await coming).succeeded:
                    break
            return [task.result() for task in running if task.done()]
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)


class _OrderedMessages:
    """Hold back the messages of a part until all earlier parts have ended."""

    def __init__(self, publish: Publish, count: int) -> None:
        self._publish = publish
        self._kept: list[list[str]] = [[] for _ in range(count)]
        self._ended = [False] * count
        self._turn = 0

    def of(self, number: int) -> Publish:
        def publish(text: str) -> None:
            if number == self._turn:
                self._publish(text)
            else:
                self._kept[number].append(text)

        return publish

    def end(self, number: int) -> None:
        self._ended[number] = True
        while self._turn < len(self._ended) and self._ended[self._turn]:
            self._turn += 1
            for text in self._kept[self._turn] if self._turn < len(self._kept) else ():
                self._publish(text)
