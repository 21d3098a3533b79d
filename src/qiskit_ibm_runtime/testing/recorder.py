"""Recorder of requests and responses, with secrets redacted."""

from __future__ import annotations

import json
import re
import threading
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

REDACTED = "redacted"
STREAM = "STREAM"
_LARGEST, _MOST = 2**27, 10_000  # characters, exchanges
# Fields of request and response bodies that are secret, by the end of the path.
_SECRET_FIELDS = {
    "/users/loginWithToken": ("apiToken", "id"),
    "/identity/token": ("apikey", "access_token", "refresh_token"),
}
_SECRET_HEADERS = ("authorization", "x-access-token")
_KEPT_HEADERS = ("content-type", "idempotency-key", "service-crn", "x-qx-client-application")


@dataclass
class Exchange:
    """Request and its response, or a stream and its messages.

    Attributes:
        method: HTTP method, or ``STREAM``.
        path: Path, including the server's prefix if it has one.
        query: Query string.
        headers: Some request headers, with lower-case names; credentials are redacted.
        body: Request body.
        status: HTTP status; 101 for an open stream, 0 if no response was sent.
        answer: Response body.
        answer_headers: Some response headers.
        messages: Messages sent on a stream.
        close_code: Close code of a stream.
    """

    method: str
    path: str
    query: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""
    status: int = 0
    answer: str = ""
    answer_headers: dict[str, str] = field(default_factory=dict)
    messages: list[str] = field(default_factory=list)
    close_code: int | None = None

    def json(self) -> Any:
        """Parse the request body as JSON."""
        return json.loads(self.body)


class Recorder:
    """ASGI middleware that records exchanges in the order in which they began.

    Above 10,000 exchanges or 128 Mi characters in total, the oldest ones are dropped.

    .. code-block:: python

        from qiskit_ibm_runtime.testing import ServerPool

        with ServerPool() as pool, pool.server() as server:
            server.service().jobs()
            assert len(server.requests.matching("GET", "/jobs$")) == 1  # requests is a Recorder

    Attributes:
        dropped: Number of dropped exchanges.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._lock = threading.Lock()
        self._kept: deque[_Kept] = deque()
        self._size = 0
        self.dropped = 0

    @property
    def exchanges(self) -> list[Exchange]:
        """Exchanges recorded so far, except dropped ones."""
        with self._lock:
            return [one.exchange for one in self._kept]

    def matching(self, method: str = "", path: str = "") -> list[Exchange]:
        """Return the exchanges with this method whose path matches a regular expression.

        Args:
            method: HTTP method, or ``STREAM``; any by default.
            path: Regular expression, searched in the path; any by default.
        """
        return [
            one
            for one in self.exchanges
            if method in ("", one.method) and re.search(path, one.path)
        ]

    def clear(self) -> None:
        """Discard all recorded exchanges."""
        with self._lock:
            for one in self._kept:
                one.dropped = True
            self._kept.clear()
            self._size = self.dropped = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve and record one request or one stream."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        exchange = Exchange(
            scope.get("method", STREAM),
            scope["path"],
            scope["query_string"].decode("latin-1"),
            _headers(scope["headers"]),
        )
        kept = _Kept(exchange)
        with self._lock:
            self._kept.append(kept)
        channel = _RecordingChannel(kept, receive, send, self._grow)
        try:
            await self._app(scope, channel.receive, channel.send)
        finally:
            channel.finish()

    def _grow(self, kept: _Kept, size: int) -> None:
        """Add to the size of an exchange, and drop the oldest ones above the limits."""
        with self._lock:
            if kept.dropped:
                return
            kept.size += size
            self._size += size
            while self._size > _LARGEST or len(self._kept) > _MOST:
                oldest = self._kept.popleft()
                oldest.dropped = True
                self._size -= oldest.size
                self.dropped += 1


@dataclass(eq=False)
class _Kept:
    """Exchange with its size in characters, and whether it was dropped or cleared."""

    exchange: Exchange
    size: int = 0
    dropped: bool = False


class _RecordingChannel:
    """Receive and send channel of the application that records one exchange."""

    def __init__(
        self, kept: _Kept, receive: Receive, send: Send, grow: Callable[[_Kept, int], None]
    ) -> None:
        self._kept, self._receive, self._send, self._grow = kept, receive, send, grow
        self._asked, self._answered = bytearray(), bytearray()
        # Fault injection expects the transport here, as on uvicorn's own channel.
        self.transport = getattr(getattr(send, "__self__", None), "transport", None)

    async def receive(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request":
            self._asked += message.get("body", b"")
        return message

    async def send(self, message: Message) -> None:
        kind, exchange = message["type"], self._kept.exchange
        if kind in ("http.response.start", "websocket.http.response.start"):
            exchange.status = message["status"]
            exchange.answer_headers = _headers(message.get("headers", ()))
        elif kind in ("http.response.body", "websocket.http.response.body"):
            self._answered += message.get("body", b"")
            if not message.get("more_body"):
                # Finish before sending, so that a client with the response finds the exchange
                # complete.
                self.finish()
        elif kind == "websocket.accept":
            exchange.status = 101
        elif kind == "websocket.send":
            self._keep_message(message.get("text") or "")
        elif kind == "websocket.close":
            exchange.close_code = message.get("code", 1000)
        await self._send(message)

    def _keep_message(self, text: str) -> None:
        if not self._kept.dropped:
            self._kept.exchange.messages.append(text)
            self._grow(self._kept, len(text))

    def finish(self) -> None:
        """Store both bodies, with secrets redacted."""
        exchange = self._kept.exchange
        asked = self._asked.decode("utf-8", "replace")
        answered = self._answered.decode("utf-8", "replace")
        secrets = set(_secrets(exchange.path, asked, answered))
        before = len(exchange.body) + len(exchange.answer)
        exchange.body = _without(asked, secrets)
        exchange.answer = _without(answered, secrets)
        self._grow(self._kept, len(exchange.body) + len(exchange.answer) - before)


def _headers(raw: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    found = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in raw}
    kept = {name: found[name] for name in _KEPT_HEADERS if name in found}
    return {**kept, **{name: REDACTED for name in _SECRET_HEADERS if name in found}}


def _secrets(path: str, *texts: str) -> Iterable[str]:
    for end, names in _SECRET_FIELDS.items():
        if not path.endswith(end):
            continue
        for text in texts:
            try:
                values = json.loads(text)
            except ValueError:
                values = {name: found[0] for name, found in parse_qs(text).items()}
            if isinstance(values, dict):
                yield from (str(values[name]) for name in names if values.get(name))


def _without(text: str, secrets: set[str]) -> str:
    # Longest first, because one secret may contain another.
    for secret in sorted(secrets, key=len, reverse=True):
        for spelling in (secret, json.dumps(secret)[1:-1]):
            text = text.replace(spelling, REDACTED)
    return text
