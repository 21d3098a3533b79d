"""The embedded runtime that outlives processes: one for each user of a machine, found by a file.

The file holds the server's announcement, with its address and token. The server holds a lock on it,
which the system releases however the server ends; a file without a lock is a leftover.
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

from .server_process import Announcement, StartError, not_started, spawn, versions

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

logger = logging.getLogger(__name__)
COMMAND = "python -m qiskit_ibm_runtime.local"
_SECONDS_TO_START = 60.0
_SECONDS_TO_STOP = 60.0
_SECONDS_BETWEEN_LOOKS = 0.05
_LONGEST_FILE = 2**16


def folder() -> Path:
    """Where the kept runtime of this user on this machine has its file, log and data.

    Home folders may be shared by machines, on each of which the address means another server.
    """
    return Path.home() / ".qiskit" / "embedded-runtime" / (platform.node() or "localhost")


def find(patience: float = _SECONDS_TO_START) -> Announcement | None:
    """The kept runtime, if one runs; one that is about to start is waited for."""
    try:
        file = os.open(folder() / "server.json", os.O_RDONLY | os.O_NOFOLLOW)
    except (OSError, RuntimeError):  # no file, or no home
        return None
    try:
        facts = os.fstat(file)
        if facts.st_uid != os.getuid() or facts.st_mode & 0o077:
            logger.warning("%s is not used: others can read it.", folder() / "server.json")
            return None
        deadline = time.monotonic() + patience
        while not _lock(file, fcntl.LOCK_SH):
            found = _read(file)
            if found is not None or time.monotonic() > deadline:
                return found
            time.sleep(_SECONDS_BETWEEN_LOOKS)
        return None
    finally:
        os.close(file)


def find_for_this_process() -> Announcement | None:
    """The kept runtime, if this process may use it: never in tests, never with other versions."""
    if "PYTEST_CURRENT_TEST" in os.environ or "PYTEST_VERSION" in os.environ:
        return None
    found = find()
    if found is None:
        return None
    if found.versions != versions():
        logger.warning(
            "The kept embedded runtime (process %d) is not used, because it runs %s, and this "
            "process has %s. Restart it with `%s stop` and `%s start`.",
            *(found.pid, _listed(found.versions), _listed(versions()), COMMAND, COMMAND),
        )
        return None
    logger.info("Using the kept embedded runtime at %s (process %d).", found.url, found.pid)
    return found


def why_ended(server: Announcement) -> str | None:
    """What became of a kept runtime and its jobs, for an error; ``None`` while it runs."""
    current = find(patience=0)
    if current is not None and current.pid == server.pid:
        return None
    return (
        f"The embedded runtime (process {server.pid}) has ended. Its jobs are kept: after "
        f"`{COMMAND} start`, a new QiskitRuntimeService finds them."
    )


def start(arguments: Sequence[str]) -> Announcement:
    """Start the kept runtime, and wait until it answers; one that runs already is found.

    Args:
        arguments: Further ones for ``serve``.

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
    except (OSError, RuntimeError) as error:  # no room for the file, or no home
        raise StartError(f"The embedded runtime could not be started: {error}") from error
    if found is None:
        raise StartError("An embedded runtime is being started or stopped; try again.")
    return found


def page(server: Announcement) -> str | None:
    """An address that lets a browser see a running server, once; ``None`` if it shows no page."""
    parts = urlsplit(server.url)
    body = json.dumps({"apiToken": server.token})
    connection = HTTPConnection(parts.hostname or "", parts.port, timeout=_SECONDS_TO_STOP)
    try:
        connection.request("POST", "/page/codes", body)
        answer = connection.getresponse()
        path = answer.read().decode()
    except OSError:
        return None
    finally:
        connection.close()
    return f"{parts.scheme}://{parts.netloc}{path}" if answer.status == 200 else None


def stop() -> Announcement | None:
    """Stop the kept runtime and wait for its end; return what it was, ``None`` if none ran."""
    found = find()
    if found is None:
        return None
    os.kill(found.pid, signal.SIGTERM)
    deadline = time.monotonic() + _SECONDS_TO_STOP
    while why_ended(found) is None:
        if time.monotonic() > deadline:
            os.kill(found.pid, signal.SIGKILL)
        time.sleep(_SECONDS_BETWEEN_LOOKS)
    return found


def withdraw(file: int) -> None:
    """Remove an announcement, and with it the token, when its server ends in good order."""
    if stat.S_ISREG(os.fstat(file).st_mode):
        os.ftruncate(file, 0)


@contextmanager
def _claimed() -> Iterator[int | None]:
    """The file, locked for a server that is to be started; ``None`` if one runs already."""
    folder().mkdir(parents=True, exist_ok=True, mode=0o700)
    file = os.open(folder() / "server.json", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        deadline = time.monotonic() + _SECONDS_TO_START
        # Whoever only looks for a server holds the lock for a moment, too.
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
    """Start the server, which inherits the descriptor, and with it the lock."""
    log = os.open(folder() / "server.log", os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(log, "a+b") as printed:
        data = ("--data", str(folder() / "data"))
        process = spawn([*data, *arguments], file, printed, cwd="/")
        try:
            while process.poll() is None:
                found = _read(file)
                if found is not None:
                    return found
                time.sleep(_SECONDS_BETWEEN_LOOKS)
        except BaseException:  # above all Ctrl-C
            process.kill()
            raise
        raise not_started(process, printed)


def _read(file: int) -> Announcement | None:
    """The announcement in the locked file; ``None`` as long as the server starts."""
    return Announcement.parse(os.pread(file, _LONGEST_FILE, 0))


def _lock(file: int, kind: int) -> bool:
    """Take a lock if nobody holds it; a shared one is given back at once."""
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    if kind == fcntl.LOCK_SH:
        fcntl.flock(file, fcntl.LOCK_UN)
    return True


def _listed(found: dict[str, Any]) -> str:
    return ", ".join(f"{name} {number}" for name, number in found.items())
