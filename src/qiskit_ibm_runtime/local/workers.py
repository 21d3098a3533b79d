"""Processes that run jobs: warm, one job at a time, replaced when they die."""

from __future__ import annotations

import asyncio
import json
import os
import struct
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

_LENGTH = struct.Struct("!Q")


@dataclass
class Outcome:
    """How a job ended."""

    succeeded: bool
    text: str
    log: str = ""


@dataclass
class Worker:
    """One child process."""

    process: asyncio.subprocess.Process
    errors: bytearray = field(default_factory=bytearray)

    async def send(self, message: dict[str, Any]) -> None:
        data = json.dumps(message).encode()
        if self.process.stdin is None:
            raise BrokenPipeError("The worker has no input.")
        self.process.stdin.write(_LENGTH.pack(len(data)) + data)
        await self.process.stdin.drain()

    async def receive(self) -> dict[str, Any] | None:
        if self.process.stdout is None:
            return None
        try:
            size = _LENGTH.unpack(await self.process.stdout.readexactly(_LENGTH.size))[0]
            return json.loads(await self.process.stdout.readexactly(size))  # type: ignore[no-any-return]
        except asyncio.IncompleteReadError:
            return None


class WorkerPool:
    """A fixed number of warm workers."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._idle: asyncio.Queue[Worker] = asyncio.Queue()

    async def start(self) -> None:
        for _ in range(self._size):
            self._idle.put_nowait(await _spawn())

    async def stop(self) -> None:
        while not self._idle.empty():
            worker = self._idle.get_nowait()
            worker.process.kill()
            await worker.process.wait()

    async def run(self, job: dict[str, Any], publish: Callable[[str], None]) -> Outcome:
        worker = await self._idle.get()
        done = False
        try:
            await worker.send(job)
            while True:
                message = await worker.receive()
                if message is None:
                    code = await worker.process.wait()
                    return Outcome(False, f"The worker process ended with exit code {code}.")
                if message["kind"] == "interim":
                    publish(message["text"])
                else:
                    done = True
                    return Outcome(message["kind"] == "result", message["text"], message["log"])
        finally:
            if not done and worker.process.returncode is None:
                worker.process.kill()
            if not done:
                worker = await asyncio.shield(_spawn())
            self._idle.put_nowait(worker)


async def _spawn() -> Worker:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "qiskit_ibm_runtime.local.worker",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env=os.environ.copy(),
        limit=2**26,
    )
    return Worker(process)
