"""Stream hub: one thread that reads all streams of the process.

A waiting stream needs a socket but no thread. A few worker threads open connections, as that may
block. The websocket library handles handshakes and frames; on the non-blocking sockets, its frame
buffer resumes where it stopped.
"""

from __future__ import annotations

import logging
import selectors
import socket
import threading
import time
from collections import deque
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Callable

from qiskit_ibm_runtime.api.exceptions import WebsocketError
from qiskit_ibm_runtime.api.http.concurrency import WorkerPool, reset_in_children
from qiskit_ibm_runtime.api.http.retry import draw_jitter

if TYPE_CHECKING:
    from .job_stream import JobStream

logger = logging.getLogger(__name__)
MOST_CONNECTING = 4


class Clock:
    """The system clock and randomness, replaceable in tests."""

    def monotonic(self) -> float:
        """Return monotonic seconds."""
        return time.monotonic()

    def wait(self, event: threading.Event, seconds: float) -> bool:
        """Wait for an event with a timeout; return whether it was set."""
        return event.wait(seconds)

    def select(self, selector: selectors.BaseSelector, seconds: float | None) -> list[Any]:
        """Wait with a timeout until sockets are readable; return those."""
        return selector.select(seconds)

    def jitter(self) -> float:
        """Return a number from 0 to 1."""
        return draw_jitter()


class StreamHub:
    """Open, read and close streams in one thread, which runs while streams exist."""

    def __init__(self, clock: Clock | None = None) -> None:
        self.clock = clock or Clock()
        self.connectors = WorkerPool(MOST_CONNECTING, "job-connect")
        self.reset_after_fork()
        reset_in_children(self)

    def reset_after_fork(self) -> None:
        """Forget the streams of the parent process, whose thread does not exist in this one."""
        self._lock = threading.Lock()
        self._calls: deque[Callable[[], None]] = deque()
        self._wake_sender: socket.socket | None = None
        # Changed only by the hub's thread.
        self._streams: set[JobStream] = set()
        self._selector: Any = None

    def open(self, stream: JobStream) -> None:
        """Open a stream, and start reading it."""
        self.report(stream, partial(self._begin, stream))

    def _begin(self, stream: JobStream) -> None:
        self._streams.add(stream)
        stream.begin()

    def close(self, stream: JobStream) -> None:
        """Close a stream, unless it has ended; one that is only scheduled does not begin."""
        if stream in self._streams:
            self.call(lambda: stream.end() if stream in self._streams else None)

    def call(self, what: Callable[[], None]) -> None:
        """Schedule a call in the hub's thread.

        Raises:
            RuntimeError: If the thread is not running and cannot be started.
            OSError: If no file descriptor is left for the socket that wakes the thread.
        """
        with self._lock:
            if self._wake_sender is None:
                self._wake_sender = self._start()
            self._calls.append(what)
            self._wake(self._wake_sender)

    def _start(self) -> socket.socket:
        """Start the hub's thread and return the socket that wakes it."""
        sender, receiver = socket.socketpair()
        sender.setblocking(False)
        receiver.setblocking(False)
        thread = threading.Thread(
            target=self._run, args=(receiver,), name="job-streams", daemon=True
        )
        try:
            thread.start()
        except Exception:
            sender.close()
            receiver.close()
            raise
        return sender

    @staticmethod
    def _wake(sender: socket.socket) -> None:
        try:
            sender.send(b"!")
        except BlockingIOError:
            # The buffer is full of earlier bytes, which wake the thread.
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

    def forget(self, stream: JobStream) -> None:
        """Remove a finished stream."""
        self._streams.discard(stream)

    def _run(self, receiver: socket.socket) -> None:
        with receiver:
            try:
                self._selector = selectors.DefaultSelector()
            except OSError as exc:  # no file descriptor is left
                self._give_up(exc)
                return
            with self._selector:
                self._selector.register(receiver, selectors.EVENT_READ)
                try:
                    while self._turn(receiver):
                        pass
                except Exception as exc:
                    logger.warning("Result streaming stopped.", exc_info=True)
                    self._give_up(exc)

    def _give_up(self, error: Exception) -> None:
        """Close all streams, including pending ones, when the thread cannot continue."""
        with self._lock:
            self._close_wake_sender()
            calls = list(self._calls)
            self._calls.clear()
        for call in calls:
            call()
        for stream in list(self._streams):
            stream.end(WebsocketError(f"Streaming stopped: {type(error).__name__}."))

    def _close_wake_sender(self) -> None:
        if self._wake_sender is not None:
            self._wake_sender.close()
        self._wake_sender = None

    def _turn(self, receiver: socket.socket) -> bool:
        """Run due calls and steps; return whether to continue."""
        self._run_calls()
        with self._lock:
            if not self._streams and not self._calls:
                self._close_wake_sender()
                return False
        for key, _ in self.clock.select(self._selector, self._pause()):
            if key.data is None:
                with suppress(BlockingIOError):  # readiness may be spurious
                    receiver.recv(4096)
            else:
                self.guard(key.data, key.data.read)
        now = self.clock.monotonic()
        for stream in [stream for stream in self._streams if stream.due <= now]:
            self.guard(stream, stream.act)
        return True

    def _run_calls(self) -> None:
        while self._calls:
            self._calls.popleft()()

    def _pause(self) -> float | None:
        due = min((stream.due for stream in self._streams), default=float("inf"))
        return None if due == float("inf") else max(due - self.clock.monotonic(), 0.0)

    @staticmethod
    def guard(stream: JobStream, step: Callable[[], None]) -> None:
        """Run one step of a stream; an error ends only that stream."""
        try:
            step()
        except Exception as exc:
            logger.debug("The stream of a job failed.", exc_info=True)
            stream.end(WebsocketError(f"The stream failed: {type(exc).__name__}: {exc}"))


HUB = StreamHub()
"""The hub of this process."""
