"""How worker processes are started: each by itself, or forked from one that is preloaded."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections import deque
from typing import TYPE_CHECKING, Protocol

from qiskit_ibm_runtime.local.interpreter import command

from .preloaded import ENDED, REPLY, REQUEST

if TYPE_CHECKING:
    from collections.abc import Mapping

CAN_FORK = sys.platform == "linux"
"""Whether workers may be forked; with libraries of macOS loaded, a fork may crash."""


class Process(Protocol):
    """A worker's keeper, as the pool sees it."""

    @property
    def pid(self) -> int:
        """Number of the process."""

    @property
    def returncode(self) -> int | None:
        """Exit code, below 0 the signal that ended it; ``None`` as long as it runs."""

    async def wait(self) -> int:
        """Wait for its end and return the exit code."""


class Starter(Protocol):
    """Starts workers."""

    def prepare(self) -> None:
        """Make ready, without waiting for it.

        Raises:
            OSError: If that cannot be begun.
        """

    async def start(self, connection: socket.socket, printed: int) -> Process:
        """Start a worker.

        Args:
            connection: Its socket to the pool.
            printed: Descriptor into which it prints.

        Raises:
            OSError: If it could not be started.
        """

    async def stop(self) -> None:
        """Release everything."""


class Spawning:
    """Starts each worker by itself; it imports what it needs.

    Args:
        memory: Bytes that each may use.
        environment: Their environment.
    """

    def __init__(self, memory: int, environment: Mapping[str, str]) -> None:
        self._memory, self._environment = memory, environment

    def prepare(self) -> None:
        """There is nothing to make ready."""

    async def start(self, connection: socket.socket, printed: int) -> Process:
        """Start a worker; see :class:`Starter`."""
        return await asyncio.create_subprocess_exec(
            *command("qiskit_ibm_runtime.local.execution.worker", str(self._memory)),
            stdin=connection.fileno(),
            stdout=printed,
            stderr=printed,
            env=dict(self._environment),
            start_new_session=True,
        )

    async def stop(self) -> None:
        """There is nothing to release."""


class Forking:
    """Forks workers from a process that has imported what they need; starts it again if it ended.

    Args:
        memory: Bytes that each may use.
        environment: Their environment.
    """

    def __init__(self, memory: int, environment: Mapping[str, str]) -> None:
        self._memory, self._environment = memory, environment
        self._origin: _Preloaded | None = None

    def prepare(self) -> None:
        """Begin to import; see :class:`Starter`."""
        self._ready()

    async def start(self, connection: socket.socket, printed: int) -> Process:
        """Fork a worker; see :class:`Starter`."""
        origin = self._ready()
        try:
            return await origin.fork(connection, printed)
        except OSError:
            if not origin.has_ended:
                raise
        return await self._ready().fork(connection, printed)

    async def stop(self) -> None:
        """End the process, and the workers that are left."""
        if self._origin is not None:
            await self._origin.close()

    def _ready(self) -> _Preloaded:
        if self._origin is None or self._origin.has_ended:
            self._origin = _Preloaded(self._memory, self._environment)
        return self._origin


class _Forked:
    def __init__(self, pid: int, ended: asyncio.Future[int]) -> None:
        self.pid, self._ended = pid, ended

    @property
    def returncode(self) -> int | None:
        return self._ended.result() if self._ended.done() else None

    async def wait(self) -> int:
        return await asyncio.shield(self._ended)


class _Preloaded:
    """One process to fork from, and the socket to it."""

    def __init__(self, memory: int, environment: Mapping[str, str]) -> None:
        self._socket, theirs = socket.socketpair()
        self._socket.setblocking(False)
        try:
            with theirs:
                self.process = subprocess.Popen(  # noqa: S603 - nothing comes from outside
                    command("qiskit_ibm_runtime.local.execution.preloaded", str(memory)),
                    stdin=theirs.fileno(),
                    stdout=2,  # what the server prints is its own
                    # Threads of a library would not be there after a fork.
                    env={**environment, "OPENBLAS_NUM_THREADS": "1"},
                    start_new_session=True,
                )
        except BaseException:
            self._socket.close()
            raise
        self._reaped: asyncio.Future[int] | None = None
        self._asked: deque[asyncio.Future[_Forked]] = deque()
        self._ends: dict[int, asyncio.Future[int]] = {}
        self._heard = bytearray()
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._socket, self._read)

    async def fork(self, connection: socket.socket, printed: int) -> Process:
        coming: asyncio.Future[_Forked] = self._loop.create_future()
        socket.send_fds(self._socket, [REQUEST], [connection.fileno(), printed])
        self._asked.append(coming)
        return await coming

    def close(self) -> asyncio.Future[int]:
        """End it, and with it its workers; the future is done once it has ended."""
        if self._reaped is not None:
            return self._reaped
        self.process.kill()
        self._reaped = self._loop.run_in_executor(None, self.process.wait)
        self._loop.remove_reader(self._socket)
        self._socket.close()
        for coming in self._asked:
            if not coming.done():
                text = "the process that they are forked from ended; the server's log says why."
                coming.set_exception(OSError(text))
        for ended in self._ends.values():
            ended.set_result(-signal.SIGKILL)
        return self._reaped

    @property
    def has_ended(self) -> bool:
        """Whether another one is needed."""
        return self._reaped is not None

    def _read(self) -> None:
        try:
            self._heard += (data := self._socket.recv(4096))
        except OSError:
            data = b""
        if not data:
            self.close()
        while len(self._heard) >= REPLY.size:
            reply = REPLY.unpack(self._heard[: REPLY.size])
            del self._heard[: REPLY.size]
            self._take(*reply)

    def _take(self, kind: bytes, pid: int, code: int) -> None:
        if kind == ENDED:
            self._ends.pop(pid).set_result(code)
            return
        coming = self._asked.popleft()
        if pid:
            self._ends[pid] = self._loop.create_future()
            forked = _Forked(pid, self._ends[pid])
        if coming.done():  # Nobody waits for it; its keeper finds its socket closed.
            return
        if pid:
            coming.set_result(forked)
        else:
            coming.set_exception(OSError(code, os.strerror(code)))
