"""Opening of stream connections: URL, proxy, TLS, credentials."""

from __future__ import annotations

import os
import socket
import ssl
import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from qiskit_ibm_runtime.api.exceptions import WebsocketError
from qiskit_ibm_runtime.utils.addresses import leads_to_loopback

if TYPE_CHECKING:
    from qiskit_ibm_runtime.api.client_parameters import ClientParameters

CONNECT_TIMEOUT = 10.0


class RefusedHandshakeError(WebsocketError):
    """The service refused to open the stream.

    Attributes:
        status_code: HTTP status of the response.
    """

    def __init__(self, status_code: int) -> None:
        super().__init__(f"The service responded to the handshake with HTTP status {status_code}.")
        self.status_code = status_code


def socket_address(base_url: str) -> str:
    """Convert an http(s) URL to ws(s); other URLs are unchanged."""
    scheme, separator, rest = base_url.partition("://")
    return {"https": "wss", "http": "ws"}.get(scheme.lower(), scheme) + separator + rest


class PendingConnection:
    """Connection that a worker thread is opening, and that the hub may abandon.

    Args:
        url: URL of the stream.
        params: Connection parameters and credentials.
    """

    def __init__(self, url: str, params: ClientParameters) -> None:
        self._url, self._params = url, params
        self._connection: Any = None
        self._given_up = threading.Event()

    def give_up(self) -> None:
        """Abandon the connection, and unblock the worker if it hangs in the handshake."""
        self._given_up.set()
        if self._connection is not None:
            close_socket(self._connection)

    def open(self) -> Any:
        """Open and return the connection; renew the access token once if it is refused.

        Raises:
            RefusedHandshakeError: If the service responded with a status other than 101.
            OSError: If the service cannot be reached; the websocket library raises its own errors,
                too.
        """
        source = getattr(self._params, "token_source", None)
        token = source.current() if source else None
        try:
            return self._open()
        except RefusedHandshakeError as exc:
            if exc.status_code != 401 or source is None or token is None:
                raise
            source.renew(token)
            return self._open()

    def _open(self) -> Any:
        from websocket import WebSocket, WebSocketBadStatusException, WebSocketException

        connection = self._connection = WebSocket(
            sslopt=tls_options(self._params.verify),
            enable_multithread=True,
            # The library validates UTF-8 in slow Python code; decoding finds the same errors.
            skip_utf8_validation=True,
        )
        if self._given_up.is_set():
            raise WebsocketError("The handshake was aborted.")
        try:
            connection.connect(
                self._url,
                timeout=CONNECT_TIMEOUT,
                header=self._params.get_auth_handler().get_headers(),
                # Do not send the credentials to another host.
                redirect_limit=0,
                **_proxy_options(self._url, self._params),
            )
        except WebSocketBadStatusException as exc:
            raise RefusedHandshakeError(exc.status_code) from exc
        except WebSocketException:
            _refuse_redirect(connection)
            raise
        # Older releases of the library treat a redirect as an open connection.
        _refuse_redirect(connection)
        if self._given_up.is_set():
            connection.shutdown()
            raise WebsocketError("The handshake was completed too late.")
        connection.settimeout(0)
        return connection


def close_socket(connection: Any) -> None:
    """Close the socket of a connection, and unblock its readers."""
    if connection.sock is not None:
        with suppress(OSError):  # it is already closed
            connection.sock.shutdown(socket.SHUT_RDWR)


def _proxy_options(url: str, params: ClientParameters) -> dict[str, Any]:
    """Return the account's proxy; without one, the library uses the environment's proxy.

    The environment's proxy must not be used for this machine. As the library checks the list of
    excluded hosts only if a proxy is passed, pass one that is never used.
    """
    options = params.proxies.to_ws_params(url) if params.proxies else {}
    if "http_proxy_host" not in options and leads_to_loopback(url):
        host = urlsplit(url).hostname
        options.update(http_proxy_host=host, http_proxy_port=1, http_no_proxy=[host])
    return options


def _refuse_redirect(connection: Any) -> None:
    status = connection.getstatus()
    if status is not None and status != 101:
        connection.shutdown()
        raise RefusedHandshakeError(status)


def tls_options(verify: bool | str) -> dict[str, Any]:
    """Return the TLS settings of a connection, as for HTTP requests."""
    if verify is False:
        return {"cert_reqs": ssl.CERT_NONE, "check_hostname": False}
    authorities = verify if isinstance(verify, str) else _authorities()
    kind = "ca_cert_path" if Path(authorities).is_dir() else "ca_certs"
    return {"cert_reqs": ssl.CERT_REQUIRED, "check_hostname": True, kind: authorities}


def _authorities() -> str:
    from requests.utils import DEFAULT_CA_BUNDLE_PATH

    return (
        os.environ.get("REQUESTS_CA_BUNDLE")
        or os.environ.get("CURL_CA_BUNDLE")
        or str(DEFAULT_CA_BUNDLE_PATH)
    )
