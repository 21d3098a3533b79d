"""What all clients are, and the connection loop of a websocket client."""

from __future__ import annotations

import enum
import logging
import random
import socket
import ssl
import threading
import time
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from qiskit_ibm_runtime.api.exceptions import WebsocketError, WebsocketTimeoutError

if TYPE_CHECKING:
    from queue import Queue

    from qiskit_ibm_runtime.api.client_parameters import ClientParameters

logger = logging.getLogger(__name__)

PING_INTERVAL = 60.0
PING_TIMEOUT = 10.0
CONNECT_TIMEOUT = 10.0
NORMAL_CLOSURE = 1000
# Answers to the handshake that another try cannot change.
PERMANENT_REFUSALS = frozenset({403, 404, 410, 501})
# A connection that lasted this long was healthy: a later fault starts a new count of retries.
HEALTHY_SECONDS = 5.0
# However healthy the connections look, a stream is not opened more often than this.
MOST_CONNECTIONS = 100


class WebsocketClientCloseCode(enum.IntEnum):
    """Why the client ends a stream."""

    NORMAL = 1
    TIMEOUT = 2
    PROTOCOL_ERROR = 3
    CANCEL = 4


class BaseClient:
    """A client of the service."""


class BaseWebsocketClient(BaseClient, ABC):
    """Reads the stream of a job, and connects again when it breaks.

    The first message of a connection is an acknowledgement. A new connection replays the job's
    messages from the start; those delivered before are passed over.
    """

    BACKOFF_MAX = 8

    def __init__(
        self,
        websocket_url: str,
        client_params: ClientParameters,
        job_id: str,
        message_queue: Queue[Any] | None = None,
    ) -> None:
        self._websocket_url = websocket_url.rstrip("/")
        self._client_params = client_params
        self._job_id = job_id
        self._message_queue = message_queue
        self._ws: Any = None
        self._ended = threading.Event()
        self._client_close_code: WebsocketClientCloseCode | None = None
        self._server_close_code: int | None = None
        self._error: BaseException | None = None
        self._acknowledged = False
        self._received = 0
        self._delivered = 0
        self._token_renewed = False
        self.connected = False

    def on_open(self, wsa: Any) -> None:
        """Note that the stream is open."""
        self.connected = True
        self._acknowledged = False
        self._received = 0

    def on_message(self, wsa: Any, message: str) -> None:
        """Take a message, unless it is the acknowledgement or was delivered before."""
        if not self._acknowledged:
            self._acknowledged = True
            return
        self._received += 1
        if self._received > self._delivered:
            self._delivered = self._received
            self._handle_message(message)

    def on_close(self, wsa: Any, status_code: int | None, msg: str | None) -> None:
        """Note with which code the server closed the stream."""
        self.connected = False
        self._server_close_code = status_code

    def on_error(self, wsa: Any, error: BaseException) -> None:
        """Note what broke the stream."""
        self.connected = False
        self._error = error
        logger.debug("The stream of job %s broke: %s", self._job_id, type(error).__name__)

    @abstractmethod
    def _handle_message(self, message: str) -> None:
        """Do something with a message."""

    @abstractmethod
    def _handle_stream_iteration(self) -> None:
        """Do something before each connection."""

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
        failures = 0
        for _ in range(MOST_CONNECTIONS):
            if self._ended.is_set():
                break
            started = time.monotonic()
            self._read_once(url)
            if self._server_close_code == NORMAL_CLOSURE or self._ended.is_set():
                break
            healthy = self._acknowledged and time.monotonic() - started >= HEALTHY_SECONDS
            failures = 1 if healthy else failures + 1
            if failures > retries or not self._worth_another_try():
                raise WebsocketError(
                    f"The stream of job {self._job_id} broke after {failures} attempts: "
                    f"Max retries exceeded. Last fault: {self._error}"
                )
            pause = min(backoff_factor * 2 ** (failures - 1), self.BACKOFF_MAX)
            self._ended.wait(pause * (1 - random.random() / 4))
        if self._client_close_code is WebsocketClientCloseCode.TIMEOUT:
            raise WebsocketTimeoutError(f"Timed out reading the stream of job {self._job_id}.")

    def _worth_another_try(self) -> bool:
        status = getattr(self._error, "status_code", None)
        if status == 401:
            return self._renew_token()
        return status not in PERMANENT_REFUSALS

    def _renew_token(self) -> bool:
        source = self._client_params.token_source
        if source is None or self._token_renewed:
            return False
        self._token_renewed = True
        source.renew(source.current())
        return True

    def _read_once(self, url: str) -> None:
        self._handle_stream_iteration()
        self._server_close_code, self._error = None, None
        self._acknowledged = False
        connection = None
        try:
            connection = self._ws = self._connect(url)
            self.on_open(connection)
            if not self._ended.is_set():
                self._read(connection)
        # The stream only speeds a result up; whatever breaks it is noted, and polling goes on.
        except Exception as exc:  # noqa: BLE001
            self.on_error(connection, exc)
        finally:
            self.connected = False
            if connection is not None:
                connection.shutdown()

    def _connect(self, url: str) -> Any:
        from websocket import create_connection

        proxies = self._client_params.proxies
        return create_connection(
            url,
            timeout=CONNECT_TIMEOUT,
            header=self._client_params.get_auth_handler().get_headers(),
            sslopt=_tls_options(self._client_params.verify),
            enable_multithread=True,
            **(proxies.to_ws_params(self._websocket_url) if proxies else {}),
        )

    def _read(self, connection: Any) -> None:
        from websocket import ABNF, WebSocketTimeoutException

        connection.settimeout(PING_INTERVAL)
        pinged = False
        while not self._ended.is_set():
            try:
                opcode, data = connection.recv_data(control_frame=True)
            except WebSocketTimeoutException:
                if pinged:
                    raise
                connection.ping()
                connection.settimeout(PING_TIMEOUT)
                pinged = True
                continue
            if pinged:
                connection.settimeout(PING_INTERVAL)
                pinged = False
            if opcode == ABNF.OPCODE_CLOSE:
                code = int.from_bytes(data[:2], "big") if len(data) >= 2 else None
                self.on_close(connection, code, None)
                return
            if opcode == ABNF.OPCODE_TEXT:
                self.on_message(connection, data.decode("utf-8"))

    def disconnect(
        self, close_code: WebsocketClientCloseCode | None = WebsocketClientCloseCode.NORMAL
    ) -> None:
        """End the stream from this side, also during a pause or before it began.

        Args:
            close_code: Why.
        """
        self._client_close_code = close_code
        self._ended.set()
        connection = self._ws
        if connection is not None and connection.sock is not None:
            try:
                # Wakes the reading thread, which then closes the socket itself.
                connection.sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                logger.debug("The stream of job %s was closed already.", self._job_id)


def _tls_options(verify: bool | str) -> dict[str, Any]:
    if verify is False:
        return {"cert_reqs": ssl.CERT_NONE, "check_hostname": False}
    return {"ca_certs": verify} if isinstance(verify, str) else {}
