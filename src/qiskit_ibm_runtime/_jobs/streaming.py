"""Streaming of job messages to callbacks."""

from __future__ import annotations

import atexit
import logging
import os
import sys
import threading
from collections import deque
from typing import TYPE_CHECKING, Any, Callable
from urllib.parse import urlsplit
from weakref import WeakSet

from qiskit_ibm_runtime.api.clients.base import WebsocketClientCloseCode
from qiskit_ibm_runtime.api.stream.job_stream import ServerEndedError
from qiskit_ibm_runtime.utils.arguments import must_be

if TYPE_CHECKING:
    from qiskit_ibm_runtime.api.clients.runtime_ws import RuntimeWebsocketClient

logger = logging.getLogger(__name__)

# Maximum seconds of one wait: on Windows, a wait does not notice Ctrl-C.
LONGEST_WAIT = 0.5
_streams: WeakSet[ResultStream] = WeakSet()


def _finish_callbacks() -> None:
    """Wait until all callbacks have received their messages, at exit, as in 0.9.3.

    Ctrl-C ends the wait. A script that was itself ended by Ctrl-C does not wait.
    """
    if getattr(sys, "last_type", None) is KeyboardInterrupt:
        return
    try:
        for stream in list(_streams):
            stream.wait()
    except KeyboardInterrupt:
        logger.warning("Interrupted while waiting for callbacks to receive their last messages.")


def cancel_streams_of(netloc: str) -> None:
    """Cancel the streams of a server that is about to stop.

    Args:
        netloc: Host and port of the server.
    """
    for stream in list(_streams):
        if urlsplit(str(stream.client._client_params.url)).netloc == netloc:
            stream.cancel()


if hasattr(os, "register_at_fork"):
    # A forked process has neither the threads that read streams nor those that call callbacks.
    os.register_at_fork(after_in_child=_streams.clear)


def check_callback(callback: Any) -> None:
    """Check that a callback is callable.

    Raises:
        IBMInputValueError: If it is not.
    """
    if not callable(callback):
        raise must_be("callback", "a function of job id and message", callback)


class Deliveries:
    """Queue that delivers its items in order, in a separate thread.

    Streams are read in another thread, so a slow callback delays neither the connection nor the
    callbacks of other jobs.

    Attributes:
        idle: Set while no message is queued or being delivered.
    """

    def __init__(self, deliver: Callable[[str], None]) -> None:
        self._deliver = deliver
        self._lock = threading.Lock()
        self._messages: deque[str] = deque()
        self.idle = threading.Event()
        self.idle.set()

    def put(self, message: str) -> None:
        """Queue a message for delivery."""
        with self._lock:
            self._messages.append(message)
            if not self.idle.is_set():
                return
            self.idle.clear()
        try:
            threading.Thread(target=self._work, name="job-callback", daemon=True).start()
        except RuntimeError:
            # No thread can be started: deliver in this thread.
            self._work()

    def drop(self) -> None:
        """Discard pending messages."""
        with self._lock:
            self._messages.clear()

    def _work(self) -> None:
        while True:
            with self._lock:
                if not self._messages:
                    self.idle.set()
                    return
                message = self._messages.popleft()
            self._deliver(message)


class ResultStream:
    """Stream of messages from one job to one callback.

    Attributes:
        client: Client of the stream.
    """

    def __init__(
        self,
        job_id: str,
        new_client: Callable[[Deliveries], RuntimeWebsocketClient],
        decode: Callable[[str], Any],
        callback: Callable[[str, Any], Any],
    ) -> None:
        self._job_id, self._decode, self._callback = job_id, decode, callback
        self._deliveries = Deliveries(self._deliver)
        self.client = new_client(self._deliveries)
        self.client._when_finished = self._log_failure
        _streams.add(self)
        # Handlers registered last run first, so this runs before an embedded runtime is stopped.
        atexit.unregister(_finish_callbacks)
        atexit.register(_finish_callbacks)
        self.client.follow()

    @property
    def active(self) -> bool:
        """Whether messages may still arrive or are pending."""
        return not (self.client.finished.is_set() and self._deliveries.idle.is_set())

    def wait(self) -> None:
        """Wait until the stream has ended and its last message is delivered."""
        for over in (self.client.finished, self._deliveries.idle):
            while not over.wait(LONGEST_WAIT):
                pass

    @property
    def reports_the_end(self) -> bool:
        """Whether this stream reports the end of the job."""
        client = self.client
        return not client._ended and (client.succeeded or not client.finished.is_set())

    def cancel(self) -> None:
        """Stop the stream."""
        self.client.disconnect(WebsocketClientCloseCode.CANCEL)
        self._deliveries.drop()

    def _log_failure(self) -> None:
        failure = self.client._failure
        if isinstance(failure, ServerEndedError):
            logger.warning("Streaming of job %s ended: %s", self._job_id, failure.message)
        elif failure is not None:
            logger.warning(
                "Streaming of job %s ended; result() and interim_results() still work: %s",
                self._job_id,
                failure.message,
            )

    def _deliver(self, message: str) -> None:
        if self.client._ended:
            return
        try:
            self._callback(self._job_id, self._decode(message))
        # An exception in the user's function must not end the stream.
        except (Exception, SystemExit):
            logger.warning("The callback for job %s failed.", self._job_id, exc_info=True)
