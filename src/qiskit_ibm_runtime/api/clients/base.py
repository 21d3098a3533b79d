"""What all clients are, and the loop of a websocket client."""

from __future__ import annotations

import enum
import logging
import ssl
import threading
from abc import ABC, abstractmethod
from queue import Queue
from typing import TYPE_CHECKING, Any

from qiskit_ibm_runtime.api.exceptions import WebsocketError, WebsocketTimeoutError

if TYPE_CHECKING:
    from qiskit_ibm_runtime.api.client_parameters import ClientParameters

logger = logging.getLogger(__name__)
PERMANENT = frozenset({401, 403, 404, 410, 501})


class WebsocketClientCloseCode(enum.IntEnum):
    """Why the client closes a stream."""

    NORMAL = 1
    TIMEOUT = 2
    PROTOCOL_ERROR = 3
    CANCEL = 4


class BaseClient:
    """A client of the service."""


class BaseWebsocketClient(BaseClient, ABC):
    """Reads a stream, and connects again when it breaks."""

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
        self._cancelled = threading.Event()
        self._client_close_code: WebsocketClientCloseCode | None = None
        self._server_close_code: int | None = None
        self._error: BaseException | None = None
        self._acknowledged = False
        self._seen = 0
        self._delivered = 0
        self.connected = False

    def on_open(self, wsa: Any) -> None:
        """Note that the stream is open."""
        self.connected = True
        self._acknowledged = False
        self._seen = 0

    def on_message(self, wsa: Any, message: str) -> None:
        """Take a message; the first of a connection is an acknowledgement."""
        if not self._acknowledged:
            self._acknowledged = True
            return
        self._seen += 1
        if self._seen <= self._delivered:
            return  # a new connection replays from the start
        self._delivered = self._seen
        self._handle_message(message)

    def on_close(self, wsa: Any, status_code: int | None, msg: str | None) -> None:
        """Note that the server closed the stream."""
        self.connected = False
        self._server_close_code = status_code

    def on_error(self, wsa: Any, error: BaseException) -> None:
        """Note what went wrong."""
        self.connected = False
        self._error = error

    @abstractmethod
    def _handle_message(self, message: str) -> None:
        """Do something with a message."""

    @abstractmethod
    def _handle_stream_iteration(self) -> None:
        """Do something before each connection."""

    def stream(self, url: str, retries: int = 8, backoff_factor: float = 0.5) -> Any:
        """Read until the server ends the stream, connecting again when it breaks.

        Raises:
            WebsocketError: If it broke for good.
            WebsocketTimeoutError: If the client gave up waiting.
        """
        attempt = 0
        while not self._cancelled.is_set():
            delivered = self._delivered
            self._connect_once(url)
            if self._server_close_code == 1000 or self._cancelled.is_set():
                break
            attempt = 1 if self._delivered > delivered else attempt + 1
            status = getattr(self._error, "status_code", None)
            if attempt > retries or status in PERMANENT:
                raise WebsocketError(
                    f"The stream of job {self._job_id} broke. Max retries exceeded: {self._error}"
                )
            self._cancelled.wait(min(backoff_factor * 2 ** (attempt - 1), self.BACKOFF_MAX))
        if self._client_close_code is WebsocketClientCloseCode.TIMEOUT:
            raise WebsocketTimeoutError(f"The stream of job {self._job_id} was given up.")
        return None

    def _connect_once(self, url: str) -> None:
        from websocket import WebSocketApp

        self._handle_stream_iteration()
        self._server_close_code, self._error = None, None
        self._ws = WebSocketApp(
            url,
            header=self._client_params.get_auth_handler().get_headers(),
            on_open=self.on_open,
            on_message=self.on_message,
            on_error=self.on_error,
            on_close=self.on_close,
        )
        if self._cancelled.is_set():
            return
        proxies = self._client_params.proxies
        try:
            self._ws.run_forever(
                ping_interval=60,
                ping_timeout=10,
                sslopt=_tls(self._client_params.verify),
                **(proxies.to_ws_params(self._websocket_url) if proxies else {}),
            )
        except Exception as exc:  # noqa: BLE001 - a stream only speeds things up
            self._error = exc
        self.connected = False

    def disconnect(
        self, close_code: WebsocketClientCloseCode | None = WebsocketClientCloseCode.NORMAL
    ) -> None:
        """End the stream from this side, also while it pauses between connections."""
        self._client_close_code = close_code
        self._cancelled.set()
        if self._ws is not None:
            self._ws.close()


def _tls(verify: bool | str) -> dict[str, Any]:
    if verify is False:
        return {"cert_reqs": ssl.CERT_NONE, "check_hostname": False}
    return {"ca_certs": verify} if isinstance(verify, str) else {}
