"""Bytes as text and back: base64, with or without zlib, never more than a stated size."""

from __future__ import annotations

import base64
import binascii
import zlib

from .errors import DecodeError

LARGEST = 2**30  # bytes after inflation: far above any honest payload, far below a bomb


def pack(data: bytes | memoryview, *, compress: bool = True) -> str:
    """Return bytes as base64 text."""
    return base64.b64encode(zlib.compress(data) if compress else data).decode("ascii")


def unpack(text: object, *, compressed: bool = True) -> bytes:
    """Return the bytes behind a text made by :func:`pack`.

    Raises:
        DecodeError: If the text is damaged or holds more than ``LARGEST`` bytes.
    """
    if not isinstance(text, str):
        raise DecodeError(f"Expected packed bytes as text, got {type(text).__name__}.")
    try:
        data = base64.b64decode(text, validate=True)
        if not compressed:
            return data
        inflater = zlib.decompressobj()
        inflated = inflater.decompress(data, LARGEST)
    except (binascii.Error, zlib.error, ValueError) as exc:
        raise DecodeError(f"Packed bytes are damaged: {exc}.") from None
    if inflater.unconsumed_tail:
        raise DecodeError(f"Packed bytes inflate to more than {LARGEST} bytes.")
    if not inflater.eof:
        raise DecodeError("Packed bytes are cut short.")
    return inflated
