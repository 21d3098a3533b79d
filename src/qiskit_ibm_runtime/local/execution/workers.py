"""Pool of worker processes, which are reused between jobs and replaced when they end."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import signal
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qiskit_ibm_runtime.local.devices import catalog
from qiskit_ibm_runtime.local.interpreter import describe_exit

from . import channel
from .executor import Outcome, Publish, Work
from .starting import CAN_FORK, ForkStarter, Process, Starter

if TYPE_CHECKING:
    from collections.abc import Mapping

LONGEST_LOG = 2**20
"""Number of bytes of a job's output to keep; earlier output is dropped."""
_READ_AT_ONCE = 2**16
_SECRETS = ("QISKIT_IBM_LOCAL_TOKEN", "QISKIT_IBM_TOKEN")


class OutputPipe:
    """Read end of a worker's output pipe.

    It is read continuously, so that output is never on disk, and at most one job's log is in
    memory.

    Attributes:
        writer: Write end of the pipe; must be closed by the caller after starting the worker.
    """

    def __init__(self) -> None:
        self._reader, self.writer = os.pipe()
        os.set_blocking(self._reader, False)
        self._kept, self._dropped = bytearray(), 0
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._reader, self._read)

    def take(self, start: str) -> str:
        """Return and discard the output since the line ``start``."""
        # Bounded, so that a process that prints endlessly cannot block us here.
        for _ in range(LONGEST_LOG // _READ_AT_ONCE):
            if not self._read():
                break
        before, found, text = bytes(self._kept).partition(start.encode())
        dropped = 0 if found else self._dropped
        self._kept, self._dropped = bytearray(), 0
        output = (text if found else before).decode(errors="replace")
        return f"[the first {dropped} bytes are omitted]\n{output}" if dropped else output

    def close(self) -> None:
        self._loop.remove_reader(self._reader)
        os.close(self._reader)

    def _read(self) -> bool:
        """Read from the pipe; return whether there was any output."""
        try:
            part = os.read(self._reader, _READ_AT_ONCE)
        except BlockingIOError:
            return False
        if not part:
            self._loop.remove_reader(self._reader)
            return False
        self._kept += part
        surplus = len(self._kept) - LONGEST_LOG
        if surplus > 0:
            del self._kept[:surplus]
            self._dropped += surplus
        return True


@dataclass(eq=False)
class Worker:
    """Worker process with its keeper, the socket to it, and its output."""

    process: Process
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    output: OutputPipe

    async def run(self, work: Work, publish: Publish) -> Outcome:
        """Send a job, and follow it until it or the process ends."""
        # An unguessable line separates the log of this job from earlier output.
        start = f"\x1e{secrets.token_hex(16)}\n"
        try:
            head = {"work": {**work, "params": ""}, "start": start}
            await channel.send(self.writer, head, work["params"])
            while True:
                head, text = await channel.receive(self.reader)
                if head["kind"] == "parts":
                    return Outcome(True, "", self.output.take(start), int(text))
                if head["kind"] != "interim":
                    return Outcome(head["kind"] == "result", text, self.output.take(start))
                publish(text)
        except (asyncio.IncompleteReadError, ConnectionError):
            code = await self.process.wait()
            how, hint = describe_exit(code)
            text = f"The worker process {how} before the job finished{hint}."
            return Outcome(False, text, self.output.take(start))

    def kill(self) -> None:
        """Make the keeper kill the process and everything that it started."""
        if self.process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.process.pid, signal.SIGTERM)
                # The job may have stopped its keeper.
                os.kill(self.process.pid, signal.SIGCONT)

    async def close(self) -> None:
        """Kill the process and release its resources."""
        self.kill()
        await self.process.wait()
        self.writer.close()
        self.output.close()


class WorkerPool:
    """Fixed number of worker processes on this machine.

    Built-in programs run in warm processes, which have imported Qiskit and Aer. Each uploaded
    program runs in a fresh process, so that it cannot affect later jobs.

    Args:
        size: Number of concurrent jobs.
        memory: Memory limit of each process in bytes; ``None`` for that of the machine.
    """

    def __init__(self, size: int, memory: int | None = None) -> None:
        self.capacity = size
        starter = ForkStarter if CAN_FORK else Starter
        self._starter = starter(memory or catalog.memory(), _environment(os.environ, size))
        self._free: asyncio.Semaphore  # created by start, because Python 3.9 ties it to a loop
        self._warm: list[asyncio.Task[Worker]] = []
        self._alive: set[Worker] = set()
        self._stopped = False

    async def start(self) -> None:
        """Start the processes, without waiting for their imports."""
        self._free = asyncio.Semaphore(self.capacity)
        self._starter.prepare()
        for _ in range(self.capacity):
            self._warm_up()

    async def stop(self) -> None:
        """Kill the processes; running jobs fail."""
        self._stopped = True
        for coming in self._warm:
            coming.cancel()  # has no effect on started processes
        idle = await asyncio.gather(*self._warm, return_exceptions=True)
        self._warm.clear()
        await asyncio.gather(*(self._end(worker) for worker in idle if isinstance(worker, Worker)))
        for busy in self._alive:
            busy.kill()
        await asyncio.gather(*(busy.process.wait() for busy in self._alive))
        await self._starter.stop()

    async def run(self, work: Work, publish: Publish) -> Outcome:
        async with self._free:
            if self._stopped:
                return Outcome(False, "The server was stopped before the job started.")
            try:
                if work.get("source") is not None:
                    return await self._run_alone(work, publish)
                return await self._run_warm(work, publish)
            except OSError as exc:
                return Outcome(False, f"Cannot start a worker process for the job: {exc}")

    async def _run_warm(self, work: Work, publish: Publish) -> Outcome:
        coming = self._warm.pop()
        usable = False
        try:
            worker = await asyncio.shield(coming)
            if worker.process.returncode is not None:  # it ended between jobs
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
        output = OutputPipe()
        try:
            with theirs:
                process = await self._starter.start(theirs, output.writer)
            reader, writer = await asyncio.open_connection(sock=ours)
        except BaseException:
            ours.close()
            output.close()
            raise
        finally:
            os.close(output.writer)
        worker = Worker(process, reader, writer, output)
        self._alive.add(worker)
        return worker


def _environment(ours: Mapping[str, str], size: int) -> dict[str, str]:
    """Return the environment of a worker: no tokens, and no parallel processes.

    Aer may use all cores, and its threads sleep while they wait: with busy waiting, the default,
    small circuits are several times slower on a busy machine. Terra's parallel transpilation is
    disabled, because starting its processes takes longer than transpiling a circuit.
    """
    cores = os.cpu_count() or 1
    theirs = {key: value for key, value in ours.items() if key not in _SECRETS}
    threads = {
        "OMP_NUM_THREADS": str(cores),
        "OMP_WAIT_POLICY": "PASSIVE",
        "OPENBLAS_NUM_THREADS": str(max(1, cores // size)),
    }
    return {**threads, "QISKIT_PARALLEL": "FALSE", **theirs}
