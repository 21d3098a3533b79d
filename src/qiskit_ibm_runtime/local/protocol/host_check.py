"""Middleware for all requests: path prefix, Host header, and access log."""

from __future__ import annotations

import logging
import re
import time
from typing import TYPE_CHECKING, Any

from .responses import BAD_HOST, NOT_FOUND, RequestError, error_response

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from qiskit_ibm_runtime.local.settings import Settings

logger = logging.getLogger("qiskit_ibm_runtime.local.requests")
_LOOPBACK = re.compile(r"^(.+\.)?localhost$|^127(\.\d{1,3}){3}$|^::1$")
_HOST = re.compile(r"^(\[(?P<six>[0-9a-fA-F:.]+)\]|(?P<name>[^:/@\[\]]+))(:\d{1,5})?$")


class HostCheck:
    """Check the Host header, strip the path prefix, and log each request.

    A server on loopback accepts only the host names of this machine. This prevents DNS rebinding:
    a web page must not reach the server through the visitor's browser by resolving its own host
    name to a loopback address.

    Args:
        app: The wrapped application.
        settings: Host, allowed hosts and path prefix.
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app, self._settings = app, settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        began, status = time.monotonic(), [0]

        async def send_and_note_status(message: Message) -> None:
            if message["type"] in ("http.response.start", "websocket.http.response.start"):
                status[0] = message["status"]
            elif message["type"] == "websocket.accept":
                status[0] = 101
            await send(message)

        try:
            await self._dispatch(scope, receive, send_and_note_status)
        finally:
            # Query and headers are not logged, because they may contain secrets.
            logger.info(
                "request",
                extra={
                    "fields": {
                        "method": scope.get("method", "WS"),
                        "path": scope["path"],
                        "status": status[0],
                        "ms": round(1000 * (time.monotonic() - began), 1),
                    }
                },
            )

    async def _dispatch(self, scope: Scope, receive: Receive, send: Send) -> None:
        prefix = self._settings.path_prefix
        host = dict(scope["headers"]).get(b"host", b"").decode("latin-1")
        if not self.accepts_host(host):
            error = RequestError(400, BAD_HOST, "The Host header does not name this server.")
            await _reject(error, scope, receive, send)
        elif prefix and not scope["path"].startswith(f"{prefix}/"):
            error = RequestError(404, NOT_FOUND, f"All paths of this server start with {prefix}/.")
            await _reject(error, scope, receive, send)
        else:
            # Other clients append a slash to paths; a redirect would cost them a round trip.
            path = scope["path"][len(prefix) :].rstrip("/")
            await self._app({**scope, "path": path or "/"}, receive, send)

    def accepts_host(self, header: str) -> bool:
        """Return whether a Host header names this server."""
        parts = _HOST.match(header)
        if parts is None:
            return False
        name = (parts["six"] or parts["name"]).lower().rstrip(".")
        allowed = self._settings.allowed_hosts
        if _LOOPBACK.match(name) or name == self._settings.host.lower() or name in allowed:
            return True
        # On other addresses TLS ties the name to the certificate, so a list is optional.
        return not allowed and not _LOOPBACK.match(self._settings.host)


async def _reject(error: RequestError, scope: Scope, receive: Receive, send: Send) -> None:
    response: Any = error_response(error, scope["path"])
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008, "reason": ""})
        return
    await response(scope, receive, send)
