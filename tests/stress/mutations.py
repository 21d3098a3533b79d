"""Random mutations of valid responses: status line, headers, framing, body, JSON."""

from __future__ import annotations

import gzip
import json
import random
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

JUNK_VALUES: list[Any] = [
    None,
    True,
    -1,
    0,
    10**30,
    -0.5,
    "",
    "x" * 5000,
    "2023-13-45",
    "\ud800",
    [],
    {},
    [None],
    [[[]]],
    {"id": None},
    {"__type__": "settings", "__value__": {}},
    {"__type__": "ndarray", "__value__": "x"},
]
JUNK_TEXTS = [
    "NaN",
    "Infinity",
    "1e999",
    "[" * 50_000,
    '{"a":' * 20_000,
    "",
    "null",
    "\x00",
    "9" * 9000,
]
JUNK_STATUS = [
    b"HTTP/1.1 000 ?",
    b"HTTP/1.1 99999 ?",
    b"HTTP/1.1 abc ?",
    b"HTTP/9.9 200 OK",
    b"HTTP/1.1",
    b"SSH-2.0-x",
    b"",
    b"HTTP/1.1 200 " + b"K" * 70_000,
    *(b"HTTP/1.1 %d X" % status for status in (100, 101, 103, 204, 206, 226, 300, 302, 304, 307)),
    *(b"HTTP/1.1 %d X" % status for status in (400, 401, 403, 404, 407, 409, 410, 413, 429, 451)),
    *(b"HTTP/1.1 %d X" % status for status in (500, 502, 503, 504, 520, 599, 600, 999)),
]
JUNK_HEADERS = [
    b"Content-Length: -5",
    b"Content-Length: 99999999999999999999999999",
    b"Content-Length: 1, 1",
    b"Content-Length: \xb2",
    b"Transfer-Encoding: chunked",
    b"Transfer-Encoding: gzip, chunked",
    b"Content-Encoding: gzip",
    b"Content-Encoding: deflate",
    b"Content-Encoding: br, gzip",
    b"Content-Type: text/html; charset=undefined",
    b"Content-Type: application/json; charset=utf-16",
    b"Content-Type: x; charset=idna",
    b"Location: http://[::1",
    b"Location: /\xff",
    b"Location: file:///etc/passwd",
    b"Location: /version",
    b"Retry-After: 1e400",
    b"Retry-After: Fri, 31 Dec 99999999999999999999 23:59:59 GMT",
    b"Retry-After: -7",
    b"Set-Cookie: a=b; expires=Fri, 31 Dec 999999 23:59:59 GMT",
    b"Date: Fri, 31 Dec 99999999999999999999 23:59:59 +99999999999",
    b"Idempotency-Key: x",
    b"no colon at all",
    b": empty",
    b"X: " + b"y" * 70_000,
    b"X-Transaction-Id: \x00\xff",
]


@dataclass(frozen=True)
class Answer:
    """A valid response."""

    status: int
    kind: str
    body: bytes

    def raw(self, *, head: bytes | None = None, headers: list[bytes] | None = None) -> bytes:
        """Return the bytes of the response, with another status line or more headers."""
        first = head if head is not None else b"HTTP/1.1 %d X" % self.status
        lines = [
            first,
            b"Content-Type: " + self.kind.encode(),
            b"Content-Length: %d" % len(self.body),
            b"Connection: close",
            *(headers or []),
        ]
        return b"\r\n".join(lines) + b"\r\n\r\n" + self.body

    def with_body(self, body: bytes) -> Answer:
        """Return the response with another body."""
        return Answer(self.status, self.kind, body)


def mutated(answer: Answer, rng: random.Random) -> bytes:
    """Return the bytes of a response with one mutation."""
    return rng.choice(MUTATIONS)(answer, rng)


def _status(answer: Answer, rng: random.Random) -> bytes:
    return answer.raw(head=rng.choice(JUNK_STATUS))


def _header(answer: Answer, rng: random.Random) -> bytes:
    head = rng.choice([None, None, b"HTTP/1.1 302 X", b"HTTP/1.1 429 X", b"HTTP/1.1 400 X"])
    return answer.raw(head=head, headers=rng.sample(JUNK_HEADERS, rng.choice([1, 1, 2])))


def _cut(answer: Answer, rng: random.Random) -> bytes:
    raw = answer.raw()
    return raw[: rng.randrange(len(raw))]


def _bytes(answer: Answer, rng: random.Random) -> bytes:
    raw = bytearray(answer.raw())
    for _ in range(rng.choice([1, 3, 20])):
        place = rng.randrange(len(raw))
        raw[place : place + rng.choice([0, 1, 1])] = rng.randbytes(rng.choice([0, 1, 1, 4]))
    return bytes(raw)


def _framed(answer: Answer, rng: random.Random) -> bytes:
    """Return a valid or invalid chunked body."""
    size = rng.choice(
        [b"%x" % len(answer.body), b"%x", b"-5", b"0x5", b"ffffffffffffffff", b"g", b""]
    )
    end = rng.choice([b"0\r\n\r\n", b"0\r\n", b"", b"0\r\nX: y\r\n\r\n"])
    head = (
        b"HTTP/1.1 %d X\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n" % answer.status
    )
    return head + size + b"\r\n" + answer.body + b"\r\n" + end


def _packed(answer: Answer, rng: random.Random) -> bytes:
    """Return a compressed body, intact or damaged."""
    packers: dict[bytes, Callable[[bytes], bytes]] = {
        b"gzip": gzip.compress,
        b"deflate": zlib.compress,
    }
    name, pack = rng.choice(list(packers.items()))
    body = pack(answer.body or b"x")
    if rng.random() < 0.7:
        place = rng.randrange(len(body))
        body = rng.choice([body[:place], body[:place] + rng.randbytes(2) + body[place + 2 :]])
    return answer.with_body(body).raw(headers=[b"Content-Encoding: " + name])


def _interim(answer: Answer, rng: random.Random) -> bytes:
    return (
        rng.choice([b"HTTP/1.1 100 C\r\n\r\n", b"HTTP/1.1 103 E\r\nX: y\r\n\r\n"])
        * rng.choice([1, 5, 300])
        + answer.raw()
    )


def _text(answer: Answer, rng: random.Random) -> bytes:
    text = rng.choice(JUNK_TEXTS).encode("utf-8", "surrogatepass")
    status = rng.choice([answer.status, 400, 500])
    return Answer(status, answer.kind, text).raw()


def _json(answer: Answer, rng: random.Random) -> bytes:
    """Change a value, remove an entry, or add one somewhere in the document."""
    try:
        document = json.loads(answer.body)
    except ValueError:
        return _bytes(answer, rng)
    holder: list[Any] = [document]
    parent: Any = holder
    key: Any = 0
    while isinstance(parent[key], (dict, list)) and parent[key] and rng.random() < 0.85:
        parent = parent[key]
        key = rng.choice(list(parent)) if isinstance(parent, dict) else rng.randrange(len(parent))
    if rng.random() < 0.3 and parent is not holder:
        del parent[key]
    else:
        parent[key] = rng.choice(JUNK_VALUES)
    return answer.with_body(json.dumps(holder[0]).encode()).raw()


MUTATIONS = [_status, _header, _cut, _bytes, _framed, _packed, _interim, _text, *[_json] * 8]
