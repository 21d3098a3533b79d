"""Messages between an executor and a worker: a small JSON head and a body."""

from __future__ import annotations

import json
import struct
from typing import TYPE_CHECKING, Any, BinaryIO

if TYPE_CHECKING:
    import asyncio

_LENGTHS = struct.Struct("!IQ")
_PIECE = 2**18

Message = tuple[dict[str, Any], str]


def encode(head: dict[str, Any], body: str) -> bytes:
    """Encode a message. The body is not encoded again, because results are large JSON strings."""
    first, second = json.dumps(head).encode(), body.encode()
    return _LENGTHS.pack(len(first), len(second)) + first + second


async def send(writer: asyncio.StreamWriter, head: dict[str, Any], body: bytes) -> None:
    """Send a message in pieces, so that the event loop stays responsive."""
    first = json.dumps(head).encode()
    writer.write(_LENGTHS.pack(len(first), len(body)) + first)
    for start in range(0, len(body), _PIECE):
        writer.write(body[start : start + _PIECE])
        await writer.drain()
    await writer.drain()


async def receive(reader: asyncio.StreamReader) -> Message:
    """Receive the next message; raise ``IncompleteReadError`` if the connection is closed."""
    first, second = _LENGTHS.unpack(await reader.readexactly(_LENGTHS.size))
    head = json.loads(await reader.readexactly(first))
    return head, (await reader.readexactly(second)).decode()


def receive_blocking(connection: BinaryIO) -> Message | None:
    """Receive the next message, or ``None`` if the connection is closed."""
    lengths = connection.read(_LENGTHS.size)
    if len(lengths) < _LENGTHS.size:
        return None
    first, second = _LENGTHS.unpack(lengths)
    head, body = connection.read(first), connection.read(second)
    return (json.loads(head), body.decode()) if len(body) == second else None
