"""A few daemon threads for calls that may block; none lives while there is nothing to do."""

from __future__ import annotations

import os
import threading
from collections import deque
from concurrent.futures import Future
from typing import Any, Callable, TypeVar
from weakref import WeakSet

T = TypeVar("T")
# Threads beside the limit for calls that nobody waits for any more.
MOST_ABANDONED = 32
_pools: WeakSet[WorkerPool] = WeakSet()


class WorkerPool:
    """Runs calls in at most ``limit`` threads, in the order in which they came.

    The executor of the standard library keeps the interpreter from ending while a call hangs;
    these threads do not.
    """

    def __init__(self, limit: int, name: str) -> None:
        self._limit, self._name = limit, name
        self.forget_threads()
        _pools.add(self)

    def forget_threads(self) -> None:
        """Start with nothing, as a forked process must: the threads stayed with its parent."""
        self._lock = threading.Lock()
        self._calls: deque[tuple[Future[Any], Callable[[], Any]]] = deque()
        self._threads = 0
        self._abandoned = 0

    def submit(self, call: Callable[[], T]) -> Future[T]:
        """Run a call as soon as a thread is free."""
        future: Future[T] = Future()
        with self._lock:
            self._calls.append((future, call))
        self._add_thread()
        return future

    def abandon(self, future: Future[Any]) -> None:
        """Give up on a call: if it hangs in a thread, another one takes that place meanwhile."""
        if future.cancel():
            return
        with self._lock:
            if self._abandoned >= MOST_ABANDONED:
                return
            self._abandoned += 1
        future.add_done_callback(self._back)
        self._add_thread()

    def _back(self, _future: Future[Any]) -> None:
        with self._lock:
            self._abandoned -= 1

    def _add_thread(self) -> None:
        with self._lock:
            if not self._calls or self._threads >= self._limit + self._abandoned:
                return
            self._threads += 1
        try:
            threading.Thread(target=self._work, name=self._name, daemon=True).start()
        except RuntimeError:  # no thread to be had, as while the interpreter ends (3.12 and later)
            self._work()

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


def _forget_all() -> None:
    for pool in _pools:
        pool.forget_threads()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all)
