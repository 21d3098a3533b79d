"""Recording of requests and responses, without their secrets."""

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
_MAX_CHARACTERS, _MAX_EXCHANGES = 2**27, 10_000
# Secret fields of request and response bodies, keyed by the end of the path.
_SECRET_FIELDS = {
    "/users/loginWithToken": ("apiToken", "id"),
    "/identity/token": ("apikey", "access_token", "refresh_token"),
}
_SECRET_HEADERS = ("authorization", "x-access-token")
_KEPT_HEADERS = ("content-type", "idempotency-key", "service-crn", "x-qx-client-application")


@dataclass
class Exchange:
    """One request and its response, or one stream and its messages.

    Attributes:
        method: HTTP method, or ``STREAM``.
        path: Path, including the server's prefix if it has one.
        query: Query string as sent.
        headers: Headers with lower-case names; credentials are redacted.
        body: Body of the request.
        status: Status of the response; 101 for a stream, 0 if no response was sent.
        answer: Body of the response.
        answer_headers: Headers of the response.
        messages: Messages of a stream.
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
        """Parse the body of the request as JSON."""
        return json.loads(self.body)


class Recorder:
    """ASGI middleware that records exchanges, in the order in which they start.

    The oldest are dropped when they exceed 128 MiB or 10,000 entries.

    .. code-block:: python

        from qiskit_ibm_runtime.testing import ServerPool

        with ServerPool() as pool, pool.server() as server:
            server.service().jobs()
            assert len(server.requests.matching("GET", "/jobs$")) == 1  # requests is a Recorder

    Attributes:
        dropped: Number of exchanges that were dropped.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._lock = threading.Lock()
        self._records: deque[_Record] = deque()
        self._size = 0
        self.dropped = 0

    @property
    def exchanges(self) -> list[Exchange]:
        """All recorded exchanges, except those that were dropped."""
        with self._lock:
            return [one.exchange for one in self._records]

    def matching(self, method: str = "", path: str = "") -> list[Exchange]:
        """Return the exchanges with this method and a path that matches the regular expression."""
        return [
            one
            for one in self.exchanges
            if method in ("", one.method) and re.search(path, one.path)
        ]

    def clear(self) -> None:
        """Discard all recorded exchanges."""
        with self._lock:
            for one in self._records:
                one.dropped = True
            self._records.clear()
            self._size = self.dropped = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle and record one request or stream."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        exchange = Exchange(
            scope.get("method", STREAM),
            scope["path"],
            scope["query_string"].decode("latin-1"),
            _headers(scope["headers"]),
        )
        record = _Record(exchange)
        with self._lock:
            self._records.append(record)
        channel = _RecordingChannel(record, receive, send, self._grow)
        try:
            await self._app(scope, channel.receive, channel.send)
        finally:
            channel.finish()

    def _grow(self, record: _Record, size: int) -> None:
        """Add to the size of an exchange, and drop the oldest ones if the limit is exceeded."""
        with self._lock:
            if record.dropped:
                return
            record.size += size
            self._size += size
            while self._size > _MAX_CHARACTERS or len(self._records) > _MAX_EXCHANGES:
                oldest = self._records.popleft()
                oldest.dropped = True
                self._size -= oldest.size
                self.dropped += 1


@dataclass(eq=False)
class _Record:
    """An exchange, its size in characters, and whether it was dropped or cleared."""

    exchange: Exchange
    size: int = 0
    dropped: bool = False


class _RecordingChannel:
    """ASGI channel between server and application that records one exchange."""

    def __init__(
        self, record: _Record, receive: Receive, send: Send, grow: Callable[[_Record, int], None]
    ) -> None:
        self._record, self._receive, self._send, self._grow = record, receive, send, grow
        self._request_body, self._response_body = bytearray(), bytearray()
        # Faults that break the connection expect uvicorn's transport attribute here.
        self.transport = getattr(getattr(send, "__self__", None), "transport", None)

    async def receive(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request":
            self._request_body += message.get("body", b"")
        return message

    async def send(self, message: Message) -> None:
        kind, exchange = message["type"], self._record.exchange
        if kind in ("http.response.start", "websocket.http.response.start"):
            exchange.status = message["status"]
            exchange.answer_headers = _headers(message.get("headers", ()))
        elif kind in ("http.response.body", "websocket.http.response.body"):
            self._response_body += message.get("body", b"")
            if not message.get("more_body"):
                # Before sending, so that the record is complete once the client has the response.
                self.finish()
        elif kind == "websocket.accept":
            exchange.status = 101
        elif kind == "websocket.send":
            self._keep_message(message.get("text") or "")
        elif kind == "websocket.close":
            exchange.close_code = message.get("code", 1000)
        await self._send(message)

    def _keep_message(self, text: str) -> None:
        if not self._record.dropped:
            self._record.exchange.messages.append(text)
            self._grow(self._record, len(text))

    def finish(self) -> None:
        """Record both bodies, with their secrets redacted."""
        exchange = self._record.exchange
        request_body = self._request_body.decode("utf-8", "replace")
        response_body = self._response_body.decode("utf-8", "replace")
        secrets = set(_secrets(exchange.path, request_body, response_body))
        before = len(exchange.body) + len(exchange.answer)
        exchange.body = _redact_secrets(request_body, secrets)
        exchange.answer = _redact_secrets(response_body, secrets)
        self._grow(self._record, len(exchange.body) + len(exchange.answer) - before)


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


def _redact_secrets(text: str, secrets: set[str]) -> str:
    # Longest first, as one secret may be part of another.
    for secret in sorted(secrets, key=len, reverse=True):
        for spelling in (secret, json.dumps(secret)[1:-1]):
            text = text.replace(spelling, REDACTED)
    return text
