"""A conversation from a file: written by a recorder, answered again without any runtime."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from qiskit_ibm_runtime.local.protocol.answers import error_answer
from qiskit_ibm_runtime.local.protocol.errors import NOT_FOUND, Refused

from .recorder import STREAM, Exchange, as_dict

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from starlette.types import Receive, Scope, Send

# In the file, where the address of the server stood.
_HTTP, _WEBSOCKET = "http://server.recorded", "ws://server.recorded"


def save(exchanges: Iterable[Exchange], path: Path, url: str) -> None:
    """Write a conversation as one JSON object a line.

    Args:
        exchanges: What a recorder noted; secrets are out of it already.
        path: The file.
        url: Address of the server, which the file does not keep.
    """
    lines = [json.dumps(as_dict(one)) for one in exchanges if one.status]
    text = "\n".join(lines) + "\n"
    for address, stand_in in _addresses(url):
        text = text.replace(address, stand_in)
    path.write_text(text, encoding="utf-8")


def load(path: Path, url: str) -> list[Exchange]:
    """Read a conversation for a server at this address.

    Raises:
        ValueError: If the file holds none.
    """
    text = path.read_text(encoding="utf-8")
    for address, stand_in in _addresses(url):
        text = text.replace(stand_in, address)
    return [Exchange(**json.loads(line)) for line in text.splitlines() if line.strip()]


def _addresses(url: str) -> list[tuple[str, str]]:
    return [(url, _HTTP), (url.replace("http", "ws", 1), _WEBSOCKET)]


class Replay:
    """Answers what was asked before: to the same request the answers of then, in their order.

    The last answer is given again and again, because a client may look at a status more often
    than it did then. Requests are the same if method, path and query are; bodies are not compared,
    because circuits have names and parameters that differ from run to run. What was never asked is
    answered 404 and kept in ``unknown``.
    """

    def __init__(self) -> None:
        self._answers: dict[tuple[object, ...], list[Exchange]] = defaultdict(list)
        self.unknown: list[str] = []

    def fill(self, exchanges: Iterable[Exchange]) -> None:
        """Take a conversation."""
        for one in exchanges:
            self._answers[_key(one.method, one.path, one.query)].append(one)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _live(receive, send)
            return
        method = scope.get("method", STREAM)
        query = scope["query_string"].decode("latin-1")
        answers = self._answers.get(_key(method, scope["path"], query))
        if not answers:
            self.unknown.append(f"{method} {scope['path']}")
            refused = Refused(404, NOT_FOUND, f"Not in the recording: {method} {scope['path']}")
            if method == STREAM:
                await send({"type": "websocket.close", "code": 1008})
            else:
                await error_answer(refused)(scope, receive, send)
            return
        exchange = answers.pop(0) if len(answers) > 1 else answers[0]
        await (_stream if method == STREAM else _answer)(exchange, send)


def _key(method: str, path: str, query: str) -> tuple[object, ...]:
    return (method, path, *sorted(parse_qsl(query)))


async def _live(receive: Receive, send: Send) -> None:
    for _ in range(2):
        kind = (await receive())["type"]
        await send({"type": f"{kind}.complete"})


async def _answer(exchange: Exchange, send: Send) -> None:
    body = exchange.answer.encode()
    headers = {**exchange.answer_headers, "content-length": str(len(body))}
    if exchange.status == 204:
        del headers["content-length"]
    raw = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": exchange.status, "headers": raw})
    await send({"type": "http.response.body", "body": body})


async def _stream(exchange: Exchange, send: Send) -> None:
    if exchange.status != 101:
        await send({"type": "websocket.close", "code": 1008})
        return
    await send({"type": "websocket.accept"})
    for text in exchange.messages:
        await send({"type": "websocket.send", "text": text})
    await send({"type": "websocket.close", "code": exchange.close_code or 1000})
