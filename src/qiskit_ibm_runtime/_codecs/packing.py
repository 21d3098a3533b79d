"""Base64 encoding with optional zlib compression, decompressing only within the budget."""

from __future__ import annotations

import binascii
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qiskit_ibm_runtime.exceptions import DecodeError

from .limits import budget

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MEDIUM = 2**14  # at this size, level 6 takes twice the time of level 3 to save 5 percent
LARGE = 2**16  # at this size, sampling the data before compression pays off
_SAMPLE = 2**14
_STEP = 2**18
_CHARACTERS = 2**18  # of base64; a multiple of four, so that each part can be decoded on its own
_PIECE = 2**18  # decompressed bytes; a piece fits into the CPU cache
_WORTHWHILE = 0.85
_ONE_IN = 4


@dataclass(frozen=True)
class Extract:
    """A part of a string that is decoded in pieces instead of copied."""

    text: str
    start: int
    end: int

    def __str__(self) -> str:
        return self.text[self.start : self.end]


def pack(data: bytes | bytearray | memoryview, *, compress: bool = True) -> str:
    """Encode bytes as base64, compressed by default."""
    return binascii.b2a_base64(deflate(data) if compress else data, newline=False).decode("ascii")


def unpack(text: object, *, compressed: bool = True) -> bytes:
    """Decode a string made by :func:`pack`.

    Raises:
        DecodeError: If the string is malformed or expands beyond the limits.
    """
    return b"".join(unpack_by_pieces(text) if compressed else _decoded(text))


def unpack_by_pieces(text: object) -> Iterator[bytes]:
    """Decode a string, or an :class:`Extract` of one, in small pieces; see :func:`unpack`."""
    return _inflated(_decoded(text))


def inflate(data: bytes) -> bytes:
    """Decompress a zlib stream.

    Raises:
        DecodeError: If it is malformed, truncated, or expands beyond the limits.
    """
    return b"".join(_inflated([data]))


def _decoded(text: object) -> Iterator[bytes]:
    part = Extract(text, 0, len(text)) if isinstance(text, str) else text
    if not isinstance(part, Extract):
        raise DecodeError(f"Expected base64 as a string, got {type(text).__name__}.")
    whole, end, step = part.text, part.end, _CHARACTERS
    if (end - part.start) % 4 or whole.find("\n", part.start, end) >= 0:
        step = end - part.start  # other encoders break lines or omit padding
    try:
        for start in range(part.start, end, step):
            yield binascii.a2b_base64(whole[start : min(start + step, end)])
    except ValueError as exc:
        raise DecodeError(f"Malformed base64 or zlib data: {exc}.") from None


def _inflated(parts: Iterable[bytes]) -> Iterator[bytes]:
    inflater, spend = zlib.decompressobj(), budget().spend_bytes
    try:
        for part in parts:
            tail, earned = part, len(part)
            while tail and not inflater.eof:
                piece = inflater.decompress(tail, _PIECE)
                spend(len(piece) - earned)
                yield piece
                tail, earned = inflater.unconsumed_tail, 0
        rest = inflater.flush()
    except zlib.error as exc:
        raise DecodeError(f"Malformed base64 or zlib data: {exc}.") from None
    if not inflater.eof:
        raise DecodeError("Malformed zlib data: the stream is truncated.")
    yield rest


def deflate(data: bytes | bytearray | memoryview) -> bytes:
    """Compress to a zlib stream, with a level that depends on size and content.

    Small data use zlib's default level, larger data a level that is twice as fast. For large data,
    three samples are tried first: noise, such as the mantissas of measured values, is compressed
    without searching for repetitions, which takes a seventh of the time of level 3.
    """
    if len(data) < LARGE:
        return zlib.compress(data, 6 if len(data) < MEDIUM else 3)
    view = memoryview(data)
    starts = (0, len(view) // 2, len(view) - _SAMPLE)
    samples = b"".join(view[start : start + _SAMPLE] for start in starts)
    if len(zlib.compress(samples, 1)) < _WORTHWHILE * len(samples):
        return zlib.compress(data, 3)
    return _deflate_noise(view)


def _deflate_noise(view: memoryview) -> bytes:
    """Compress noise: Huffman-code one block of four, and store the others.

    Noise has no repetitions, so Huffman coding alone saves as much as possible. It is the slowest
    step in both directions, though, and saves only a few percent, so most blocks skip it.
    """
    parts = [b"\x78\x01"]
    for number, start in enumerate(range(0, len(view), _STEP)):
        block = view[start : start + _STEP]
        level = 0 if number % _ONE_IN else 1
        deflater = zlib.compressobj(level, zlib.DEFLATED, -15, 9, zlib.Z_HUFFMAN_ONLY)
        parts += (deflater.compress(block), deflater.flush(zlib.Z_FULL_FLUSH))
    parts += (b"\x03\x00", zlib.adler32(view).to_bytes(4, "big"))
    return b"".join(parts)
