"""Persistent runtime: an embedded runtime that outlives processes, one per user and machine.

``server.json`` contains the announcement of its server, with URL and token. The server locks the
file, and the system releases the lock when the server ends in any way. A file without a lock is
stale.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import platform
import signal
import stat
import time
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from .server_process import Announcement, StartError, spawn, start_error, versions

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

logger = logging.getLogger(__name__)
COMMAND = "python -m qiskit_ibm_runtime.local"
_SECONDS_TO_START = 60.0
_SECONDS_TO_STOP = 60.0
_POLL_SECONDS = 0.05
_LONGEST_FILE = 2**16


def folder() -> Path:
    """Return the folder of the persistent runtime's announcement, log and data.

    Includes the host name, because machines may share a home folder.
    """
    return Path.home() / ".qiskit" / "embedded-runtime" / (platform.node() or "localhost")


def find(patience: float = _SECONDS_TO_START) -> Announcement | None:
    """Return the announcement of the persistent runtime, or ``None`` if none runs.

    Args:
        patience: How long to wait for a server that is starting, in seconds.
    """
    try:
        file = os.open(folder() / "server.json", os.O_RDONLY | os.O_NOFOLLOW)
    except (OSError, RuntimeError):  # no file, or no home
        return None
    try:
        facts = os.fstat(file)
        if facts.st_uid != os.getuid() or facts.st_mode & 0o077:
            logger.warning("Ignoring %s, because others can read it.", folder() / "server.json")
            return None
        deadline = time.monotonic() + patience
        while not _lock(file, fcntl.LOCK_SH):
            found = _read(file)
            if found is not None or time.monotonic() > deadline:
                return found
            time.sleep(_POLL_SECONDS)
        return None
    finally:
        os.close(file)


def find_usable() -> Announcement | None:
    """Return the persistent runtime if this process may use it.

    A process does not use it during tests, or if package versions differ.
    """
    if "PYTEST_CURRENT_TEST" in os.environ or "PYTEST_VERSION" in os.environ:
        return None
    found = find()
    if found is None:
        return None
    if found.versions != versions():
        logger.warning(
            "Ignoring the persistent embedded runtime (process %d), because it runs %s and "
            "this process has %s. Restart it with `%s stop` and `%s start`.",
            *(found.pid, _listed(found.versions), _listed(versions()), COMMAND, COMMAND),
        )
        return None
    logger.info("Using the persistent embedded runtime at %s (process %d).", found.url, found.pid)
    return found


def why_ended(server: Announcement) -> str | None:
    """Explain that the persistent runtime has ended; return ``None`` while it runs."""
    current = find(patience=0)
    if current is not None and current.pid == server.pid:
        return None
    return (
        f"The embedded runtime (process {server.pid}) has ended. Its jobs are saved: run "
        f"`{COMMAND} start` and create a new QiskitRuntimeService to find them."
    )


def start(arguments: Sequence[str]) -> Announcement:
    """Start the persistent runtime and wait until it is ready; return a running one as it is.

    Args:
        arguments: Additional arguments for ``serve``.

    Raises:
        StartError: If it does not start.
    """
    try:
        with _claimed() as file:
            if file is not None:
                return _start(file, arguments)
        found = find()
    except StartError:
        raise
    except (OSError, RuntimeError) as error:  # no space for the file, or no home folder
        raise StartError(f"The embedded runtime could not be started: {error}") from error
    if found is None:
        raise StartError("An embedded runtime is starting or stopping; try again.")
    return found


def page(server: Announcement) -> str | None:
    """Return a one-time URL of the server's web page, or ``None`` if it has no page."""
    parts = urlsplit(server.url)
    body = json.dumps({"apiToken": server.token})
    connection = HTTPConnection(parts.hostname or "", parts.port, timeout=_SECONDS_TO_STOP)
    try:
        connection.request("POST", "/page/codes", body)
        response = connection.getresponse()
        path = response.read().decode()
    except OSError:
        return None
    finally:
        connection.close()
    return f"{parts.scheme}://{parts.netloc}{path}" if response.status == 200 else None


def stop() -> Announcement | None:
    """Stop the persistent runtime and wait until it has ended; return ``None`` if none ran."""
    found = find()
    if found is None:
        return None
    os.kill(found.pid, signal.SIGTERM)
    deadline = time.monotonic() + _SECONDS_TO_STOP
    while why_ended(found) is None:
        if time.monotonic() > deadline:
            os.kill(found.pid, signal.SIGKILL)
        time.sleep(_POLL_SECONDS)
    return found


def withdraw(file: int) -> None:
    """Erase an announcement, including the token, when its server shuts down."""
    if stat.S_ISREG(os.fstat(file).st_mode):
        os.ftruncate(file, 0)


@contextmanager
def _claimed() -> Iterator[int | None]:
    """Open and lock the file for a new server; yield ``None`` if a server runs already."""
    folder().mkdir(parents=True, exist_ok=True, mode=0o700)
    file = os.open(folder() / "server.json", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        deadline = time.monotonic() + _SECONDS_TO_START
        # Processes that look for a server hold the lock briefly, too.
        while not _lock(file, fcntl.LOCK_EX):
            if find() is not None or time.monotonic() > deadline:
                yield None
                return
        os.fchmod(file, 0o600)
        os.ftruncate(file, 0)
        yield file
    finally:
        os.close(file)


def _start(file: int, arguments: Sequence[str]) -> Announcement:
    """Start the server, which inherits the file descriptor and its lock."""
    log = os.open(folder() / "server.log", os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(log, "a+b") as output:
        data = ("--data", str(folder() / "data"))
        process = spawn([*data, *arguments], file, output, cwd="/")
        try:
            while process.poll() is None:
                found = _read(file)
                if found is not None:
                    return found
                time.sleep(_POLL_SECONDS)
        except BaseException:  # in particular KeyboardInterrupt
            process.kill()
            raise
        raise start_error(process, output)


def _read(file: int) -> Announcement | None:
    """Read the announcement from the file; return ``None`` while the server is starting."""
    return Announcement.parse(os.pread(file, _LONGEST_FILE, 0))


def _lock(file: int, kind: int) -> bool:
    """Try to lock the file; a shared lock is released at once."""
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    if kind == fcntl.LOCK_SH:
        fcntl.flock(file, fcntl.LOCK_UN)
    return True


def _listed(found: dict[str, Any]) -> str:
    return ", ".join(f"{name} {number}" for name, number in found.items())
