"""A process above each worker, which ends the worker and all that a job started there.

A worker cannot see to that itself: while Aer, a big integer or a regular expression holds its
interpreter, it hears nothing, and when it crashes, the children of its job live on.
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

_MILLISECONDS_BETWEEN_LOOKS = 500
# Of <sys/prctl.h>.
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_CHILD_SUBREAPER = 1, 4, 36


def become_kept(executor: int) -> None:
    """Fork, and return in the child, which is the worker; this process becomes its keeper.

    The keeper ends the worker, and all processes below it, when the executor has gone or sends
    SIGTERM, and what is left below it when the worker has ended. Then it ends as the worker did.
    Call it before any thread is started.

    Args:
        executor: The socket to the executor, which the worker reads and the keeper only looks at.
    """
    parent, keeper = os.getppid(), os.getpid()
    adopt_orphans()
    with waking(signal.SIGCHLD, signal.SIGTERM) as heard:
        worker = os.fork()
        if worker != 0:
            _keep(worker, parent, executor, heard)
    os.setsid()
    end_with(keeper)


def adopt_orphans() -> None:
    """Become the parent of what is detached below, by setsid or as a daemon, in place of init."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def end_with(parent: int) -> None:
    """End this process at once when its parent does."""
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


@contextmanager
def waking(*signals: signal.Signals) -> Iterator[int]:
    """Give a descriptor that can be read once one of some signals has come.

    A child that was forked inside leaves it as its parent does.
    """
    heard, hearing = os.pipe()
    os.set_blocking(hearing, False)
    signal.set_wakeup_fd(hearing, warn_on_full_buffer=False)
    for number in signals:
        signal.signal(number, lambda *_: None)
    yield heard
    signal.set_wakeup_fd(-1)
    for number in signals:
        signal.signal(number, signal.SIG_DFL)
    os.close(heard)
    os.close(hearing)


def _keep(worker: int, parent: int, executor: int, heard: int) -> NoReturn:
    status = _follow(worker, parent, executor, heard)
    if status is None:
        os.kill(worker, signal.SIGKILL)
        _, status = os.waitpid(worker, 0)
    _end_all_below(worker)
    _end_as(status)


def _follow(worker: int, parent: int, executor: int, heard: int) -> int | None:
    """Return the worker's status when it has ended, ``None`` when it is to be ended."""
    poll = select.poll()
    poll.register(heard, select.POLLIN)
    poll.register(executor, 0)  # a hangup is reported unasked
    while os.getppid() == parent:
        events = dict(poll.poll(_MILLISECONDS_BETWEEN_LOOKS))
        if executor in events or (heard in events and signal.SIGTERM in os.read(heard, 512)):
            return None
        with suppress(ChildProcessError):
            while (ended := os.waitpid(-1, os.WNOHANG))[0]:
                if ended[0] == worker:
                    return ended[1]
    return None


def _end_all_below(worker: int) -> None:
    """End what is left of the worker's process group and, on Linux, whatever it detached."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(worker, signal.SIGKILL)
    spared: set[int] = set()
    while not (left := children()) <= spared:
        spared |= kill(left - spared)
        if not left <= spared:
            os.waitpid(-1, 0)


def kill(processes: set[int]) -> set[int]:
    """Kill processes, and return those that are another user's by now, as by sudo."""
    spared = set()
    for process in processes:
        try:
            os.kill(process, signal.SIGKILL)
        except PermissionError:
            spared.add(process)
    return spared


def children() -> set[int]:
    """The children of this process, also those that have ended; none where Linux is not."""
    try:
        return set(map(int, Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()))
    except OSError:
        return set()


def _end_as(status: int) -> NoReturn:
    code = os.waitstatus_to_exitcode(status)
    if code < 0:
        # The worker has dumped its core already, if any.
        _prctl(_PR_SET_DUMPABLE, 0)
        with suppress(OSError):  # SIGKILL has no other handler
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    os._exit(code if code >= 0 else 1)


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)
