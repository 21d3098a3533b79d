"""The embedded runtime that ``channel="local"`` means: one for this process, or the kept one."""

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

from .server_process import Announcement, StartError, end_of, not_started, spawn

logger = logging.getLogger(__name__)
_SECONDS_TO_STOP = 5


@dataclass(frozen=True)
class LocalServer:
    """A running server.

    Attributes:
        url: Its address, as an account needs it.
        token: The token for it.
        why_ended: Says what became of the server and its jobs; ``None`` while it runs.
    """

    url: str
    token: str = field(repr=False)
    why_ended: Callable[[], str | None]


@dataclass
class _Child:
    """The server of this process.

    Attributes:
        life: A pipe that nobody but the server can write to, so that it ends with the server.
        printed: The file of what it prints and logs.
        owner: The process that started it. A forked copy may use it, but not end it.
    """

    process: subprocess.Popen[bytes]
    life: int
    printed: IO[bytes]
    owner: int = field(default_factory=os.getpid)

    def why_ended(self) -> str | None:
        poll = select.poll()
        poll.register(self.life, select.POLLIN)
        if not poll.poll(0):
            return None
        how = f" ({end_of(self.process)})" if self.owner == os.getpid() else ""
        return (
            f"The embedded runtime has ended{how}; its jobs are gone. "
            'QiskitRuntimeService(channel="local") starts another one.'
        )

    def stop(self) -> None:
        """Stop it and wait for its end."""
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
        self.printed.close()


_ours: tuple[LocalServer, _Child] | None = None
_lock = threading.Lock()


def _forget_lock() -> None:
    """A forked process must not wait for a thread of its parent."""
    global _lock
    _lock = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_lock)


def ensure_running() -> LocalServer:
    """Return the embedded runtime of this process, else the kept one; else start one.

    Raises:
        IBMRuntimeError: If it does not start.
    """
    global _ours
    if os.name != "posix":
        raise IBMRuntimeError(
            "The embedded runtime runs on Linux and macOS only. On Windows, use it in WSL, or "
            "connect to one on another machine with its url and token."
        )
    with _lock:
        if _ours is not None and _ours[1].owner == os.getpid() and _ours[0].why_ended() is None:
            return _ours[0]
        found = _kept()
        if found is None:
            try:
                _ours = _start()
            except StartError as error:
                raise IBMRuntimeError(str(error)) from error.__cause__
            found = _ours[0]
        return found


def _kept() -> LocalServer | None:
    from . import kept

    found = kept.find_for_this_process()
    if found is None:
        return None
    return LocalServer(found.url, found.token, lambda: kept.why_ended(found))


def _start() -> tuple[LocalServer, _Child]:
    logger.info("Starting the embedded runtime; this takes some seconds.")
    began = time.monotonic()
    with ExitStack() as undo:
        found, child = _spawn(undo)
        undo.pop_all()
    atexit.register(child.stop)
    logger.info(
        "The embedded runtime is ready at %s after %.1f s (process %d). It ends with this one.",
        *(found.url, time.monotonic() - began, found.pid),
    )
    return LocalServer(found.url, found.token, child.why_ended), child


def _spawn(undo: ExitStack) -> tuple[Announcement, _Child]:
    """Start a server and wait until it answers; ``undo`` is told how to take everything back."""
    printed = undo.enter_context(tempfile.TemporaryFile("a+b"))  # noqa: SIM115
    life, announcing = os.pipe()
    undo.callback(os.close, life)
    try:
        # The end of its input is the end of this process, also by exec.
        process = spawn(["--until-eof"], announcing, printed, stdin=subprocess.PIPE)
    finally:
        os.close(announcing)
    undo.enter_context(process)
    undo.callback(process.kill)
    found = Announcement.parse(_line(life))
    if found is None:
        raise not_started(process, printed)
    return found, _Child(process, life, printed)


def _line(pipe: int) -> bytes:
    """The first line that the server writes, or as much of it as came before its end."""
    line = b""
    while not line.endswith(b"\n") and (part := os.read(pipe, 4096)):
        line += part
    return line
