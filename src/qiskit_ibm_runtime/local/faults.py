"""Faults on demand: an embedded runtime that fails the way networks and services do.

For tests of programs that must survive that, ours among them. The first fault that applies to a
request is carried out; ``docs/fault-injection.md`` lists them all.
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
    from collections.abc import Awaitable, Callable, MutableMapping

    Message = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[Message]]
    Send = Callable[[Message], Awaitable[None]]

Kind = Literal[
    "latency", "status", "reset", "slow", "expire", "silence", "refuse", "drop", "garbage"
]
When = Literal["before", "while", "after"]
# Kinds that a websocket knows; all others concern plain requests.
STREAM_KINDS = frozenset({"refuse", "drop", "garbage", "silence", "latency", "reset"})
REQUEST_KINDS = frozenset(get_args(Kind)) - {"refuse", "drop", "garbage"}
GARBAGE = "\x00{garbage]"


class FaultError(ValueError):
    """A fault is described in a way that cannot be carried out."""


@dataclass(frozen=True)
class Fault:
    """One way to fail, and the requests that it hits.

    A fault hits a matching request by chance (``rate``), by number (``nth``, counted from 1 among
    the requests that match), or always if neither is given; ``times`` limits how often.

    Attributes:
        kind: ``latency`` waits before the request is carried out; ``status`` answers with an error;
            ``reset`` breaks the connection; ``slow`` sends the answer in drips; ``expire`` refuses
            the access token in use, until somebody logs in anew; ``silence`` never answers. On the
            stream of a job: ``refuse`` the handshake, ``drop`` the connection after some messages,
            send ``garbage`` instead of messages, or ``silence``.
        method: HTTP method; ``WEBSOCKET`` for streams, ``*`` for all.
        path: Regular expression, searched in the path.
        rate: Probability.
        nth: Numbers of the requests to hit.
        times: Most requests to hit.
        when: For ``status`` and ``reset``: ``before`` the request is carried out, ``after`` it was,
            its answer withheld, or, for ``reset``, ``while`` the answer is sent.
        status: HTTP status of ``status`` and ``refuse``.
        retry_after: Seconds to announce with it.
        body: Text of its answer; by default an error as the service words it.
        seconds: Of ``latency`` and ``silence``, or between two drips of ``slow``.
        size: Bytes in one drip of ``slow``.
        messages: Messages of a stream that pass before ``drop``, ``garbage`` or ``silence``.
        close_code: With which ``drop`` closes the stream; 0 breaks the connection.
    """

    kind: Kind
    method: str = "*"
    path: str = ""
    rate: float | None = None
    nth: tuple[int, ...] = ()
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
            raise FaultError(f"There is no fault {self.kind!r}, but {', '.join(get_args(Kind))}.")
        if self.when not in get_args(When):
            raise FaultError(f"A fault happens {' or '.join(get_args(When))}, not {self.when!r}.")
        if self.rate is not None and not 0 <= self.rate <= 1:
            raise FaultError(f"A rate is between 0 and 1, not {self.rate!r}.")
        if self.size < 1:
            raise FaultError(f"A drip has at least one byte, not {self.size!r}.")
        try:
            re.compile(self.path)
        except re.error as exc:
            raise FaultError(f"{self.path!r} is no regular expression: {exc}.") from None

    def concerns(self, kind: str, method: str, path: str) -> bool:
        """Whether the fault is meant for such a request."""
        return (
            self.kind in (STREAM_KINDS if kind == "websocket" else REQUEST_KINDS)
            and self.method.upper() in ("*", method)
            and re.search(self.path, path) is not None
        )


@dataclass
class Faults:
    """Faults, the seed of their chance, and what they did so far.

    May be changed while the server runs, from any thread.

    .. code-block:: python

        from qiskit_ibm_runtime.local.faults import Fault, Faults
        from qiskit_ibm_runtime.testing import ServerPool

        faults = Faults([Fault("status", status=502, method="GET", path="/jobs$", times=1)])
        with ServerPool() as pool, pool.server(faults=faults) as server:
            server.service().jobs()
            assert len(faults.done) == 1

    Attributes:
        faults: Tried in this order.
        seed: Equal seeds make equal choices for equal sequences of requests.
        done: Kind, method and path of each fault carried out.
    """

    faults: list[Fault] = field(default_factory=list)
    seed: int = 0
    done: list[tuple[str, str, str]] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self.replace(self.faults, self.seed)

    def replace(self, faults: list[Fault], seed: int | None = None) -> None:
        """Set other faults, and count anew."""
        with self._lock:
            self.faults = list(faults)
            self.seed = self.seed if seed is None else seed
            self._random = random.Random(self.seed)
            self._seen = [0] * len(self.faults)
            self._hit = [0] * len(self.faults)
            self.done.clear()

    def choose(self, kind: str, method: str, path: str) -> Fault | None:
        """Return the fault to carry out on a request, and count it."""
        with self._lock:
            for index, fault in enumerate(self.faults):
                if not fault.concerns(kind, method, path):
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


class FaultMiddleware:
    """Carries out faults around an ASGI application; must be the outermost layer.

    Args:
        app: The application.
        faults: What fails.
        expire: Called for the fault ``expire``; makes the access tokens in use invalid.
    """

    def __init__(self, app: Any, faults: Faults, expire: Callable[[], None] | None = None) -> None:
        self.app, self.faults, self.expire = app, faults, expire

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        """Answer one request or one stream."""
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
            await self.app(scope, receive, _swallow)
        else:
            await _read_all(receive)
        await _answer_with_error(fault, send)

    async def _reset(self, fault: Fault, scope: Any, receive: Receive, send: Send) -> None:
        if fault.when == "before":
            await _read_all(receive)
        elif fault.when == "after":
            await self.app(scope, receive, _swallow)
        else:
            with suppress(_Over):
                await self.app(scope, receive, _halved(send))
        await break_connection(send)

    async def _slow(self, fault: Fault, scope: Any, receive: Receive, send: Send) -> None:
        async def drip(message: Message) -> None:
            if message["type"] != "http.response.body":
                await send(message)
                return
            body, more = message.get("body", b""), message.get("more_body", False)
            for start in range(0, len(body), fault.size):
                piece = body[start : start + fault.size]
                await send({"type": "http.response.body", "body": piece, "more_body": True})
                await asyncio.sleep(fault.seconds)
            await send({"type": "http.response.body", "body": b"", "more_body": more})

        await self.app(scope, receive, drip)

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
        """Let some messages of a stream pass, then drop it, garble it or fall silent."""
        # The acknowledgement, which comes first, passes in any case.
        left = fault.messages + 1

        async def disturbed(message: Message) -> None:
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
                raise _Over
            await break_connection(send)
            raise _Over

        with suppress(_Over):
            await self.app(scope, receive, disturbed)


class _Over(Exception):  # noqa: N818  # unwinds the application; nobody handles it as an error
    """The fault has been carried out."""


async def break_connection(send: Send) -> None:
    """Break the connection behind ``send`` with a reset, as a failing network does.

    Raises:
        FaultError: If the server is not uvicorn, or a layer around the faults hides it.
    """
    transport = getattr(getattr(send, "__self__", None), "transport", None)
    if transport is None:
        raise FaultError("A connection can be broken only under uvicorn, by the outermost layer.")
    sock = transport.get_extra_info("socket")
    if sock is not None:
        # To linger for no time at all makes closing a reset.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
    # The server learns of it in the next turn of the loop; until then it would try to answer.
    for _ in range(2):
        await asyncio.sleep(0)


async def _read_all(receive: Receive) -> None:
    while (await receive()).get("more_body", False):
        pass


async def _swallow(message: Message) -> None:
    """Send nothing."""


async def _until_gone(receive: Receive, seconds: float) -> None:
    """Wait until the client has gone, at most so long."""

    async def gone() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    with suppress(asyncio.TimeoutError):
        await asyncio.wait_for(gone(), seconds)


def _halved(send: Send) -> Send:
    """Send half of an answer, then end the application."""

    async def halved(message: Message) -> None:
        if message["type"] != "http.response.body":
            await send(message)
            return
        body = message.get("body", b"")
        await send({"type": message["type"], "body": body[: len(body) // 2], "more_body": True})
        raise _Over

    return halved


async def _answer_with_error(fault: Fault, send: Send) -> None:
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


_Way = Any  # of FaultMiddleware: (self, fault, scope, receive, send) -> Awaitable[None]
_REQUEST: dict[str, _Way] = {
    "latency": FaultMiddleware._latency,
    "silence": FaultMiddleware._silence,
    "status": FaultMiddleware._status,
    "reset": FaultMiddleware._reset,
    "slow": FaultMiddleware._slow,
    "expire": FaultMiddleware._expire,
}
_STREAM: dict[str, _Way] = {
    "latency": FaultMiddleware._latency,
    "reset": FaultMiddleware._reset_stream,
    "refuse": FaultMiddleware._refuse,
    "drop": FaultMiddleware._disturb,
    "garbage": FaultMiddleware._disturb,
    "silence": FaultMiddleware._disturb,
}
