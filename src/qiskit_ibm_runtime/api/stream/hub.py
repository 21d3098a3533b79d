"""One thread that reads every stream of the process.

A stream that waits costs a socket and no thread; connecting, which may block, is done by a few
workers beside it. The websocket library does handshake and framing on sockets that never block:
its frame buffer goes on where it stopped.
"""

from __future__ import annotations

import logging
import os
import selectors
import socket
import threading
from collections import deque
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Callable

from qiskit_ibm_runtime.api.exceptions import WebsocketError
from qiskit_ibm_runtime.api.http.concurrency import WorkerPool

from .clock import Clock
from .job_stream import JobStream

if TYPE_CHECKING:
    from qiskit_ibm_runtime.api.clients.base import BaseWebsocketClient

logger = logging.getLogger(__name__)
MOST_CONNECTING = 4


class StreamHub:
    """Open, read and close streams in one thread, which runs while there are streams."""

    def __init__(self, clock: Clock | None = None) -> None:
        self.clock = clock or Clock()
        self.connectors = WorkerPool(MOST_CONNECTING, "job-connect")
        self.process = os.getpid()
        self._lock = threading.Lock()
        self._calls: deque[Callable[[], None]] = deque()
        self._bell: socket.socket | None = None
        # What follows belongs to the hub's thread.
        self._streams: dict[BaseWebsocketClient, JobStream] = {}
        self._selector: Any = None

    def open(
        self, client: BaseWebsocketClient, url: str, retries: int, backoff_factor: float
    ) -> None:
        """Start to read a stream."""
        self.call(partial(self._open, client, url, retries, backoff_factor))

    def close(self, client: BaseWebsocketClient) -> None:
        """End the stream of a client from this side."""
        self.call(partial(self._close, client))

    def call(self, what: Callable[[], None]) -> None:
        """Run something in the hub's thread.

        Raises:
            RuntimeError: If that thread is not running and cannot be started.
            OSError: If the process has no file descriptor left to wake it with.
        """
        with self._lock:
            if self._bell is None:
                self._bell = self._start()
            self._calls.append(what)
            self._ring(self._bell)

    def _start(self) -> socket.socket:
        """Start the hub's thread and return the socket that wakes it."""
        bell, ear = socket.socketpair()
        bell.setblocking(False)
        ear.setblocking(False)
        thread = threading.Thread(target=self._run, args=(ear,), name="job-streams", daemon=True)
        try:
            thread.start()
        except Exception:
            bell.close()
            ear.close()
            raise
        return bell

    @staticmethod
    def _ring(bell: socket.socket) -> None:
        try:
            bell.send(b"!")
        except BlockingIOError:
            # So many rings are waiting that the thread will surely wake up.
            return

    def report(self, stream: JobStream, step: Callable[[], None]) -> None:
        """Run one step of a stream in the hub's thread."""
        self.call(partial(self.guard, stream, step))

    def watch(self, sock: socket.socket, stream: JobStream) -> None:
        """Notify a stream when its socket is readable."""
        self._selector.register(sock, selectors.EVENT_READ, stream)

    def unwatch(self, sock: socket.socket) -> None:
        """Stop watching a socket, which may be closed already."""
        self._selector.unregister(sock)

    def forget(self, client: BaseWebsocketClient) -> None:
        """Remove a finished stream."""
        self._streams.pop(client, None)

    def _open(
        self, client: BaseWebsocketClient, url: str, retries: int, backoff_factor: float
    ) -> None:
        stream = JobStream(self, client, url, retries, backoff_factor)
        self._streams[client] = stream
        self.guard(stream, stream.begin)

    def _close(self, client: BaseWebsocketClient) -> None:
        stream = self._streams.get(client)
        if stream is not None:
            stream.end()

    def _run(self, ear: socket.socket) -> None:
        with ear:
            try:
                self._selector = selectors.DefaultSelector()
            except OSError as exc:  # the process has no file descriptor left
                self._give_up(exc)
                return
            with self._selector:
                self._selector.register(ear, selectors.EVENT_READ)
                try:
                    while self._turn(ear):
                        pass
                except Exception as exc:
                    logger.warning("Streaming of results stopped.", exc_info=True)
                    self._give_up(exc)

    def _give_up(self, error: Exception) -> None:
        """Close all streams, including pending ones, when the thread cannot continue."""
        with self._lock:
            self._hang_up()
            calls = list(self._calls)
            self._calls.clear()
        for call in calls:
            call()
        for stream in list(self._streams.values()):
            stream.end(WebsocketError(f"Streaming stopped: {type(error).__name__}."))

    def _hang_up(self) -> None:
        if self._bell is not None:
            self._bell.close()
        self._bell = None

    def _turn(self, ear: socket.socket) -> bool:
        """Run what is due; return whether more will follow."""
        self._run_calls()
        with self._lock:
            if not self._streams and not self._calls:
                self._hang_up()
                return False
        for key, _ in self.clock.select(self._selector, self._pause()):
            if key.data is None:
                with suppress(BlockingIOError):  # readiness may be spurious
                    ear.recv(4096)
            else:
                self.guard(key.data, key.data.read)
        now = self.clock.monotonic()
        for stream in [stream for stream in self._streams.values() if stream.due <= now]:
            self.guard(stream, stream.act)
        return True

    def _run_calls(self) -> None:
        while self._calls:
            self._calls.popleft()()

    def _pause(self) -> float | None:
        due = min((stream.due for stream in self._streams.values()), default=float("inf"))
        return None if due == float("inf") else max(due - self.clock.monotonic(), 0.0)

    @staticmethod
    def guard(stream: JobStream, step: Callable[[], None]) -> None:
        """Run one step of a stream; an error ends that stream only."""
        try:
            step()
        except Exception as exc:
            logger.debug("The stream of a job failed.", exc_info=True)
            stream.end(WebsocketError(f"The stream failed: {type(exc).__name__}: {exc}"))


_hub: StreamHub | None = None
_hub_lock = threading.Lock()


def shared_hub() -> StreamHub:
    """Return the hub of this process; a forked process starts its own."""
    global _hub
    with _hub_lock:
        if _hub is None or _hub.process != os.getpid():
            _hub = StreamHub()
        return _hub


def _forget_hub() -> None:
    """Reset locks in a forked child, as the parent may have held them."""
    global _hub, _hub_lock
    _hub, _hub_lock = None, threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_hub)
