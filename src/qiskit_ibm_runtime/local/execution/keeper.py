"""Keeper: the parent process of a worker, which kills the worker and everything its job started.

A worker cannot do this itself. While Aer, big-integer arithmetic or a regular expression holds the
interpreter lock, it cannot react, and if it crashes, child processes of its job survive.
"""

from __future__ import annotations

import ctypes
import os
import select
import signal
import sys
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Iterator

_POLL_MILLISECONDS = 500
# From <sys/prctl.h>.
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_CHILD_SUBREAPER = 1, 4, 36


def fork_worker(executor: int) -> None:
    """Fork, and return in the child, which becomes the worker; this process becomes its keeper.

    The keeper kills the worker and all its descendants when the executor has ended or sends
    SIGTERM. When the worker ends, the keeper kills the remaining descendants and exits with the
    worker's status. Must be called before any thread is started.

    Args:
        executor: Socket to the executor; the worker reads it, the keeper only watches for a hangup.
    """
    parent, keeper = os.getppid(), os.getpid()
    adopt_orphans()
    with waking(signal.SIGCHLD, signal.SIGTERM) as readable:
        worker = os.fork()
        if worker != 0:
            _keep(worker, parent, executor, readable)
    os.setsid()
    end_with(keeper)


def adopt_orphans() -> None:
    """Become the parent of detached descendants (by setsid or as daemons), instead of init."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def end_with(parent: int) -> None:
    """Kill this process when its parent ends."""
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


@contextmanager
def waking(*signals: signal.Signals) -> Iterator[int]:
    """Yield a file descriptor that becomes readable when one of the signals arrives.

    A child forked inside the block restores the signals when it leaves the block, too.
    """
    readable, writable = os.pipe()
    os.set_blocking(writable, False)
    signal.set_wakeup_fd(writable, warn_on_full_buffer=False)
    for number in signals:
        signal.signal(number, lambda *_: None)
    yield readable
    signal.set_wakeup_fd(-1)
    for number in signals:
        signal.signal(number, signal.SIG_DFL)
    os.close(readable)
    os.close(writable)


def _keep(worker: int, parent: int, executor: int, readable: int) -> NoReturn:
    status = _follow(worker, parent, executor, readable)
    if status is None:
        os.kill(worker, signal.SIGKILL)
        _, status = os.waitpid(worker, 0)
    _end_all_below(worker)
    _end_as(status)


def _follow(worker: int, parent: int, executor: int, readable: int) -> int | None:
    """Return the worker's status once it has ended, or ``None`` if it must be killed."""
    poll = select.poll()
    poll.register(readable, select.POLLIN)
    poll.register(executor, 0)  # hangups are always reported
    while os.getppid() == parent:
        events = dict(poll.poll(_POLL_MILLISECONDS))
        if executor in events or (readable in events and signal.SIGTERM in os.read(readable, 512)):
            return None
        for process, status in reaped():
            if process == worker:
                return status
    return None


def reaped() -> Iterator[tuple[int, int]]:
    """Yield the children that have ended, with their wait statuses."""
    with suppress(ChildProcessError):
        while (ended := os.waitpid(-1, os.WNOHANG))[0]:
            yield ended


def _end_all_below(worker: int) -> None:
    """Kill the rest of the worker's process group and, on Linux, its detached descendants."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(worker, signal.SIGKILL)
    spared: set[int] = set()
    while not (left := children()) <= spared:
        spared |= kill(left - spared)
        if not left <= spared:
            os.waitpid(-1, 0)


def kill(processes: set[int]) -> set[int]:
    """Kill processes; return those that run as another user, for example by sudo."""
    spared = set()
    for process in processes:
        try:
            os.kill(process, signal.SIGKILL)
        except PermissionError:
            spared.add(process)
    return spared


def children() -> set[int]:
    """Return the children of this process, including ended ones; empty except on Linux."""
    try:
        return set(map(int, Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()))
    except OSError:
        return set()


def _end_as(status: int) -> NoReturn:
    code = os.waitstatus_to_exitcode(status)
    if code < 0:
        # Only the worker may dump core.
        _prctl(_PR_SET_DUMPABLE, 0)
        with suppress(OSError):  # the handler of SIGKILL cannot be set
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    os._exit(code if code >= 0 else 1)


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)
