"""Processes that run jobs: warm, one job at a time, replaced when they end."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import signal
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qiskit_ibm_runtime.local.devices import catalogue

from . import channel
from .executor import Outcome, Publish, Work
from .printed import Printed
from .starting import CAN_FORK, Forking, Process, Spawning

if TYPE_CHECKING:
    from collections.abc import Mapping

_SECRETS = ("QISKIT_IBM_LOCAL_TOKEN", "QISKIT_IBM_TOKEN")


@dataclass(eq=False)
class Worker:
    """One child process with its keeper, the socket to it, and what it prints."""

    process: Process
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    printed: Printed

    async def run(self, work: Work, publish: Publish) -> Outcome:
        """Send the job and follow it to its end, or to the end of the process."""
        # A line that nobody can guess parts the log of this job from what was printed before.
        start = f"\x1e{secrets.token_hex(16)}\n"
        try:
            head = {"work": {**work, "params": ""}, "start": start}
            await channel.send(self.writer, head, work["params"])
            while True:
                head, text = await channel.receive(self.reader)
                if head["kind"] == "parts":
                    return Outcome(True, "", self.printed.take(start), int(text))
                if head["kind"] != "interim":
                    return Outcome(head["kind"] == "result", text, self.printed.take(start))
                publish(text)
        except (asyncio.IncompleteReadError, ConnectionError):
            code = await self.process.wait()
            return Outcome(False, _reason_of_end(code), self.printed.take(start))

    def kill(self) -> None:
        """Have the keeper end the process, and all that it started."""
        if self.process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.process.pid, signal.SIGTERM)
                # A job may have stopped its keeper.
                os.kill(self.process.pid, signal.SIGCONT)

    async def close(self) -> None:
        """End the process and release what belongs to it."""
        self.kill()
        await self.process.wait()
        self.writer.close()
        self.printed.close()


class WorkerPool:
    """A fixed number of worker processes on this machine.

    Programs of this package run in processes that imported Qiskit and Aer before the first job.
    An uploaded program gets a process of its own, so that it can leave nothing behind for others.

    Args:
        size: How many jobs run at once.
        memory: Bytes that each process may use; the memory of the machine if it is ``None``.
    """

    def __init__(self, size: int, memory: int | None = None) -> None:
        self.capacity = size
        start = Forking if CAN_FORK else Spawning
        self._starter = start(memory or catalogue.memory(), _environment(os.environ, size))
        self._free: asyncio.Semaphore  # made by start: Python 3.9 ties it to a running loop
        self._warm: list[asyncio.Task[Worker]] = []
        self._alive: set[Worker] = set()
        self._stopped = False

    async def start(self) -> None:
        """Start the processes; they import what they need while the server starts to listen."""
        self._free = asyncio.Semaphore(self.capacity)
        self._starter.prepare()
        for _ in range(self.capacity):
            self._warm_up()

    async def stop(self) -> None:
        """End the processes; a job that still runs in one fails."""
        self._stopped = True
        for coming in self._warm:
            coming.cancel()  # what has started already stays as it is
        idle = await asyncio.gather(*self._warm, return_exceptions=True)
        self._warm.clear()
        await asyncio.gather(*(self._end(worker) for worker in idle if isinstance(worker, Worker)))
        for busy in self._alive:
            busy.kill()
        await asyncio.gather(*(busy.process.wait() for busy in self._alive))
        await self._starter.stop()

    async def run(self, work: Work, publish: Publish) -> Outcome:
        """Run one job; see :class:`~qiskit_ibm_runtime.local.execution.executor.Executor`."""
        async with self._free:
            if self._stopped:
                return Outcome(False, "The server stopped before the job was started.")
            try:
                if work.get("source") is not None:
                    return await self._run_alone(work, publish)
                return await self._run_warm(work, publish)
            except OSError as exc:
                return Outcome(False, f"No worker process could be started for the job: {exc}")

    async def _run_warm(self, work: Work, publish: Publish) -> Outcome:
        coming = self._warm.pop()
        usable = False
        try:
            worker = await asyncio.shield(coming)
            if worker.process.returncode is not None:  # it ended while nobody used it
                await self._end(worker)
                coming = asyncio.create_task(self._spawn())
                worker = await asyncio.shield(coming)
            outcome = await worker.run(work, publish)
            usable = worker.process.returncode is None
            return outcome
        finally:
            if not coming.done() or (usable and not self._stopped):
                self._warm.append(coming)
            else:
                self._warm_up()
                await asyncio.shield(self._end_started(coming))

    async def _run_alone(self, work: Work, publish: Publish) -> Outcome:
        starting = asyncio.create_task(self._spawn())
        try:
            worker = await asyncio.shield(starting)
            return await worker.run(work, publish)
        finally:
            await asyncio.shield(self._end_started(starting))

    def _warm_up(self) -> None:
        if not self._stopped:
            self._warm.append(asyncio.create_task(self._spawn()))

    async def _end_started(self, starting: asyncio.Task[Worker]) -> None:
        with contextlib.suppress(OSError):
            await self._end(await starting)

    async def _end(self, worker: Worker) -> None:
        if worker in self._alive:
            self._alive.remove(worker)
            await worker.close()

    async def _spawn(self) -> Worker:
        ours, theirs = socket.socketpair()
        printed = Printed()
        try:
            with theirs:
                process = await self._starter.start(theirs, printed.writer)
            reader, writer = await asyncio.open_connection(sock=ours)
        except BaseException:
            ours.close()
            printed.close()
            raise
        finally:
            os.close(printed.writer)
        worker = Worker(process, reader, writer, printed)
        self._alive.add(worker)
        return worker


def _environment(ours: Mapping[str, str], size: int) -> dict[str, str]:
    """The environment of a worker: no tokens, and no processes below it.

    Aer may use all cores, and its threads sleep while they wait: spinning, as they do otherwise,
    makes small circuits several times slower on a machine that is busy. Terra would start processes
    to transpile several circuits, each of which takes longer to start than a circuit takes.
    """
    cores = os.cpu_count() or 1
    theirs = {key: value for key, value in ours.items() if key not in _SECRETS}
    threads = {
        "OMP_NUM_THREADS": str(cores),
        "OMP_WAIT_POLICY": "PASSIVE",
        "OPENBLAS_NUM_THREADS": str(max(1, cores // size)),
    }
    return {**threads, "QISKIT_PARALLEL": "FALSE", **theirs}


def _reason_of_end(code: int) -> str:
    if code >= 0:
        return f"The worker process ended with exit code {code} before the job did."
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    hint = {"SIGKILL": "; perhaps the system was out of memory"}.get(name, "")
    return f"The worker process was ended by {name} before the job was done{hint}."
