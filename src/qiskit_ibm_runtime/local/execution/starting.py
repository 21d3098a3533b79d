"""Starting of worker processes: spawned, or forked from a preloaded process."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections import deque
from typing import TYPE_CHECKING, Union

from qiskit_ibm_runtime.local.interpreter import command

from .preloaded import ENDED, REPLY, REQUEST

if TYPE_CHECKING:
    from collections.abc import Mapping

CAN_FORK = sys.platform == "linux"
"""Whether workers may be forked; on macOS, system libraries may crash after a fork."""


class Forked:
    """Keeper of a forked worker, with what the pool uses of a process of asyncio."""

    def __init__(self, pid: int, ended: asyncio.Future[int]) -> None:
        self.pid, self._ended = pid, ended

    @property
    def returncode(self) -> int | None:
        return self._ended.result() if self._ended.done() else None

    async def wait(self) -> int:
        return await asyncio.shield(self._ended)


Process = Union[asyncio.subprocess.Process, Forked]
"""Keeper of a worker, as the pool sees it."""


class Starter:
    """Start each worker as a new process with its own imports.

    Args:
        memory: Memory limit of each worker in bytes.
        environment: Environment of the workers.
    """

    def __init__(self, memory: int, environment: Mapping[str, str]) -> None:
        self._memory, self._environment = memory, environment

    def prepare(self) -> None:
        """Begin preparations, without waiting for them.

        Raises:
            OSError: If they cannot be started.
        """

    async def start(self, connection: socket.socket, output: int) -> Process:
        """Start a worker.

        Args:
            connection: The worker's socket to the pool.
            output: File descriptor for the worker's output.

        Raises:
            OSError: If the worker cannot be started.
        """
        return await asyncio.create_subprocess_exec(
            *command("qiskit_ibm_runtime.local.execution.worker", str(self._memory)),
            stdin=connection.fileno(),
            stdout=output,
            stderr=output,
            env=dict(self._environment),
            start_new_session=True,
        )

    async def stop(self) -> None:
        """Release all resources."""


class ForkStarter(Starter):
    """Fork workers from a preloaded process, which is restarted if it ends."""

    def __init__(self, memory: int, environment: Mapping[str, str]) -> None:
        super().__init__(memory, environment)
        self._origin: _Preloaded | None = None

    def prepare(self) -> None:
        self._ready()

    async def start(self, connection: socket.socket, output: int) -> Process:
        origin = self._ready()
        try:
            return await origin.fork(connection, output)
        except OSError:
            if not origin.has_ended:
                raise
        return await self._ready().fork(connection, output)

    async def stop(self) -> None:
        """Kill the preloaded process, and with it the remaining workers."""
        if self._origin is not None:
            await self._origin.close()

    def _ready(self) -> _Preloaded:
        if self._origin is None or self._origin.has_ended:
            self._origin = _Preloaded(self._memory, self._environment)
        return self._origin


class _Preloaded:
    """Preloaded process, and the socket to it."""

    def __init__(self, memory: int, environment: Mapping[str, str]) -> None:
        self._socket, theirs = socket.socketpair()
        self._socket.setblocking(False)
        try:
            with theirs:
                self.process = subprocess.Popen(  # noqa: S603 - nothing comes from outside
                    command("qiskit_ibm_runtime.local.execution.preloaded", str(memory)),
                    stdin=theirs.fileno(),
                    stdout=2,  # standard output belongs to the server
                    # Threads of a library do not survive a fork.
                    env={**environment, "OPENBLAS_NUM_THREADS": "1"},
                    start_new_session=True,
                )
        except BaseException:
            self._socket.close()
            raise
        self._reaped: asyncio.Future[int] | None = None
        self._asked: deque[asyncio.Future[Forked]] = deque()
        self._ends: dict[int, asyncio.Future[int]] = {}
        self._received = bytearray()
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._socket, self._read)

    async def fork(self, connection: socket.socket, output: int) -> Process:
        coming: asyncio.Future[Forked] = self._loop.create_future()
        socket.send_fds(self._socket, [REQUEST], [connection.fileno(), output])
        self._asked.append(coming)
        return await coming

    def close(self) -> asyncio.Future[int]:
        """Kill the process, and with it its workers; the future is done once it has ended."""
        if self._reaped is not None:
            return self._reaped
        self.process.kill()
        self._reaped = self._loop.run_in_executor(None, self.process.wait)
        self._loop.remove_reader(self._socket)
        self._socket.close()
        for coming in self._asked:
            if not coming.done():
                text = "the process from which workers are forked has ended; see the server's log."
                coming.set_exception(OSError(text))
        for ended in self._ends.values():
            ended.set_result(-signal.SIGKILL)
        return self._reaped

    @property
    def has_ended(self) -> bool:
        return self._reaped is not None

    def _read(self) -> None:
        try:
            self._received += (data := self._socket.recv(4096))
        except OSError:
            data = b""
        if not data:
            self.close()
        while len(self._received) >= REPLY.size:
            reply = REPLY.unpack(self._received[: REPLY.size])
            del self._received[: REPLY.size]
            self._take(*reply)

    def _take(self, kind: bytes, pid: int, code: int) -> None:
        if kind == ENDED:
            self._ends.pop(pid).set_result(code)
            return
        coming = self._asked.popleft()
        if pid:
            self._ends[pid] = self._loop.create_future()
        if coming.done():  # canceled; the keeper ends, because its socket is closed
            return
        if pid:
            coming.set_result(Forked(pid, self._ends[pid]))
        else:
            coming.set_exception(OSError(code, os.strerror(code)))
