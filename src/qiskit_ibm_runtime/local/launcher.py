"""One embedded runtime for this process, started on first use."""

from __future__ import annotations

import atexit
import os
import secrets
import subprocess
import sys
import threading
from dataclasses import dataclass

from qiskit_ibm_runtime.exceptions import IBMRuntimeError


@dataclass
class LocalServer:
    """A running server; ``url`` and ``token`` are what an account needs."""

    url: str
    token: str
    process: subprocess.Popen[str]
    pid: int

    def stop(self) -> None:
        """Stop it and wait for its end."""
        if self.process.stdin is not None:
            self.process.stdin.close()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()


_running: LocalServer | None = None
_lock = threading.Lock()


def ensure_running() -> LocalServer:
    """Return the embedded runtime of this process; start it if there is none."""
    global _running
    with _lock:
        if _running is None or _running.pid != os.getpid() or _running.process.poll() is not None:
            _running = _start()
            atexit.register(_running.stop)
        return _running


def _start() -> LocalServer:
    token = secrets.token_urlsafe(32)
    arguments = ("-m", "qiskit_ibm_runtime.local", "serve", "--until-eof", "--log-level", "WARNING")
    process = subprocess.Popen(  # noqa: S603 - nothing in it comes from outside
        [sys.executable, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "QISKIT_IBM_LOCAL_TOKEN": token},
        # Ctrl-C reaches every process of the terminal's foreground group; it is meant for the wait.
        start_new_session=True,
    )
    line = process.stdout.readline() if process.stdout else ""
    if not line.startswith("url: "):
        raise IBMRuntimeError(
            "The embedded runtime did not start; is it installed? "
            'pip install "qiskit-ibm-runtime[local]"'
        )
    return LocalServer(line[5:].strip(), token, process, os.getpid())
