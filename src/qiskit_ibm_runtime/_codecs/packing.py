"""Bytes as text and back: base64, with or without zlib, never more than a payload may make."""

from __future__ import annotations

import binascii
import sys
import zlib
from typing import TYPE_CHECKING

from qiskit_ibm_runtime.exceptions import DecodeError

from .limits import budget
from .long_values import Extract

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MEDIUM = 2**14  # from here on level 6 takes twice the time of level 3 to save a twentieth
LARGE = 2**16  # from here on it pays to try a sample before everything is deflated
_SAMPLE = 2**14
_STEP = 2**18
_CHARACTERS = 2**18  # of base64, a multiple of four, so that each part stands for itself
_WHOLE = sys.maxsize
_PIECE = 2**18  # bytes after inflation: a piece stays in the processor's cache
_WORTHWHILE = 0.85
_ONE_IN = 4


def pack(data: bytes | bytearray | memoryview, *, compress: bool = True) -> str:
    """Return bytes as base64 text."""
    return binascii.b2a_base64(deflate(data) if compress else data, newline=False).decode("ascii")


def unpack(text: object, *, compressed: bool = True) -> bytes:
    """Return the bytes behind a text made by :func:`pack`.

    Raises:
        DecodeError: If the text is damaged or inflates to more than is sane.
    """
    return b"".join(unpack_by_pieces(text) if compressed else _decoded(text, _WHOLE))


def unpack_by_pieces(text: object) -> Iterator[bytes]:
    """Yield the bytes behind a text made by :func:`pack`, a small piece at a time.

    Raises:
        DecodeError: If the text is damaged or inflates to more than is sane.
    """
    return _inflated(_decoded(text, _CHARACTERS))


def inflate(data: bytes) -> bytes:
    """Return what a zlib stream holds.

    Raises:
        DecodeError: If it is damaged, cut short, or inflates to more than is sane.
    """
    return b"".join(_inflated([data]))


def _decoded(text: object, step: int) -> Iterator[bytes]:
    if isinstance(text, str):
        text = Extract(text, 0, len(text))
    if not isinstance(text, Extract):
        raise DecodeError(f"Expected packed bytes as text, got {type(text).__name__}.")
    if len(text) % 4 or text.holds("\n"):  # others break lines, or pad less
        step = _WHOLE
    try:
        for start in range(0, len(text), step):
            yield binascii.a2b_base64(text.piece(start, step))
    except ValueError as exc:
        raise DecodeError(f"Packed bytes are damaged: {exc}.") from None


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
        raise DecodeError(f"Packed bytes are damaged: {exc}.") from None
    if not inflater.eof:
        raise DecodeError("Packed bytes are cut short.")
    yield rest


def deflate(data: bytes | bytearray | memoryview) -> bytes:
    """Return one zlib stream, made with as much effort as it saves.

    Small data are deflated as zlib does by default, more of them at a level that is twice as
    fast. Large data are judged by three samples first: noise, such as the mantissas of measured
    numbers, is not searched for repetitions.
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
    """Deflate a part of the noise: one block is Huffman-coded, the next ones are stored.

    Noise holds no repetitions, so searching for them is wasted; coding each byte by its frequency
    saves all that can be saved. It is the slowest part of both directions, though, and saves a few
    per cent: a quarter of the saving costs a quarter of the time.
    """
    parts = [b"\x78\x01"]
    for number, start in enumerate(range(0, len(view), _STEP)):
        block = view[start : start + _STEP]
        level = 0 if number % _ONE_IN else 1
        deflater = zlib.compressobj(level, zlib.DEFLATED, -15, 9, zlib.Z_HUFFMAN_ONLY)
        parts += (deflater.compress(block), deflater.flush(zlib.Z_FULL_FLUSH))
    parts += (b"\x03\x00", zlib.adler32(view).to_bytes(4, "big"))
    return b"".join(parts)
