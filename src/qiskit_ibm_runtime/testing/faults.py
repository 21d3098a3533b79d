"""Fault injection: make an embedded runtime fail the way networks and services do.

Use it to test programs that must survive such failures. For each request, the first matching fault
is injected. ``docs/fault-injection.md`` lists all faults.
"""

from __future__ import annotations

import asyncio
import json
import random
import re
import socket
import struct
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, get_args

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, MutableMapping

    Message = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[Message]]
    Send = Callable[[Message], Awaitable[None]]

Kind = Literal[
    "latency", "status", "reset", "slow", "expire", "silence", "refuse", "drop", "garbage"
]
When = Literal["before", "while", "after"]
GARBAGE = "\x00{garbage]"


class FaultError(ValueError):
    """A fault is invalid, or the server cannot inject it."""


@dataclass(frozen=True)
class Fault:
    """A failure, and the requests that it applies to.

    A fault hits a matching request with a probability (``rate``) or by its number among the
    matching requests (``nth``, from 1). Without either, it hits every matching request. ``times``
    limits the number of hits.

    Attributes:
        kind: For requests: ``latency`` delays the request, ``status`` responds with an error,
            ``reset`` resets the connection, ``slow`` sends the response in small chunks, ``expire``
            invalidates all access tokens, and ``silence`` never responds. For job streams:
            ``refuse`` rejects the handshake, ``drop`` closes the connection after some messages,
            ``garbage`` replaces messages with invalid ones, and ``silence`` stops sending.
            ``latency`` and ``reset`` apply to streams, too.
        method: HTTP method; ``WEBSOCKET`` for streams, ``*`` for all.
        path: Regular expression, searched in the path.
        rate: Probability of a hit, from 0 to 1.
        nth: Numbers of the requests to hit; stored as a tuple.
        times: Maximum number of hits.
        when: For ``status`` and ``reset``: ``before`` the request is handled, or ``after``, in
            which case its response is discarded. ``reset`` also takes ``while`` the response is
            being sent.
        status: HTTP status for ``status`` and ``refuse``.
        retry_after: Value of the Retry-After header for ``status``, in seconds.
        body: Response body for ``status``; by default an error in the format of the service.
        seconds: Duration of ``latency`` and ``silence``, or the pause between two chunks of
            ``slow``.
        size: Bytes per chunk of ``slow``.
        messages: Number of messages to pass before ``drop``, ``garbage`` or ``silence``.
        close_code: Close code for ``drop``; 0 resets the connection instead.
    """

    kind: Kind
    method: str = "*"
    path: str = ""
    rate: float | None = None
    nth: Collection[int] = ()
    times: int | None = None
    when: When = "before"
    status: int = 500
    retry_after: float | None = None
    body: str | None = None
    seconds: float = 1.0
    size: int = 1
    messages: int = 0
    close_code: int = 1011

    def __post_init__(self) -> None:
        object.__setattr__(self, "nth", tuple(self.nth))
        if self.kind not in get_args(Kind):
            raise FaultError(
                f"Unknown kind of fault {self.kind!r}. Choose from {', '.join(get_args(Kind))}."
            )
        if self.when not in get_args(When):
            raise FaultError(f"'when' must be {' or '.join(get_args(When))}, not {self.when!r}.")
        if self.rate is not None and not 0 <= self.rate <= 1:
            raise FaultError(f"'rate' must be from 0 to 1, not {self.rate!r}.")
        if self.size < 1:
            raise FaultError(f"'size' must be 1 or more, not {self.size!r}.")
        try:
            re.compile(self.path)
        except re.error as exc:
            raise FaultError(
                f"'path' must be a regular expression; {self.path!r} is invalid: {exc}."
            ) from None

    def matches(self, kind: str, method: str, path: str) -> bool:
        """Return whether the fault applies to such a request."""
        return (
            self.kind in (_STREAM if kind == "websocket" else _REQUEST)
            and self.method.upper() in ("*", method)
            and re.search(self.path, path) is not None
        )


@dataclass
class Faults:
    """Faults of a server, and a record of those injected so far.

    Can be changed while the server runs, from any thread.

    .. code-block:: python

        from qiskit_ibm_runtime.testing.faults import Fault, Faults
        from qiskit_ibm_runtime.testing import ServerPool

        faults = Faults([Fault("status", status=502, method="GET", path="/jobs$", times=1)])
        with ServerPool() as pool, pool.server(faults=faults) as server:
            server.service().jobs()
            assert len(faults.done) == 1

    Attributes:
        faults: The faults, in order of precedence.
        seed: Seed for ``rate``; equal seeds make equal choices for equal sequences of requests.
        done: Kind, method and path of each injected fault.
    """

    faults: list[Fault] = field(default_factory=list)
    seed: int = 0
    done: list[tuple[str, str, str]] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self.replace(self.faults, self.seed)

    def replace(self, faults: list[Fault], seed: int | None = None) -> None:
        """Replace the faults, and reset all counts."""
        with self._lock:
            self.faults = list(faults)
            self.seed = self.seed if seed is None else seed
            self._random = random.Random(self.seed)
            self._seen = [0] * len(self.faults)
            self._hit = [0] * len(self.faults)
            self.done.clear()

    def choose(self, kind: str, method: str, path: str) -> Fault | None:
        """Return the fault to inject into a request, if any, and record it."""
        with self._lock:
            for index, fault in enumerate(self.faults):
                if not fault.matches(kind, method, path):
                    continue
                self._seen[index] += 1
                if fault.times is not None and self._hit[index] >= fault.times:
                    continue
                by_number = not fault.nth or self._seen[index] in fault.nth
                by_chance = fault.rate is None or self._random.random() < fault.rate
                if by_number and by_chance:
                    self._hit[index] += 1
                    self.done.append((fault.kind, method, path))
                    return fault
            return None

    def around(self, app: Any, expire: Callable[[], None]) -> FaultMiddleware:
        """Wrap an application; the argument ``wrap`` of ``create_app``."""
        return FaultMiddleware(app, self, expire)


class FaultMiddleware:
    """Inject faults around an ASGI application; must be the outermost middleware.

    Args:
        app: The application.
        faults: The faults.
        expire: Called for the fault ``expire``; must invalidate all access tokens.
    """

    def __init__(self, app: Any, faults: Faults, expire: Callable[[], None] | None = None) -> None:
        self.app, self.faults, self.expire = app, faults, expire

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        """Serve one request or one stream."""
        kind = scope["type"]
        if kind not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        method = "WEBSOCKET" if kind == "websocket" else scope["method"]
        fault = self.faults.choose(kind, method, scope["path"])
        if fault is None:
            await self.app(scope, receive, send)
        elif kind == "websocket":
            await _STREAM[fault.kind](self, fault, scope, receive, send)
        else:
            await _REQUEST[fault.kind](self, fault, scope, receive, send)

    async def _latency(self, fault: Fault, scope: Any, receive: Receive, send: Send) -> None:
        await asyncio.sleep(fault.seconds)
        await self.app(scope, receive, send)

    async def _silence(self, fault: Fault, scope: Any, receive: Receive, send: Send) -> None:
        await _read_all(receive)
        await _until_gone(receive, fault.seconds)
        await break_connection(send)

    async def _status(self, fault: Fault, scope: Any, receive: Receive, send: Send) -> None:
        if fault.when == "after":
            await self.app(scope, receive, _discard)
        else:
            await _read_all(receive)
        await _send_error(fault, send)

    async def _reset(self, fault: Fault, scope: Any, receive: Receive, send: Send) -> None:
        if fault.when == "before":
            await _read_all(receive)
        elif fault.when == "after":
            await self.app(scope, receive, _discard)
        else:
            with suppress(_FaultInjected):
                await self.app(scope, receive, _half(send))
        await break_connection(send)

    async def _slow(self, fault: Fault, scope: Any, receive: Receive, send: Send) -> None:
        async def send_in_chunks(message: Message) -> None:
            if message["type"] != "http.response.body":
                await send(message)
                return
            body, more = message.get("body", b""), message.get("more_body", False)
            for start in range(0, len(body), fault.size):
                piece = body[start : start + fault.size]
                await send({"type": "http.response.body", "body": piece, "more_body": True})
                await asyncio.sleep(fault.seconds)
            await send({"type": "http.response.body", "body": b"", "more_body": more})

        await self.app(scope, receive, send_in_chunks)

    async def _expire(self, fault: Fault, scope: Any, receive: Receive, send: Send) -> None:
        if self.expire is not None:
            self.expire()
        await self.app(scope, receive, send)

    async def _refuse(self, fault: Fault, scope: Any, receive: Receive, send: Send) -> None:
        await receive()
        if "websocket.http.response" not in scope.get("extensions", {}):
            await send({"type": "websocket.close", "code": 1008})
            return
        headers = [(b"content-type", b"text/plain")]
        start = {"type": "websocket.http.response.start", "status": fault.status}
        await send({**start, "headers": headers})
        await send({"type": "websocket.http.response.body", "body": b"refused"})

    async def _reset_stream(self, fault: Fault, scope: Any, receive: Receive, send: Send) -> None:
        await break_connection(send)

    async def _disturb(self, fault: Fault, scope: Any, receive: Receive, send: Send) -> None:
        """Pass some messages of a stream, then drop, garble or silence it."""
        # The acknowledgement, which comes first, always passes.
        left = fault.messages + 1

        async def send_disturbed(message: Message) -> None:
            nonlocal left
            kind = message["type"]
            if kind == "websocket.send" and left == 0 and fault.kind == "garbage":
                message = {"type": kind, "text": GARBAGE}
            await send(message)
            left -= kind == "websocket.send" and left > 0
            if left or fault.kind == "garbage" or kind != "websocket.send":
                return
            if fault.kind == "silence":
                await asyncio.sleep(fault.seconds)
            elif fault.close_code:
                await send({"type": "websocket.close", "code": fault.close_code})
                raise _FaultInjected
            await break_connection(send)
            raise _FaultInjected

        with suppress(_FaultInjected):
            await self.app(scope, receive, send_disturbed)


class _FaultInjected(Exception):  # noqa: N818 - not an error
    """Unwind the application after a fault."""


async def break_connection(send: Send) -> None:
    """Reset the connection behind ``send``, as a failing network does.

    Raises:
        FaultError: If the server is not uvicorn, or another middleware hides its connection.
    """
    transport = getattr(getattr(send, "__self__", None), "transport", None)
    if transport is None:
        raise FaultError(
            "A connection can be reset only under uvicorn, with FaultMiddleware as the outermost "
            "middleware."
        )
    sock = transport.get_extra_info("socket")
    if sock is not None:
        # A linger time of zero makes close() send a reset.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
    # Uvicorn notices in the next iteration of the event loop; until then it would still respond.
    for _ in range(2):
        await asyncio.sleep(0)


async def _read_all(receive: Receive) -> None:
    while (await receive()).get("more_body", False):
        pass


async def _discard(message: Message) -> None:
    """Discard a message."""


async def _until_gone(receive: Receive, seconds: float) -> None:
    """Wait until the client disconnects, for ``seconds`` at most."""

    async def disconnected() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    with suppress(asyncio.TimeoutError):
        await asyncio.wait_for(disconnected(), seconds)


def _half(send: Send) -> Send:
    """Wrap ``send`` to send half of a response, then stop the application."""

    async def send_half(message: Message) -> None:
        if message["type"] != "http.response.body":
            await send(message)
            return
        body = message.get("body", b"")
        await send({"type": message["type"], "body": body[: len(body) // 2], "more_body": True})
        raise _FaultInjected

    return send_half


async def _send_error(fault: Fault, send: Send) -> None:
    message = f"Injected fault: status {fault.status}."
    detail = {"code": 1999, "message": message, "solution": "", "more_info": ""}
    body = fault.body
    if body is None:
        body = json.dumps({"errors": [detail], "trace": "injected"})
    headers = [
        (b"content-type", b"application/json" if fault.body is None else b"text/html"),
        (b"content-length", str(len(body.encode())).encode()),
    ]
    if fault.retry_after is not None:
        headers.append((b"retry-after", f"{fault.retry_after:g}".encode()))
    await send({"type": "http.response.start", "status": fault.status, "headers": headers})
    await send({"type": "http.response.body", "body": body.encode()})


_Method = Any  # of FaultMiddleware: (self, fault, scope, receive, send) -> Awaitable[None]
_REQUEST: dict[str, _Method] = {
    "latency": FaultMiddleware._latency,
    "silence": FaultMiddleware._silence,
    "status": FaultMiddleware._status,
    "reset": FaultMiddleware._reset,
    "slow": FaultMiddleware._slow,
    "expire": FaultMiddleware._expire,
}
_STREAM: dict[str, _Method] = {
    "latency": FaultMiddleware._latency,
    "reset": FaultMiddleware._reset_stream,
    "refuse": FaultMiddleware._refuse,
    "drop": FaultMiddleware._disturb,
    "garbage": FaultMiddleware._disturb,
    "silence": FaultMiddleware._disturb,
}
