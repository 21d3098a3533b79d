"""Base classes of clients."""

from __future__ import annotations

import hashlib
import logging
import threading
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Callable

from qiskit_ibm_runtime.api.exceptions import WebsocketError, WebsocketTimeoutError
from qiskit_ibm_runtime.api.stream import hub
from qiskit_ibm_runtime.api.stream.handshake import socket_address
from qiskit_ibm_runtime.api.stream.job_stream import JobStream, WebsocketClientCloseCode

if TYPE_CHECKING:
    from qiskit_ibm_runtime.api.client_parameters import ClientParameters

__all__ = ["BaseClient", "BaseWebsocketClient", "WebsocketClientCloseCode"]

logger = logging.getLogger(__name__)


class BaseClient:
    """A client of the service."""


class BaseWebsocketClient(BaseClient, ABC):
    """Deliver the messages of one job exactly once and in order, across reconnections.

    The stream hub, one thread for all streams of the process, reads the connection. The first
    message of a connection is an acknowledgment. Most services replay a job's messages on a new
    connection; messages that were already delivered are skipped. If the first message of a new
    connection differs from the job's first message, the service does not replay, and no message is
    skipped. If a service does not replay, and its next message equals the job's first message, that
    message is mistaken for a replay and skipped.

    Attributes:
        connected: Whether the stream is open.
        finished: Event that is set when the stream has ended permanently.
    """

    BACKOFF_MAX = 8

    def __init__(
        self,
        websocket_url: str,
        client_params: ClientParameters,
        job_id: str,
        message_queue: Any = None,
    ) -> None:
        """Create the stream without opening it.

        Args:
            websocket_url: URL of the runtime, as ``wss`` or ``https``.
            client_params: Connection parameters and credentials.
            job_id: The job.
            message_queue: Queue whose ``put`` receives the messages; ``None`` to ignore them.
        """
        self._websocket_url = socket_address(websocket_url).rstrip("/")
        self._client_params = client_params
        self._job_id = job_id
        self._message_queue = message_queue
        self._client_close_code: WebsocketClientCloseCode | None = None
        self._server_close_code: int | None = None
        self._failure: WebsocketError | None = None
        self._acknowledged = False
        self._replayed = 0
        self._delivered: list[bytes] = []
        self._ended = False
        self._stream: JobStream | None = None
        self._when_finished: Callable[[], None] | None = None
        self.connected = False
        self.finished = threading.Event()

    def on_open(self, wsa: Any) -> None:
        """Record that the stream is open."""
        self.connected = True
        self._acknowledged = False
        self._replayed = 0
        self._server_close_code = None

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
        """Log the error that broke the stream."""
        self.connected = False
        logger.debug("The stream of job %s broke: %s", self._job_id, type(error).__name__)

    @property
    def succeeded(self) -> bool:
        """Whether the stream finished without an error."""
        return self.finished.is_set() and self._failure is None

    @abstractmethod
    def _handle_message(self, message: str) -> None:
        """Handle a new message."""

    @abstractmethod
    def _handle_stream_iteration(self) -> None:
        """Prepare for a connection; called before each one."""

    def start(self, url: str, retries: int = 8, backoff_factor: float = 0.5) -> None:
        """Open the stream in the background; :attr:`finished` is set when it ends.

        Args:
            url: URL of the stream.
            retries: Maximum number of consecutive failed reconnections.
            backoff_factor: Seconds before the first reconnection; the delay doubles with each
                further one, up to ``BACKOFF_MAX``.
        """
        self.finished.clear()
        self._failure = None
        self._stream = JobStream(hub.HUB, self, url, retries, backoff_factor)
        try:
            hub.HUB.open(self._stream)
        except (RuntimeError, OSError) as exc:
            self._finish(
                WebsocketError(f"The stream of job {self._job_id} could not be started: {exc}")
            )

    def stream(self, url: str, retries: int = 8, backoff_factor: float = 0.5) -> None:
        """Read until the server ends the stream; for the arguments, see :meth:`start`.

        Raises:
            WebsocketError: If the stream failed permanently.
            WebsocketTimeoutError: If the user's timeout ended the stream.
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
        """Close the stream, even during a delay or before it is open; does not block.

        Args:
            close_code: Reason for closing the stream.
        """
        self._client_close_code = close_code
        self._ended = True
        if self._stream is not None:
            self._stream.close()

    def _finish(self, failure: WebsocketError | None) -> None:
        """Mark the stream as finished; called by the stream hub."""
        self.connected = False
        self._failure = failure
        self.finished.set()
        if self._when_finished is not None:
            self._when_finished()
