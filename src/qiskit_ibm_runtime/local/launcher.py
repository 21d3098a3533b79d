"""One embedded runtime for this process, started on first use."""

from __future__ import annotations

import atexit
import json
import logging
import os
import secrets
import select
import signal
import subprocess
import tempfile
import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import IO

from qiskit_ibm_runtime.exceptions import IBMRuntimeError

from .interpreter import command

logger = logging.getLogger(__name__)

# Of what a server printed, as much as an error can show.
_LONGEST_REASON = 2000
_SECONDS_TO_STOP = 5


@dataclass
class LocalServer:
    """A running server; ``url`` and ``token`` are what an account needs.

    Attributes:
        process: Its process.
        life: A pipe that nobody but the server can write to, so that it ends with the server.
        printed: The file of what it prints and logs.
        owner: The process that started it. A forked copy may use it, but not end it.
    """

    url: str
    token: str = field(repr=False)
    process: subprocess.Popen[bytes]
    life: int
    printed: IO[bytes]
    owner: int = field(default_factory=os.getpid)

    def why_ended(self) -> str | None:
        """What became of the server and its jobs, for an error; ``None`` while it runs."""
        poll = select.poll()
        poll.register(self.life, select.POLLIN)
        if not poll.poll(0):
            return None
        how = f" ({_end_of(self.process)})" if self.owner == os.getpid() else ""
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


_running: LocalServer | None = None
_lock = threading.Lock()


def ensure_running() -> LocalServer:
    """Return the embedded runtime of this process; start it if there is none.

    Raises:
        IBMRuntimeError: If it does not start.
    """
    global _running
    with _lock:
        if _running is None or _running.owner != os.getpid() or _running.why_ended() is not None:
            _running = _start()
            atexit.register(_running.stop)
        return _running


def _start() -> LocalServer:
    if os.name != "posix":
        raise IBMRuntimeError(
            "The embedded runtime runs on Linux and macOS only. On Windows, use it in WSL, or "
            "connect to one on another machine with its url and token."
        )
    logger.info("Starting the embedded runtime; this takes some seconds.")
    began = time.monotonic()
    with ExitStack() as undo:
        server = _spawn(undo)
        logger.info(
            "The embedded runtime is ready at %s after %.1f s (process %d). It ends with this one.",
            server.url,
            time.monotonic() - began,
            server.process.pid,
        )
        undo.pop_all()
    return server


def _spawn(undo: ExitStack) -> LocalServer:
    """Start a server and wait until it answers; ``undo`` is told how to take everything back."""
    token = secrets.token_urlsafe(32)
    printed = undo.enter_context(tempfile.TemporaryFile("a+b"))  # noqa: SIM115
    life, announcing = os.pipe()
    undo.callback(os.close, life)
    arguments = ("serve", "--until-eof", "--announce", str(announcing), "--log-level", "WARNING")
    try:
        process = subprocess.Popen(  # noqa: S603 - nothing in it comes from outside
            command("qiskit_ibm_runtime.local", *arguments),
            stdin=subprocess.PIPE,  # its end is the end of this process, also by exec
            stdout=printed,
            stderr=printed,
            env={**os.environ, "QISKIT_IBM_LOCAL_TOKEN": token},
            pass_fds=(announcing,),
            # Ctrl-C reaches the whole foreground group of a terminal; it is meant for the wait.
            start_new_session=True,
        )
    except OSError as error:
        raise IBMRuntimeError(f"The embedded runtime could not be started: {error}") from error
    finally:
        os.close(announcing)
    undo.enter_context(process)
    undo.callback(process.kill)
    try:
        url = json.loads(_line(life))["url"]
    except ValueError:
        raise IBMRuntimeError(
            f"The embedded runtime did not start: {_end_of(process)}. {_said(printed)}"
        ) from None
    return LocalServer(url, token, process, life, printed)


def _line(pipe: int) -> bytes:
    """The first line that the server writes, or as much of it as came before its end."""
    line = b""
    while not line.endswith(b"\n") and (part := os.read(pipe, 4096)):
        line += part
    return line


def _end_of(process: subprocess.Popen[bytes]) -> str:
    """How a process ended whose pipe is closed already, so that its end is near."""
    try:
        code = process.wait(_SECONDS_TO_STOP)
    except subprocess.TimeoutExpired:
        return f"process {process.pid} does not answer"
    if code >= 0:
        return f"process {process.pid} ended with exit code {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    hint = "; perhaps the system was out of memory" if name == "SIGKILL" else ""
    return f"process {process.pid} was ended by {name}{hint}"


def _said(printed: IO[bytes]) -> str:
    """The end of what a server printed: its error, or the last line of a traceback."""
    size = printed.seek(0, os.SEEK_END)
    printed.seek(max(0, size - _LONGEST_REASON))
    lines = printed.read().decode(errors="replace").strip().splitlines()
    return lines[-1].strip() if lines else "It printed nothing."
