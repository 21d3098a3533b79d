"""Base classes of clients."""

from __future__ import annotations

import hashlib
import logging
import os
import threading
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Callable

from qiskit_ibm_runtime.api.exceptions import WebsocketError, WebsocketTimeoutError
from qiskit_ibm_runtime.api.stream.handshake import socket_address
from qiskit_ibm_runtime.api.stream.hub import shared_hub
from qiskit_ibm_runtime.api.stream.job_stream import WebsocketClientCloseCode

if TYPE_CHECKING:
    from qiskit_ibm_runtime.api.client_parameters import ClientParameters
    from qiskit_ibm_runtime.api.stream.hub import StreamHub

__all__ = ["BaseClient", "BaseWebsocketClient", "WebsocketClientCloseCode"]

logger = logging.getLogger(__name__)


class BaseClient:
    """A client of the service."""


class BaseWebsocketClient(BaseClient, ABC):
    """Deliver the messages of one job exactly once and in order, across reconnections.

    The connection itself is read by the stream hub, one thread for all streams of the process.
    The first message of a connection is an acknowledgement. Most services replay a job's messages
    on a new connection: those that were delivered before are passed over. If the first message of
    a new connection is another one than before, the service does not replay, and nothing is passed
    over. A service that does not replay, and whose next message happens to equal the job's first
    one, cannot be told from one that does: that message is taken for a replayed one.

    Attributes:
        connected: Whether the stream is open.
        finished: Set once the stream is over for good.
    """

    BACKOFF_MAX = 8

    def __init__(
        self,
        websocket_url: str,
        client_params: ClientParameters,
        job_id: str,
        message_queue: Any = None,
    ) -> None:
        """Prepare the stream; nothing is sent.

        Args:
            websocket_url: Address of the runtime, as ``wss`` or ``https``.
            client_params: How to reach it, and as whom.
            job_id: The job.
            message_queue: What takes the messages by its ``put``; ``None`` leaves them unread.
        """
        self._websocket_url = socket_address(websocket_url).rstrip("/")
        self._client_params = client_params
        self._job_id = job_id
        self._message_queue = message_queue
        self._client_close_code: WebsocketClientCloseCode | None = None
        self._server_close_code: int | None = None
        self._error: BaseException | None = None
        self._failure: WebsocketError | None = None
        self._acknowledged = False
        self._replayed = 0
        self._delivered: list[bytes] = []
        self._ended = False
        self._hub: StreamHub | None = None
        self._when_finished: Callable[[], None] | None = None
        self.connected = False
        self.finished = threading.Event()

    def on_open(self, wsa: Any) -> None:
        """Record that the stream is open."""
        self.connected = True
        self._acknowledged = False
        self._replayed = 0
        self._server_close_code, self._error = None, None

    def on_message(self, wsa: Any, message: str) -> None:
        """Handle a message, unless it is the acknowledgment or was already delivered."""
        if not self._acknowledged:
            self._acknowledged = True
            return
        if self._message_queue is None:
            return
        mark = hashlib.blake2b(message.encode(), digest_size=8).digest()
        if self._replayed < len(self._delivered):
            if self._delivered[self._replayed] == mark:
                self._replayed += 1
                return
            self._delivered = self._delivered[: self._replayed]
        self._replayed += 1
        self._delivered.append(mark)
        self._handle_message(message)

    def on_close(self, wsa: Any, status_code: int | None, msg: str | None) -> None:
        """Record the close code of the server."""
        self.connected = False
        self._server_close_code = status_code

    def on_error(self, wsa: Any, error: BaseException) -> None:
        """Record the error that broke the stream."""
        self.connected = False
        self._error = error
        logger.debug("The stream of job %s broke: %s", self._job_id, type(error).__name__)

    @property
    def succeeded(self) -> bool:
        """Whether the stream finished without an error."""
        return self.finished.is_set() and self._failure is None

    @abstractmethod
    def _handle_message(self, message: str) -> None:
        """Do something with a message."""

    @abstractmethod
    def _handle_stream_iteration(self) -> None:
        """Do something before each connection."""

    def start(self, url: str, retries: int = 8, backoff_factor: float = 0.5) -> None:
        """Open the stream in the background; :attr:`finished` is set when it ends.

        Args:
            url: Address of the stream.
            retries: Connections after the first one that fail in a row.
            backoff_factor: Seconds before the first of them; doubled for each further one, up to
                ``BACKOFF_MAX``.
        """
        self.finished.clear()
        self._failure = None
        self._hub = shared_hub()
        try:
            self._hub.open(self, url, retries, backoff_factor)
        except (RuntimeError, OSError) as exc:
            self._finish(
                WebsocketError(f"The stream of job {self._job_id} could not be started: {exc}")
            )

    def stream(self, url: str, retries: int = 8, backoff_factor: float = 0.5) -> None:
        """Read until the server ends the stream, connecting again when it breaks.

        Args:
            url: Address of the stream.
            retries: Connections after the first one that fail in a row.
            backoff_factor: Seconds before the first of them; doubled for each further one, up to
                ``BACKOFF_MAX``.

        Raises:
            WebsocketError: If the stream broke for good.
            WebsocketTimeoutError: If it was ended because the user's time was over.
        """
        self.start(url, retries, backoff_factor)
        self.finished.wait()
        if self._failure is not None:
            raise self._failure
        if self._client_close_code is WebsocketClientCloseCode.TIMEOUT:
            raise WebsocketTimeoutError(f"Timed out reading the stream of job {self._job_id}.")

    def disconnect(
        self, close_code: WebsocketClientCloseCode | None = WebsocketClientCloseCode.NORMAL
    ) -> None:
        """End the stream from this side, also during a pause or before it began; returns at once.

        Args:
            close_code: Why.
        """
        self._client_close_code = close_code
        self._ended = True
        # A forked process has a copy of the stream, but not the thread that reads it.
        hub = self._hub
        if hub is not None and hub.process == os.getpid() and not self.finished.is_set():
            hub.close(self)

    def _finish(self, failure: WebsocketError | None) -> None:
        """Mark the stream as finished; called by the hub."""
        self.connected = False
        self._failure = failure
        self.finished.set()
        if self._when_finished is not None:
            self._when_finished()
