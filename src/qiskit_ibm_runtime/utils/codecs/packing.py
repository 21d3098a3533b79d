"""Bytes as text and back: base64, with or without zlib, never more than a stated size."""

from __future__ import annotations

import binascii
import zlib

from .errors import DecodeError

LARGEST = 2**30  # bytes after inflation: far above any honest payload, far below a bomb
MEDIUM = 2**14  # from here on level 6 takes twice the time of level 3 to save a twentieth
LARGE = 2**16  # from here on it pays to try a sample before everything is deflated
_SAMPLE = 2**14
_STEP = 2**18
_WORTHWHILE = 0.85


def pack(data: bytes | bytearray | memoryview, *, compress: bool = True) -> str:
    """Return bytes as base64 text."""
    return binascii.b2a_base64(deflate(data) if compress else data, newline=False).decode("ascii")


def unpack(text: object, *, compressed: bool = True) -> bytes:
    """Return the bytes behind a text made by :func:`pack`.

    Raises:
        DecodeError: If the text is damaged or holds more than ``LARGEST`` bytes.
    """
    if not isinstance(text, str):
        raise DecodeError(f"Expected packed bytes as text, got {type(text).__name__}.")
    try:
        data = binascii.a2b_base64(text)
    except ValueError as exc:
        raise DecodeError(f"Packed bytes are damaged: {exc}.") from None
    return inflate(data) if compressed else data


def inflate(data: bytes) -> bytes:
    """Return what a zlib stream holds.

    Raises:
        DecodeError: If it is damaged, cut short, or holds more than ``LARGEST`` bytes.
    """
    inflater = zlib.decompressobj()
    try:
        inflated = inflater.decompress(data, LARGEST)
    except zlib.error as exc:
        raise DecodeError(f"Packed bytes are damaged: {exc}.") from None
    if inflater.unconsumed_tail:
        raise DecodeError(f"Packed bytes inflate to more than {LARGEST} bytes.")
    if not inflater.eof:
        raise DecodeError("Packed bytes are cut short.")
    return inflated


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
    """Deflate noise in part: of three blocks, one is Huffman-coded and two are stored.

    Noise holds no repetitions, so searching for them is wasted; coding each byte by its frequency
    saves all that can be saved. It is the slowest part of both directions, though, and saves a few
    per cent: a third of the saving costs a third of the time.
    """
    parts = [b"\x78\x01"]
    for number, start in enumerate(range(0, len(view), _STEP)):
        block = view[start : start + _STEP]
        level = 0 if number % 3 else 1
        deflater = zlib.compressobj(level, zlib.DEFLATED, -15, 9, zlib.Z_HUFFMAN_ONLY)
        parts += (deflater.compress(block), deflater.flush(zlib.Z_FULL_FLUSH))
    parts += (b"\x03\x00", zlib.adler32(view).to_bytes(4, "big"))
    return b"".join(parts)
