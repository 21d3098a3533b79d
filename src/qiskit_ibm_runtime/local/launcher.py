"""Find or start the embedded runtime for ``channel="local"``."""

from __future__ import annotations

import atexit
import logging
import os
import select
import subprocess
import tempfile
import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import IO, Callable

from qiskit_ibm_runtime.exceptions import IBMRuntimeError

from .server_process import Announcement, StartError, describe_exit, spawn, start_error

logger = logging.getLogger(__name__)
_SECONDS_TO_STOP = 5


@dataclass(frozen=True)
class LocalServer:
    """Running server.

    Attributes:
        url: URL for an account.
        token: API token.
        why_ended: Explains that the server has ended; returns ``None`` while it runs.
    """

    url: str
    token: str = field(repr=False)
    why_ended: Callable[[], str | None]


@dataclass
class _ServerProcess:
    """Server process that this process started.

    Attributes:
        found: Its announcement.
        process: The server process.
        life: Read end of a pipe whose write end only the server holds; it closes with the server.
        output: File with the output and log of the server.
        owner: Id of the process that started it. Forked copies may use the server, but not stop it.
    """

    found: Announcement
    process: subprocess.Popen[bytes]
    life: int
    output: IO[bytes]
    owner: int = field(default_factory=os.getpid)

    @property
    def is_usable(self) -> bool:
        return self.owner == os.getpid() and self.why_ended() is None

    def why_ended(self) -> str | None:
        poll = select.poll()
        poll.register(self.life, select.POLLIN)
        if not poll.poll(0):
            return None
        how = f" ({describe_exit(self.process)})" if self.owner == os.getpid() else ""
        return (
            f"The embedded runtime has ended{how}; its jobs are lost. "
            'QiskitRuntimeService(channel="local") starts a new one.'
        )

    def stop(self) -> None:
        """Stop the server and wait until it has ended."""
        if self.owner != os.getpid():
            return
        self.process.terminate()
        try:
            self.process.wait(_SECONDS_TO_STOP)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        if self.process.stdin is not None:
            self.process.stdin.close()
        self.output.close()


_ours: _ServerProcess | None = None
_lock = threading.Lock()


def _replace_lock() -> None:
    """Replace the lock after a fork, because a thread of the parent may hold it."""
    global _lock
    _lock = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_replace_lock)


def ensure_running() -> LocalServer:
    """Return the embedded runtime of this process or the persistent runtime, or start one.

    Raises:
        IBMRuntimeError: If the server does not start.
    """
    global _ours
    if os.name != "posix":
        raise IBMRuntimeError(
            "The embedded runtime runs on Linux and macOS only. On Windows, run it in WSL, or "
            "connect to one on another machine by its url and token."
        )
    from . import daemon

    with _lock:
        if _ours is None or not _ours.is_usable:
            found = daemon.find_usable()
            if found is not None:
                return LocalServer(found.url, found.token, lambda: daemon.why_ended(found))
            try:
                _ours = _start()
            except StartError as error:
                raise IBMRuntimeError(str(error)) from error.__cause__
        return LocalServer(_ours.found.url, _ours.found.token, _ours.why_ended)


def _start() -> _ServerProcess:
    """Start a server and wait until it is ready."""
    logger.info("Starting the embedded runtime; this takes a few seconds.")
    began = time.monotonic()
    with ExitStack() as undo:
        output = undo.enter_context(tempfile.TemporaryFile("a+b"))
        life, announce = os.pipe()
        undo.callback(os.close, life)
        try:
            # The server's standard input ends when this process ends or replaces itself by exec.
            process = spawn(["--until-eof"], announce, output, stdin=subprocess.PIPE)
        finally:
            os.close(announce)
        undo.enter_context(process)
        undo.callback(process.kill)
        with open(life, "rb", closefd=False) as pipe:
            found = Announcement.parse(pipe.readline())  # partial if the server ended
        if found is None:
            raise start_error(process, output)
        undo.pop_all()
    child = _ServerProcess(found, process, life, output)
    atexit.register(child.stop)
    logger.info(
        "The embedded runtime is ready at %s after %.1f s (process %d). It ends with this process.",
        *(found.url, time.monotonic() - began, found.pid),
    )
    return child
