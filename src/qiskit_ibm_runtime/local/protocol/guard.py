"""What every request passes first: the path prefix, the Host header, and the access log."""

from __future__ import annotations

import logging
import re
import time
from typing import TYPE_CHECKING, Any

from .answers import error_answer
from .errors import BAD_HOST, NOT_FOUND, Refused

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from qiskit_ibm_runtime.local.settings import Settings

logger = logging.getLogger("qiskit_ibm_runtime.local.requests")
_LOOPBACK = re.compile(r"^(.+\.)?localhost$|^127(\.\d{1,3}){3}$|^::1$")
_HOST = re.compile(r"^(\[(?P<six>[0-9a-fA-F:.]+)\]|(?P<name>[^:/@\[\]]+))(:\d{1,5})?$")


class Guard:
    """Wraps the application.

    A server on loopback answers only to names of this machine: a web page whose own name was made
    to point here must not reach it through the visitor's browser.
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app, self._settings = app, settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        began, status = time.monotonic(), [0]

        async def watched(message: Message) -> None:
            if message["type"] in ("http.response.start", "websocket.http.response.start"):
                status[0] = message["status"]
            elif message["type"] == "websocket.accept":
                status[0] = 101
            await send(message)

        try:
            await self._admit(scope, receive, watched)
        finally:
            # No query and no headers: they may hold what nobody should read in a log.
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

    async def _admit(self, scope: Scope, receive: Receive, send: Send) -> None:
        prefix = self._settings.path_prefix
        host = dict(scope["headers"]).get(b"host", b"").decode("latin-1")
        if not self.answers_to(host):
            refused = Refused(400, BAD_HOST, "This server does not answer to that Host header.")
            await _refuse(refused, scope, receive, send)
        elif prefix and not scope["path"].startswith(f"{prefix}/"):
            refused = Refused(404, NOT_FOUND, f"Everything here is served under {prefix}/.")
            await _refuse(refused, scope, receive, send)
        else:
            # Clients of other packages end a path with a slash; a redirect would cost a round trip.
            path = scope["path"][len(prefix) :].rstrip("/")
            await self._app({**scope, "path": path or "/"}, receive, send)

    def answers_to(self, header: str) -> bool:
        """Whether a Host header names this server."""
        parts = _HOST.match(header)
        if parts is None:
            return False
        name = (parts["six"] or parts["name"]).lower().rstrip(".")
        allowed = self._settings.allowed_hosts
        if _LOOPBACK.match(name) or name == self._settings.host.lower() or name in allowed:
            return True
        # On another address TLS ties the name to the certificate; a list is asked for only there.
        return not allowed and not _LOOPBACK.match(self._settings.host)


async def _refuse(refused: Refused, scope: Scope, receive: Receive, send: Send) -> None:
    answer: Any = error_answer(refused, scope["path"])
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008, "reason": ""})
        return
    await answer(scope, receive, send)
