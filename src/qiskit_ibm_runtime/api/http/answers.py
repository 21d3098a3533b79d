"""Read response bodies within limits of size, time and expansion.

Nothing that a service or a gateway sends is read without a limit. A body is decompressed here and
not by urllib3, whose releases differ in what they bound and in whether they notice a compressed
body that was cut short.
"""

from __future__ import annotations

import io
import zlib
from typing import TYPE_CHECKING

import requests

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .deadline import RequestDeadline

LARGEST_ANSWER = 2**30
"""Bytes of a good answer, after decompression."""
LARGEST_ERROR = 2**16
"""Bytes of an error page; the rest is not read."""
# Texts of JSON shrink to a twentieth or so, zeros to a thousandth.
_FREE_EXPANSION = 2**25
_MOST_EXPANSION = 200
_PIECE = 2**18
_ANY_HEADER, _ZLIB, _RAW_DEFLATE = 47, 15, -15  # the values of zlib's `wbits`
# Others are either unknown to Python or expand what they decode (idna, undefined, zlib_codec).
_CHARSETS = frozenset(
    {"utf-8", "utf8", "us-ascii", "ascii", "iso-8859-1", "latin-1", "latin1", "windows-1252"}
)


class AnswerRefused(requests.RequestException):
    """A response was refused: it is too large, or in an encoding that was not requested."""


def read_answer(response: requests.Response, limit: int, deadline: RequestDeadline) -> None:
    """Read the body into the response; of an error page only its beginning.

    Args:
        response: A response whose body was not read yet; its connection is released.
        limit: Bytes to accept at most, after decompression.
        deadline: The time limit; an announced body extends it as it arrives.

    Raises:
        AnswerRefused: If the body is too large, expands too far, or has an unknown encoding.
        requests.ConnectionError: If it broke off.
        requests.Timeout: If the time is over.
    """
    if getattr(response, "raw", None) is None:
        return  # a double, made by hand, that holds its content already
    failed = response.status_code >= 400
    limit = LARGEST_ERROR if failed else limit
    announced = _announced(response)
    if announced is not None and announced > limit and not failed:
        response.close()
        raise AnswerRefused(_too_large(limit), request=response.request)
    content = io.BytesIO()
    try:
        for piece in _decoded(response, _timely(response, announced is not None, deadline)):
            content.write(piece)
            if content.tell() > limit:
                break
        else:
            _check_whole(response, announced)
    except BaseException:
        response.close()
        raise
    if content.tell() > limit:
        response.close()
        if not failed:
            raise AnswerRefused(_too_large(limit), request=response.request)
        content.truncate(limit)
    response._content = content.getvalue()
    response._content_consumed = True  # type: ignore[attr-defined]  # as requests marks it
    if (response.encoding or "").lower() not in _CHARSETS:
        response.encoding = "utf-8"


def _announced(response: requests.Response) -> int | None:
    value = response.headers.get("Content-Length", "")
    return int(value) if value.isascii() and value.isdigit() else None


def _timely(
    response: requests.Response, extends: bool, deadline: RequestDeadline
) -> Iterator[bytes]:
    """Yield the body as it arrives; only a body of announced length extends the deadline."""
    before = 0
    for piece in response.raw.stream(_PIECE, decode_content=False):
        if extends:
            deadline.moved(response.raw.tell() - before)
            before = response.raw.tell()
        if deadline.left() <= 0:
            raise requests.ReadTimeout("The time limit of the request has passed.")
        yield piece


def _decoded(response: requests.Response, pieces: Iterator[bytes]) -> Iterable[bytes]:
    encoding = response.headers.get("Content-Encoding", "").strip().lower()
    if encoding in ("", "identity"):
        return pieces
    if encoding not in ("gzip", "x-gzip", "deflate"):
        raise AnswerRefused(
            f"The answer is encoded as {encoding[:100]!r}, which was not requested.",
            request=response.request,
        )
    return _inflated(response, pieces, deflate=encoding == "deflate")


def _inflated(
    response: requests.Response, pieces: Iterator[bytes], *, deflate: bool
) -> Iterator[bytes]:
    inflater = None
    came = made = 0
    for piece in pieces:
        came += len(piece)
        rest = piece
        while rest:
            if inflater is None or inflater.eof:  # members of a gzip file may follow each other
                inflater = zlib.decompressobj(_header_of(rest) if deflate else _ANY_HEADER)
            made += len(part := inflater.decompress(rest, _PIECE))
            if made > _FREE_EXPANSION and made > came * _MOST_EXPANSION:
                raise AnswerRefused(
                    f"The response expands {came} bytes to more than {made}.",
                    request=response.request,
                )
            yield part
            rest = inflater.unconsumed_tail or inflater.unused_data
    while inflater is not None and (part := inflater.decompress(b"", _PIECE)):
        yield part
    if inflater is not None and not inflater.eof:
        raise requests.ConnectionError(
            f"The response ended inside its compressed body, after {came} bytes.",
            request=response.request,
        )


def _header_of(start: bytes) -> int:
    """Detect which of the two formats called `deflate` a body has (RFC 9110, 8.4.1.2)."""
    return _ZLIB if start[0] & 0x0F == 8 and start[0] >> 4 <= 7 else _RAW_DEFLATE


def _check_whole(response: requests.Response, announced: int | None) -> None:
    """Refuse a truncated response; older versions of urllib3 accept it."""
    if announced is None or response.request.method == "HEAD":
        return
    came = response.raw.tell()
    if came < announced and response.status_code not in (204, 304):
        raise requests.ConnectionError(
            f"The response ended after {came} of {announced} bytes.", request=response.request
        )


def _too_large(limit: int) -> str:
    return f"The answer is longer than {limit} bytes and was not read."
