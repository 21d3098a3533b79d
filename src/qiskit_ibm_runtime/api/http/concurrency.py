"""Concurrent calls in daemon threads, and reset of state after a fork."""

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


# Maximum number of concurrent requests, equal to the pooled connections per host.
WIDTH = 32

# A TLS handshake takes two to three round trips and CPU time, so open one connection per this many
# requests. Plain connections open immediately.
REQUESTS_PER_HANDSHAKE = 3

# Maximum number of extra threads that replace threads stuck in abandoned calls.
MOST_ABANDONED = 32

# Python does not handle a signal that arrives just before the main thread blocks until the call
# returns, so wait at most this many seconds at a time. Without the limit, about one Ctrl-C in a
# hundred was ignored on a busy machine.
INTERRUPT_CHECK = 1.0

T = TypeVar("T")
R = TypeVar("R")
_watched: weakref.WeakSet[Resettable] = weakref.WeakSet()


class WorkerPool:
    """Run calls in at most ``limit`` threads, in the order of submission.

    The interpreter joins the threads of ``ThreadPoolExecutor`` before it exits, so a call that
    hangs would keep the program from ending. This pool uses daemon threads, which end when idle.
    """

    def __init__(self, limit: int, name: str) -> None:
        self._limit, self._name = limit, name
        self.reset_after_fork()
        reset_in_children(self)

    def reset_after_fork(self) -> None:
        """Discard all calls and threads, as threads do not survive a fork."""
        self._lock = threading.Lock()
        self._calls: deque[tuple[Future[Any], Callable[[], Any]]] = deque()
        self._threads = 0
        self._abandoned = 0

    def submit(self, call: Callable[[], T]) -> Future[T]:
        """Schedule a call.

        Raises:
            RuntimeError: If no thread is running and none can be started; the call is discarded.
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
        """Cancel a call; if it is already running, another thread replaces its thread."""
        if future.cancel():
            return
        with self._lock:
            if self._abandoned >= MOST_ABANDONED:
                return
            self._abandoned += 1
        future.add_done_callback(self._note_end_of_abandoned)
        with self._lock, suppress(RuntimeError):  # the next call tries again
            self._add_thread()

    def _note_end_of_abandoned(self, _future: Future[Any]) -> None:
        with self._lock:
            self._abandoned -= 1

    def _add_thread(self) -> None:
        """Start a thread if calls are waiting; the caller holds the lock."""
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
            # Pass every exception to the caller, who waits for the future.
            except BaseException as exc:  # noqa: BLE001
                future.set_exception(exc)
            else:
                future.set_result(answer)
                del answer
            # Do not keep a large result alive while waiting for the lock.
            del future, call


def width(requests: int, url: str | None = None) -> int:
    """Return the number of connections to use for concurrent requests.

    Args:
        requests: Number of requests.
        url: URL of the host, if all requests go to the same host.
    """
    if (url or "").startswith("https:"):
        requests = ceil(requests / REQUESTS_PER_HANDSHAKE)
    return min(requests, WIDTH)


def run_concurrently(
    call: Callable[[T], R], items: Iterable[T], url: str | None = None
) -> list[Future[R]]:
    """Call a function for each item in several threads, and wait for all calls.

    Args:
        call: Function that sends a request.
        items: Argument of each call.
        url: URL of the host, if all requests go to the same host; see :func:`width`.

    Returns:
        One finished future per item, in order; one failure does not affect the others.
    """
    todo = list(items)
    if len(todo) < 2:
        return [_completed(call, item) for item in todo]
    pool = WorkerPool(width(len(todo), url), "requests")
    futures: list[Future[R]] = []
    try:
        for item in todo:
            try:
                futures.append(pool.submit(partial(call, item)))
            except RuntimeError:  # no thread can be started; run the call in this one
                futures.append(_completed(call, item))
        while wait(futures, INTERRUPT_CHECK).not_done:
            pass
    except BaseException:
        # After Ctrl-C, start no further calls, and do not wait for running ones.
        for future in futures:
            future.cancel()
        raise
    return futures


def _completed(call: Callable[[T], R], item: T) -> Future[R]:
    future: Future[R] = Future()
    try:
        future.set_result(call(item))
    except Exception as exc:  # noqa: BLE001  # the reader of the future handles it
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
        # Errors other than refusals and malformed responses are bugs.
        if isinstance(error, IBMNotAuthorizedError) or not isinstance(
            error, (IBMError, ValueError)
        ):
            raise error
        failed[name] = error
    return failed


class Resettable(Protocol):
    """Object with state that is specific to a process, such as locks and threads."""

    def reset_after_fork(self) -> None:
        """Reset this state; called in the child, which has no other threads."""


def reset_in_children(thing: Resettable) -> None:
    """Register an object to be reset in each child that is forked during its lifetime."""
    _watched.add(thing)


def _reset() -> None:
    for thing in list(_watched):
        thing.reset_after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_reset)
