"""Reading of response bodies with limits on size, time and expansion.

Bodies are decompressed here rather than by urllib3, whose releases differ in the limits that they
apply, and in whether they detect a truncated compressed body.
"""

from __future__ import annotations

import io
import zlib
from typing import TYPE_CHECKING

import requests

from .transport import SLOWEST_RATE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .transport import RequestDeadline

LARGEST_ANSWER = 2**30
"""Maximum size of a successful response in bytes, after decompression."""
LARGEST_ERROR = 2**16
"""Maximum number of bytes to read of an error page."""
# Typical JSON is compressed by a factor of about 20, zeros by a factor of 1000.
_FREE_EXPANSION = 2**25
_MOST_EXPANSION = 200
_PIECE = 2**18
_ANY_HEADER, _ZLIB, _RAW_DEFLATE = 47, 15, -15  # the values of zlib's `wbits`
# Other codecs are unknown to Python, or unsuitable for text (idna, undefined, zlib_codec).
_CHARSETS = frozenset(
    {"utf-8", "utf8", "us-ascii", "ascii", "iso-8859-1", "latin-1", "latin1", "windows-1252"}
)


class AnswerRefused(requests.RequestException):
    """A response is too large, or has an encoding that was not requested."""


def read_answer(response: requests.Response, limit: int, deadline: RequestDeadline) -> None:
    """Read the body of a response into it; of an error page, read only the beginning.

    Args:
        response: A response with an unread body; its connection is released.
        limit: Maximum number of bytes, after decompression.
        deadline: Time limit, which received bytes extend if the body has a known length.

    Raises:
        AnswerRefused: If the body is too large, expands too far, or has an unknown encoding.
        requests.ConnectionError: If the body is truncated.
        socket.timeout: If the deadline passes.
    """
    if getattr(response, "raw", None) is None:
        return  # a test double that already contains its content
    failed = response.status_code >= 400
    limit = LARGEST_ERROR if failed else limit
    content_length = _content_length(response)
    if content_length is not None and content_length > limit and not failed:
        response.close()
        raise AnswerRefused(_too_large(limit), request=response.request)
    content = io.BytesIO()
    try:
        for piece in _decoded(
            response, _read_within_deadline(response, content_length is not None, deadline)
        ):
            content.write(piece)
            if content.tell() > limit:
                break
        else:
            _check_complete(response, content_length)
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


def _content_length(response: requests.Response) -> int | None:
    value = response.headers.get("Content-Length", "")
    return int(value) if value.isascii() and value.isdigit() else None


def _read_within_deadline(
    response: requests.Response, extends: bool, deadline: RequestDeadline
) -> Iterator[bytes]:
    """Yield the body as it arrives; extend the deadline only for a body of known length."""
    before = 0
    for piece in response.raw.stream(_PIECE, decode_content=False):
        if extends:
            deadline.end += (response.raw.tell() - before) / SLOWEST_RATE
            before = response.raw.tell()
        deadline.timeout()  # raises after the deadline, also if the connection is not ours
        yield piece


def _decoded(response: requests.Response, pieces: Iterator[bytes]) -> Iterable[bytes]:
    encoding = response.headers.get("Content-Encoding", "").strip().lower()
    if encoding in ("", "identity"):
        return pieces
    if encoding not in ("gzip", "x-gzip", "deflate"):
        raise AnswerRefused(
            f"The response is encoded as {encoding[:100]!r}, which was not requested.",
            request=response.request,
        )
    return _decompressed(response, pieces, deflate=encoding == "deflate")


def _decompressed(
    response: requests.Response, pieces: Iterator[bytes], *, deflate: bool
) -> Iterator[bytes]:
    inflater = None
    received = produced = 0
    for piece in pieces:
        received += len(piece)
        rest = piece
        while rest:
            if inflater is None or inflater.eof:  # a gzip file may consist of several members
                inflater = zlib.decompressobj(_header_of(rest) if deflate else _ANY_HEADER)
            produced += len(part := inflater.decompress(rest, _PIECE))
            if produced > _FREE_EXPANSION and produced > received * _MOST_EXPANSION:
                raise AnswerRefused(
                    f"The response expands {received} bytes to more than {produced}.",
                    request=response.request,
                )
            yield part
            rest = inflater.unconsumed_tail or inflater.unused_data
    while inflater is not None and (part := inflater.decompress(b"", _PIECE)):
        yield part
    if inflater is not None and not inflater.eof:
        raise requests.ConnectionError(
            f"The response ended inside its compressed body, after {received} bytes.",
            request=response.request,
        )


def _header_of(start: bytes) -> int:
    """Detect which of the two formats called `deflate` a body has (RFC 9110, 8.4.1.2)."""
    return _ZLIB if start[0] & 0x0F == 8 and start[0] >> 4 <= 7 else _RAW_DEFLATE


def _check_complete(response: requests.Response, content_length: int | None) -> None:
    """Raise if a response is truncated, as older versions of urllib3 do not check this."""
    if content_length is None or response.request.method == "HEAD":
        return
    received = response.raw.tell()
    if received < content_length and response.status_code not in (204, 304):
        raise requests.ConnectionError(
            f"The response ended after {received} of {content_length} bytes.",
            request=response.request,
        )


def _too_large(limit: int) -> str:
    return f"The response is longer than {limit} bytes and was not read."
