"""State machine of one stream in the hub: connect, read, ping, back off, reconnect, end."""

from __future__ import annotations

import enum
import logging
import ssl
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from qiskit_ibm_runtime.api.exceptions import WebsocketAuthenticationError, WebsocketError
from qiskit_ibm_runtime.api.http.liveness import why_ended
from qiskit_ibm_runtime.exceptions import IBMNotAuthorizedError

from .handshake import PendingConnection, close_socket

if TYPE_CHECKING:
    from qiskit_ibm_runtime.api.clients.base import BaseWebsocketClient

    from .hub import StreamHub


logger = logging.getLogger(__name__)

PING_INTERVAL = 60.0
PING_TIMEOUT = 10.0
# Limit for a server that sends its response byte by byte and so blocks a worker thread.
HANDSHAKE_LIMIT = 20.0
# Maximum number of consecutive frames of one stream before other streams are read.
MOST_FRAMES = 64
# A client that only waits for the end skips long messages, as these usually contain the result.
LONGEST_UNREAD = 65_536
# Longer messages end the stream; the client then polls for the result.
LONGEST_MESSAGE = 2**28
NEVER = float("inf")
# Handshake statuses for which a retry is useless; 401 is retried once with a new token before.
PERMANENT_REFUSALS = frozenset({401, 403, 404, 410, 501})
# A connection that lasted this long is healthy; a later error restarts the count of failures.
HEALTHY_SECONDS = 5.0
# Limit on the connections of a stream, even if all of them are healthy.
MOST_CONNECTIONS = 10_000
NORMAL_CLOSURE = 1000


class MissingPongError(WebsocketError):
    """The server did not answer a ping."""


class ServerEndedError(WebsocketError):
    """The server has ended, together with its jobs."""


class JobStream:
    """One stream; methods run in the hub's thread unless stated otherwise.

    Attributes:
        due: Time at which to act if no data arrives.
    """

    def __init__(
        self,
        hub: StreamHub,
        client: BaseWebsocketClient,
        url: str,
        retries: int,
        backoff_factor: float,
    ) -> None:
        self._hub, self._client, self._url = hub, client, url
        self._reconnecting = Reconnecting(retries, backoff_factor, float(client.BACKOFF_MAX))
        self._attempt: PendingConnection | None = None
        self._connection: Any = None
        self._socket: Any = None
        self._opened = 0.0
        self._pinged = False
        self._more = False
        self._parts: list[bytes] = []
        self._length = 0  # of the parts
        self.due = NEVER

    def close(self) -> None:
        """End the stream; called by any thread."""
        self._hub.close(self)

    def begin(self) -> None:
        """Open a connection in a worker."""
        if self._client._ended:
            self.end()
            return
        self._client._handle_stream_iteration()
        self._client._acknowledged = False
        self.due = NEVER
        self._attempt = attempt = PendingConnection(self._url, self._client._client_params)
        try:
            self._hub.connectors.submit(partial(self._connect, attempt))
        except RuntimeError:
            # No thread can be started, for example while the interpreter exits. Connect in this
            # thread, which delays other streams.
            self._connect(attempt)

    def _connect(self, attempt: PendingConnection) -> None:
        """Open a connection and report to the hub; runs in a worker."""
        self._hub.report(self, partial(self._limit_handshake, attempt))
        try:
            connection = attempt.open()
        # The stream only speeds up the result: on any error, record it and continue polling.
        except Exception as exc:  # noqa: BLE001
            self._hub.report(self, partial(self._not_connected, attempt, exc))
        else:
            self._hub.report(self, partial(self._connected, attempt, connection))

    def _limit_handshake(self, attempt: PendingConnection) -> None:
        if attempt is self._attempt:
            self.due = self._hub.clock.monotonic() + HANDSHAKE_LIMIT

    def _connected(self, attempt: PendingConnection, connection: Any) -> None:
        if attempt is not self._attempt:
            connection.shutdown()
            return
        self._attempt = None
        self._connection, self._socket = connection, connection.sock
        self._parts, self._length, self._opened = [], 0, self._hub.clock.monotonic()
        self._client.on_open(connection)
        self._hub.watch(self._socket, self)
        self.read()

    def _not_connected(self, attempt: PendingConnection, error: Exception) -> None:
        if attempt is self._attempt:
            self._broken(error)

    def read(self) -> None:
        """Read the frames that have arrived; a partial frame counts as a sign of life."""
        self._pinged = False
        self.due = self._hub.clock.monotonic() + PING_INTERVAL
        for _ in range(MOST_FRAMES):
            if self._connection is None:
                return
            try:
                frame = self._connection.recv_frame()
            except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
                self._check_announced()
                return
            except Exception as exc:  # noqa: BLE001  # invalid data, a reset, a lost connection
                self._broken(exc)
                return
            self._take(frame)
        # TLS may buffer decrypted frames that the selector does not report.
        self._more, self.due = True, self._hub.clock.monotonic()

    def _check_announced(self) -> None:
        """Check the header of a frame before its payload arrives.

        A malformed header breaks the connection; the length in it is meaningless.
        """
        buffer = self._connection.frame_buffer
        if buffer.header is None:
            return
        _, *reserved, _, masked, _ = buffer.header
        if any(reserved) or masked:
            self._broken(WebsocketError("The header of a frame is malformed."))
        else:
            self._limit_message(self._length + (buffer.length or 0))

    def _take(self, frame: Any) -> None:
        from websocket import ABNF

        if frame.opcode == ABNF.OPCODE_CLOSE:
            self._closed(int.from_bytes(frame.data[:2], "big") if len(frame.data) >= 2 else None)
        elif frame.opcode == ABNF.OPCODE_PING:
            self._send(partial(self._connection.pong, frame.data))
        elif frame.opcode != ABNF.OPCODE_PONG:
            self._take_part(frame.data)
            if frame.fin and self._connection is not None:
                data, self._parts, self._length = b"".join(self._parts), [], 0
                self._deliver(data)

    def _take_part(self, data: bytes) -> None:
        self._length += len(data)
        self._parts.append(data)
        self._limit_message(self._length)

    def _deliver(self, data: bytes) -> None:
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError as exc:
            self._broken(WebsocketError(f"A message is not valid UTF-8: {exc.reason}."))
        else:
            self._client.on_message(self._connection, text)

    def _limit_message(self, length: int) -> None:
        if length > LONGEST_UNREAD and self._client._message_queue is None:
            self._client._client_close_code = WebsocketClientCloseCode.NORMAL
            self.end()
        elif length > LONGEST_MESSAGE:
            self._broken(MessageTooLongError(f"A message is longer than {LONGEST_MESSAGE} bytes."))

    def _closed(self, code: int | None) -> None:
        # Use the code, as newer releases of the library also report a normal end as an error.
        self._client.on_close(self._connection, code, None)
        if code == NORMAL_CLOSURE:
            self.end()
        else:
            self._broken(WebsocketError(f"The server closed the stream with code {code}."))

    def act(self) -> None:
        """Perform the due action: continue reading, ping, detect a missing pong, or reconnect."""
        if self._attempt is not None:
            self._broken(WebsocketError(f"No handshake within {HANDSHAKE_LIMIT:g} seconds."))
        elif self._connection is None:
            self.begin()
        elif self._more:
            self._more = False
            self.read()
        elif self._pinged:
            self._broken(
                MissingPongError(f"The server was silent for {PING_INTERVAL + PING_TIMEOUT:g} s.")
            )
        else:
            self._pinged = True
            self.due = self._hub.clock.monotonic() + PING_TIMEOUT
            self._send(self._connection.ping)

    def _send(self, frame: Any) -> None:
        try:
            frame()
        except Exception as exc:  # noqa: BLE001  # as for reading
            self._broken(exc)

    def _broken(self, error: Exception) -> None:
        lasted = 0.0
        if self._connection is not None:
            lasted = self._hub.clock.monotonic() - self._opened
        self._client.on_error(self._connection, error)
        self._drop()
        pause = self._reconnecting.pause(
            lasted, acknowledged=self._client._acknowledged, jitter=self._hub.clock.jitter()
        )
        if self._client._ended:
            self.end()
        elif (reason := why_ended(self._url)) is not None:
            self.end(ServerEndedError(reason))
        elif is_permanent(error):
            self.end(self._failure(error, "A retry would not help."))
        elif pause is None:
            self.end(self._failure(error, "Max retries exceeded."))
        else:
            self.due = self._hub.clock.monotonic() + pause

    def _failure(self, error: Exception, verdict: str) -> WebsocketError:
        refused = getattr(error, "status_code", None) in (401, 403)
        kind = WebsocketAuthenticationError if refused else WebsocketError
        # Messages of the library may contain parts of the handshake, so show only the error type.
        fault = error.message if isinstance(error, WebsocketError) else type(error).__name__
        return kind(
            f"The stream of job {self._client._job_id} failed permanently after "
            f"{self._reconnecting.connections} connections. {verdict} Last error: {fault}"
        )

    def _drop(self) -> None:
        """Close the connection, even while it is being opened."""
        if self._attempt is not None:
            self._attempt.give_up()
        if self._socket is not None:
            self._hub.unwatch(self._socket)
        if self._connection is not None:
            close_socket(self._connection)
            self._connection.shutdown()
        self._attempt = self._connection = self._socket = None
        self._more, self.due = False, NEVER

    def end(self, failure: WebsocketError | None = None) -> None:
        """End the stream permanently."""
        if self._connection is not None:
            try:
                self._connection.send_close()
            except Exception:  # noqa: BLE001  # the connection may already be lost
                logger.debug("The connection was lost before the stream was closed.")
        self._drop()
        self._hub.forget(self)
        self._client._finish(failure)


class MessageTooLongError(WebsocketError):
    """The service sent a message that is too long."""


@dataclass
class Reconnecting:
    """Count consecutive failures, and decide on the next attempt.

    Attributes:
        retries: Maximum number of consecutive failed reconnections.
        factor: Seconds before the first reconnection; doubles with each further one.
        longest: Maximum delay in seconds.
    """

    retries: int = 8
    factor: float = 0.5
    longest: float = 8.0
    failures: int = 0
    connections: int = 0

    def pause(self, lasted: float, *, acknowledged: bool, jitter: float) -> float | None:
        """Return the seconds before the next connection, or ``None`` to give up.

        Args:
            lasted: Seconds for which the broken connection was open.
            acknowledged: Whether the server sent a message on it.
            jitter: Number from 0 to 1, which shortens the delay by up to a quarter.
        """
        self.connections += 1
        healthy = acknowledged and lasted >= HEALTHY_SECONDS
        self.failures = 1 if healthy else self.failures + 1
        if self.failures > self.retries or self.connections >= MOST_CONNECTIONS:
            return None
        return min(self.factor * 2.0 ** (self.failures - 1), self.longest) * (1 - jitter / 4)


def is_permanent(error: BaseException) -> bool:
    """Return whether a retry would fail in the same way."""
    status = getattr(error, "status_code", None) or 0
    refused = isinstance(error, (ValueError, IBMNotAuthorizedError, MessageTooLongError))
    return refused or status in PERMANENT_REFUSALS or 300 <= status < 400


class WebsocketClientCloseCode(enum.IntEnum):
    """Reason why the client closes a stream."""

    NORMAL = 1
    TIMEOUT = 2
    PROTOCOL_ERROR = 3
    CANCEL = 4
