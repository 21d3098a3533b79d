"""Executors by kind, each of which runs large jobs in parts."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from qiskit_ibm_runtime.local.programs.parts import merge_json

from .executor import Outcome
from .workers import WorkerPool

if TYPE_CHECKING:
    from .executor import Executor, Publish, Work

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
