"""Notes what clients ask and what they are answered, without what nobody should read."""

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
# Fields of bodies and answers whose values are secrets, by the end of the path.
_SECRET_FIELDS = {
    "/users/loginWithToken": ("apiToken", "id"),
    "/identity/token": ("apikey", "access_token", "refresh_token"),
}
_SECRET_HEADERS = ("authorization", "x-access-token")
_KEPT_HEADERS = ("content-type", "idempotency-key", "service-crn", "x-qx-client-application")


@dataclass
class Exchange:
    """One request and its answer, or one stream and its messages.

    Attributes:
        method: HTTP method, or ``STREAM``.
        path: Path, under the server's prefix if it has one.
        query: Query as it was sent.
        headers: Headers with lower-case names; those that prove who asks are only named.
        body: Text of the request.
        status: Status of the answer; 101 for a stream, 0 if none was sent.
        answer: Text of the answer.
        answer_headers: Its headers.
        messages: What a stream said.
        close_code: How the stream was closed.
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
        """The request's body, read as JSON."""
        return json.loads(self.body)


class Recorder:
    """Wraps an application and keeps a list of exchanges, in the order in which they began.

    When they take more than 128 MiB or 10,000 entries, the oldest are dropped.

    .. code-block:: python

        from qiskit_ibm_runtime.testing import ServerPool

        with ServerPool() as workshop, workshop.server() as server:
            server.service().jobs()
            assert len(server.requests.matching("GET", "/jobs$")) == 1  # requests is a Recorder

    Attributes:
        dropped: How many exchanges were dropped.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._lock = threading.Lock()
        self._kept: deque[_Kept] = deque()
        self._size = 0
        self.dropped = 0

    @property
    def exchanges(self) -> list[Exchange]:
        """Everything so far, as far as it is kept."""
        with self._lock:
            return [one.exchange for one in self._kept]

    def matching(self, method: str = "", path: str = "") -> list[Exchange]:
        """The exchanges with this method, and a path in which the expression is found."""
        return [
            one
            for one in self.exchanges
            if method in ("", one.method) and re.search(path, one.path)
        ]

    def clear(self) -> None:
        """Forget everything so far."""
        with self._lock:
            for one in self._kept:
                one.dropped = True
            self._kept.clear()
            self._size = self.dropped = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on one request or one stream, and note it."""
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
        between = _RecordingChannel(kept, receive, send, self._grow)
        try:
            await self._app(scope, between.receive, between.send)
        finally:
            between.finish()

    def _grow(self, kept: _Kept, size: int) -> None:
        """Count what an exchange takes more, and drop the oldest ones if all take too much."""
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
    """An exchange, the length of its texts, and whether it was dropped or forgotten."""

    exchange: Exchange
    size: int = 0
    dropped: bool = False


class _RecordingChannel:
    """Stands between the application and the server for one exchange."""

    def __init__(
        self, kept: _Kept, receive: Receive, send: Send, grow: Callable[[_Kept, int], None]
    ) -> None:
        self._kept, self._receive, self._send, self._grow = kept, receive, send, grow
        self._asked, self._answered = bytearray(), bytearray()
        # Faults that break the connection look for it here, where uvicorn has it.
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
                # Before the client has it: who has the answer finds the exchange complete.
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
        """Keep the texts, without the secrets in them."""
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
    # The longest first: one secret may be part of another.
    for secret in sorted(secrets, key=len, reverse=True):
        for spelling in (secret, json.dumps(secret)[1:-1]):
            text = text.replace(spelling, REDACTED)
    return text
