"""Calls that may block, run concurrently in daemon threads; state to reset after a fork."""

from __future__ import annotations

import os
import threading
import weakref
from collections import deque
from concurrent.futures import Future, wait
from contextlib import suppress
from functools import partial
from math import ceil
from typing import TYPE_CHECKING, Any, Callable, Protocol, TypeVar

from qiskit_ibm_runtime.exceptions import IBMError, IBMNotAuthorizedError

if TYPE_CHECKING:
    from collections.abc import Iterable


# Concurrent requests: as many as connections are kept to one host.
WIDTH = 32

# A TLS handshake costs two to three round trips, and work on both sides, before the connection
# carries its first request: one is opened per this many requests. A plain one is there at once.
REQUESTS_PER_HANDSHAKE = 3

# Threads on top of the limit that replace those stuck in abandoned calls.
MOST_ABANDONED = 32

# Python loses a signal that arrives just before the main thread blocks: it is noticed after at most
# this many seconds. Without a limit, about one Ctrl-C in a hundred was lost on a busy machine.
INTERRUPT_CHECK = 1.0

T = TypeVar("T")
R = TypeVar("R")
_watched: weakref.WeakSet[Resettable] = weakref.WeakSet()


class WorkerPool:
    """Run calls in at most ``limit`` threads, in the order in which they were submitted.

    The interpreter joins the threads of ``ThreadPoolExecutor`` before it exits, so one call that
    hangs keeps a finished program alive. These are daemon threads, and none lives while idle.
    """

    def __init__(self, limit: int, name: str) -> None:
        self._limit, self._name = limit, name
        self.reset_after_fork()
        reset_in_children(self)

    def reset_after_fork(self) -> None:
        """Start empty, as threads do not survive a fork."""
        self._lock = threading.Lock()
        self._calls: deque[tuple[Future[Any], Callable[[], Any]]] = deque()
        self._threads = 0
        self._abandoned = 0

    def submit(self, call: Callable[[], T]) -> Future[T]:
        """Run a call as soon as a thread is free.

        Raises:
            RuntimeError: If no thread is running and none can be started; the call is dropped.
        """
        future: Future[T] = Future()
        with self._lock:
            self._calls.append((future, call))
            try:
                self._add_thread()
            except Exception:
                if not self._threads:
                    self._calls.remove((future, call))
                    raise
        return future

    def abandon(self, future: Future[Any]) -> None:
        """Give up on a call: while it hangs, another thread takes its place."""
        if future.cancel():
            return
        with self._lock:
            if self._abandoned >= MOST_ABANDONED:
                return
            self._abandoned += 1
        future.add_done_callback(self._back)
        with self._lock, suppress(RuntimeError):  # the next call tries again
            self._add_thread()

    def _back(self, _future: Future[Any]) -> None:
        with self._lock:
            self._abandoned -= 1

    def _add_thread(self) -> None:
        """Start a thread if there is work for one; the caller holds the lock."""
        if not self._calls or self._threads >= self._limit + self._abandoned:
            return
        self._threads += 1
        try:
            threading.Thread(target=self._work, name=self._name, daemon=True).start()
        except Exception:
            self._threads -= 1
            raise

    def _work(self) -> None:
        while True:
            with self._lock:
                if not self._calls or self._threads > self._limit + self._abandoned:
                    self._threads -= 1
                    return
                future, call = self._calls.popleft()
            if not future.set_running_or_notify_cancel():
                continue
            try:
                answer = call()
            # Whatever it is belongs to the caller, who waits for the future.
            except BaseException as exc:  # noqa: BLE001
                future.set_exception(exc)
            else:
                future.set_result(answer)
                del answer
            # An idle moment must not keep a large answer alive.
            del future, call


def width(requests: int, url: str | None = None) -> int:
    """Return the number of connections to spread requests over.

    Args:
        requests: Number of requests.
        url: Where they go, if all go to one host.
    """
    if (url or "").startswith("https:"):
        requests = ceil(requests / REQUESTS_PER_HANDSHAKE)
    return min(requests, WIDTH)


def run_concurrently(
    call: Callable[[T], R], items: Iterable[T], url: str | None = None
) -> list[Future[R]]:
    """Call a function for each item in several threads, and wait for all of them.

    Args:
        call: Sends a request.
        items: The argument of each call.
        url: Where the requests go, if all go to one host; see :func:`width`.

    Returns:
        One finished future per item, in order; one failure does not affect the others.
    """
    todo = list(items)
    if len(todo) < 2:
        return [_called(call, item) for item in todo]
    pool = WorkerPool(width(len(todo), url), "requests")
    futures: list[Future[R]] = []
    try:
        for item in todo:
            try:
                futures.append(pool.submit(partial(call, item)))
            except RuntimeError:  # the process may start no thread: one after the other, then
                futures.append(_called(call, item))
        while wait(futures, INTERRUPT_CHECK).not_done:
            pass
    except BaseException:
        # After Ctrl-C nothing new begins, and nothing waits for what is in progress.
        for future in futures:
            future.cancel()
        raise
    return futures


def _called(call: Callable[[T], R], item: T) -> Future[R]:
    future: Future[R] = Future()
    try:
        future.set_result(call(item))
    except Exception as exc:  # noqa: BLE001  # anyone who reads the future decides
        future.set_exception(exc)
    return future


def failures(names: Iterable[str], futures: Iterable[Future[R]]) -> dict[str, BaseException]:
    """Return the errors of those requests that failed without affecting the others, by name.

    Raises:
        IBMNotAuthorizedError: If the service refuses the credentials, which affects all requests.
    """
    failed: dict[str, BaseException] = {}
    for name, future in zip(names, futures):
        error = future.exception()
        if error is None:
            continue
        # Anything but a refusal or a malformed answer is a bug.
        if isinstance(error, IBMNotAuthorizedError) or not isinstance(
            error, (IBMError, ValueError)
        ):
            raise error
        failed[name] = error
    return failed


class Resettable(Protocol):
    """An object with state of the process that made it."""

    def reset_after_fork(self) -> None:
        """Drop that state; runs in the child, which has no other threads."""


def reset_in_children(thing: Resettable) -> None:
    """Reset an object in each child that is forked during its lifetime."""
    _watched.add(thing)


def _reset() -> None:
    for thing in list(_watched):
        thing.reset_after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_reset)
