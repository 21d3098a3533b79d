"""State machine of one stream in the hub: connect, read, ping, back off, reconnect, end."""

from __future__ import annotations

import enum
import logging
import socket
import ssl
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from qiskit_ibm_runtime.api.exceptions import WebsocketAuthenticationError, WebsocketError
from qiskit_ibm_runtime.api.http.liveness import why_ended
from qiskit_ibm_runtime.exceptions import IBMNotAuthorizedError

from .handshake import new_connection, open_connection

if TYPE_CHECKING:
    from qiskit_ibm_runtime.api.clients.base import BaseWebsocketClient

    from .hub import StreamHub


logger = logging.getLogger(__name__)

PING_INTERVAL = 60.0
PING_TIMEOUT = 10.0
# A server that sends its answer byte by byte would hold a connecting thread for long.
HANDSHAKE_LIMIT = 20.0
# Frames of one stream in a row, before others have their turn.
MOST_FRAMES = 64
# Who only waits for the end does not download a long message: it is the result, most likely.
LONGEST_UNREAD = 65_536
# Longer messages end the stream; the result is then polled for.
LONGEST_MESSAGE = 2**28
NEVER = float("inf")
# Answers to the handshake that another try cannot change; a 401 that a new token did not mend.
PERMANENT_REFUSALS = frozenset({401, 403, 404, 410, 501})
# A connection that lasted this long was healthy: a later fault starts a new count of retries.
HEALTHY_SECONDS = 5.0
# However healthy the connections look, a stream is not opened more often than this.
MOST_CONNECTIONS = 10_000
NORMAL_CLOSURE = 1000


class MissingPongError(WebsocketError):
    """The server did not answer a ping."""


class ServerEndedError(WebsocketError):
    """The server has ended, and its jobs with it."""


class PendingConnection:
    """A connection that a worker thread is opening, and that the hub may abandon."""

    def __init__(self) -> None:
        self._connection: Any = None
        self._given_up = False

    def give_up(self) -> None:
        """Unblock the worker if it hangs in the handshake."""
        self._given_up = True
        if self._connection is not None:
            shut(self._connection)

    def open(self, client: BaseWebsocketClient, url: str) -> Any:
        """Return an open connection; runs in the worker."""
        connection = open_connection(url, client._client_params, partial(self._new, client))
        if self._given_up:
            connection.shutdown()
            raise WebsocketError("The handshake was completed too late.")
        return connection

    def _new(self, client: BaseWebsocketClient) -> Any:
        self._connection = new_connection(client._client_params)
        if self._given_up:
            raise WebsocketError("The handshake was aborted.")
        return self._connection


def shut(connection: Any) -> None:
    """Close the socket of a connection, and unblock its readers."""
    sock = connection.sock
    if sock is not None:
        try:
            sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            logger.debug("The connection is already closed.")


class JobStream:
    """One stream; methods run in the hub's thread unless stated otherwise.

    Attributes:
        due: When something is to be done if nothing arrives.
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

    def begin(self) -> None:
        """Open a connection, in a worker."""
        if self._client._ended:
            self.end()
            return
        self._client._handle_stream_iteration()
        self._client._acknowledged = False
        self.due = NEVER
        self._attempt = attempt = PendingConnection()
        try:
            self._hub.connectors.submit(partial(self._connect, attempt))
        except RuntimeError:
            # No thread can be started, as while the interpreter ends: other streams have to wait.
            self._connect(attempt)

    def _connect(self, attempt: PendingConnection) -> None:
        """Open a connection and report to the hub; runs in a worker."""
        self._hub.report(self, partial(self._limit_handshake, attempt))
        try:
            connection = attempt.open(self._client, self._url)
        # The stream only speeds a result up; whatever breaks it is noted, and polling goes on.
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
            except Exception as exc:  # noqa: BLE001  # garbage, a reset, a lost connection
                self._broken(exc)
                return
            self._take(frame)
        # TLS may hold decrypted frames of which the selector knows nothing.
        self._more, self.due = True, self._hub.clock.monotonic()

    def _check_announced(self) -> None:
        """Check a frame by its header, before its payload has arrived.

        A malformed head is an ordinary fault: the length that it announces means nothing.
        """
        buffer = self._connection.frame_buffer
        if buffer.header is None:
            return
        _, *reserved, _, masked, _ = buffer.header
        if any(reserved) or masked:
            self._broken(WebsocketError("The head of a frame is malformed."))
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
            self._broken(WebsocketError(f"A message is no UTF-8 text: {exc.reason}."))
        else:
            self._client.on_message(self._connection, text)

    def _limit_message(self, length: int) -> None:
        if length > LONGEST_UNREAD and self._client._message_queue is None:
            self._client._client_close_code = WebsocketClientCloseCode.NORMAL
            self.end()
        elif length > LONGEST_MESSAGE:
            self._broken(MessageTooLongError(f"A message is longer than {LONGEST_MESSAGE} bytes."))

    def _closed(self, code: int | None) -> None:
        # The code decides: newer releases of the library report a normal end as an error, too.
        self._client.on_close(self._connection, code, None)
        if code == NORMAL_CLOSURE:
            self.end()
        else:
            self._broken(WebsocketError(f"The server closed the stream with code {code}."))

    def act(self) -> None:
        """Do what is due: read on, ping, give up waiting for a pong, or connect again."""
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
            self.end(self._failure(error, "Another attempt would not help."))
        elif pause is None:
            self.end(self._failure(error, "Max retries exceeded."))
        else:
            self.due = self._hub.clock.monotonic() + pause

    def _failure(self, error: Exception, verdict: str) -> WebsocketError:
        refused = getattr(error, "status_code", None) in (401, 403)
        kind = WebsocketAuthenticationError if refused else WebsocketError
        # What the library says may hold parts of the handshake; the kind of fault is enough.
        fault = error.message if isinstance(error, WebsocketError) else type(error).__name__
        return kind(
            f"The stream of job {self._client._job_id} broke for good after "
            f"{self._reconnecting.connections} connections. {verdict} Last fault: {fault}"
        )

    def _drop(self) -> None:
        """Close the connection, also one that is just being opened."""
        if self._attempt is not None:
            self._attempt.give_up()
        if self._socket is not None:
            self._hub.unwatch(self._socket)
        if self._connection is not None:
            shut(self._connection)
            self._connection.shutdown()
        self._attempt = self._connection = self._socket = None
        self._more, self.due = False, NEVER

    def end(self, failure: WebsocketError | None = None) -> None:
        """End the stream for good."""
        if self._connection is not None:
            try:
                self._connection.send_close()
            except Exception:  # noqa: BLE001  # a courtesy on a connection that may be gone
                logger.debug("The stream ended before it could be closed.")
        self._drop()
        self._hub.forget(self._client)
        self._client._finish(failure)


class MessageTooLongError(WebsocketError):
    """The service sent a message that is longer than any it needs."""


@dataclass
class Reconnecting:
    """Count consecutive failures, and decide on the next attempt.

    Attributes:
        retries: Connections after the first one that may fail in a row.
        factor: Seconds before the first of them; doubled for each further one.
        longest: Longest pause in seconds.
    """

    retries: int = 8
    factor: float = 0.5
    longest: float = 8.0
    failures: int = 0
    connections: int = 0

    def pause(self, lasted: float, *, acknowledged: bool, jitter: float) -> float | None:
        """Return the seconds before the next connection, or ``None`` to give up.

        Args:
            lasted: Seconds that the broken connection was open.
            acknowledged: Whether the server sent anything on it.
            jitter: From 0 to 1; shortens the pause by up to a quarter.
        """
        self.connections += 1
        healthy = acknowledged and lasted >= HEALTHY_SECONDS
        self.failures = 1 if healthy else self.failures + 1
        if self.failures > self.retries or self.connections >= MOST_CONNECTIONS:
            return None
        return min(self.factor * 2.0 ** (self.failures - 1), self.longest) * (1 - jitter / 4)


def is_permanent(error: BaseException) -> bool:
    """Whether a retry would fail in the same way."""
    status = getattr(error, "status_code", None) or 0
    refused = isinstance(error, (ValueError, IBMNotAuthorizedError, MessageTooLongError))
    return refused or status in PERMANENT_REFUSALS or 300 <= status < 400


class WebsocketClientCloseCode(enum.IntEnum):
    """Reason why the client closes a stream."""

    NORMAL = 1
    TIMEOUT = 2
    PROTOCOL_ERROR = 3
    CANCEL = 4
