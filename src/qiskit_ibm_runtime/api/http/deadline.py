"""RequestDeadline of a whole request, which neither silence nor a trickle of bytes can extend.

A socket's own timeout starts anew with every byte. Here each wait of the socket is also held to
what is left of the request's limit. What we send, and a body of announced length, extend the limit
at a slow, fixed rate as they move: a large transfer on a poor line goes through, while a peer that
drips, or sends headers without end, does not keep a caller.
"""

from __future__ import annotations

import io
import math
import socket
import time
from contextlib import contextmanager
from contextvars import ContextVar
from http.client import (
    CONTINUE,
    SWITCHING_PROTOCOLS,
    HTTPException,
    HTTPResponse,
    parse_headers,
)
from typing import TYPE_CHECKING, Any, Callable

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from qiskit_ibm_runtime.proxies.tunnel import NtlmTunnel

if TYPE_CHECKING:
    from collections.abc import Iterator

# Slower transfers than this, in bytes per second over the whole request, run into its limit.
SLOWEST_RATE = 16 * 1024
_PIECE = 64 * 1024
_MOST_INTERIM = 100


class RequestDeadline:
    """RequestDeadline of a request.

    Args:
        seconds: From now.
        clock: A monotonic clock.
        silence: Seconds without any byte moving that are one wait too long.
    """

    def __init__(
        self,
        seconds: float,
        clock: Callable[[], float] = time.monotonic,
        silence: float = math.inf,
    ) -> None:
        self._clock = clock
        self.silence = silence
        self._end = clock() + seconds

    def left(self) -> float:
        """Return the seconds left; negative when it is over."""
        return self._end - self._clock()

    def moved(self, count: int) -> None:
        """Extend the deadline by the time that this many bytes may take."""
        self._end += count / SLOWEST_RATE

    def timeout(self) -> float:
        """Return the current timeout of a socket.

        Raises:
            socket.timeout: If nothing is left.
        """
        left = self.left()
        if left <= 0:
            raise socket.timeout("The time limit of the request has passed.")
        return min(left, self.silence)


_current: ContextVar[RequestDeadline | None] = ContextVar("deadline", default=None)


@contextmanager
def holding(deadline: RequestDeadline) -> Iterator[None]:
    """Apply a deadline to every connection used in the block."""
    token = _current.set(deadline)
    try:
        yield
    finally:
        _current.reset(token)


class _TimedReader(io.RawIOBase):
    """Read from a socket with a deadline."""

    def __init__(self, raw: Any, sock: Any, deadline: RequestDeadline) -> None:
        self._raw, self._deadline = raw, deadline
        # The name under which the NTLM library looks for the socket.
        self._sock = sock

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._sock.settimeout(self._deadline.timeout())
        return self._raw.readinto(buffer)  # type: ignore[no-any-return]

    def fileno(self) -> int:
        return self._raw.fileno()  # type: ignore[no-any-return]

    def close(self) -> None:
        self._raw.close()
        super().close()


class _TimedResponse(HTTPResponse):
    def __init__(self, sock: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self._interim = 0
        deadline = _current.get()
        if deadline is not None:
            self.fp = io.BufferedReader(_TimedReader(self.fp.detach(), sock, deadline))

    def _read_status(self) -> Any:
        """Skip all 1xx responses; the standard library skips status 100 only."""
        while True:
            line = super()._read_status()  # type: ignore[misc]  # the hook of `begin`
            status = line[1]
            if not 100 <= status < 200 or status == SWITCHING_PROTOCOLS:
                return line
            self._interim += 1
            if self._interim > _MOST_INTERIM:
                raise HTTPException(f"More than {_MOST_INTERIM} interim responses arrived.")
            if status == CONTINUE:
                return line  # `begin` skips its headers and comes back
            parse_headers(self.fp)


class _TimedSending:
    """Send in chunks under the deadline; the connect timeout does not limit uploads."""

    response_class = _TimedResponse

    def send(self: Any, data: Any) -> None:
        deadline = _current.get()
        if deadline is None or not isinstance(data, (bytes, bytearray, memoryview)):
            super().send(data)  # type: ignore[misc]
            return
        if self.sock is None and self.auto_open:
            self.connect()
        view = memoryview(data)
        for start in range(0, len(view), _PIECE):
            piece = view[start : start + _PIECE]
            self.sock.settimeout(deadline.timeout())
            super().send(piece)  # type: ignore[misc]
            deadline.moved(len(piece))


class _Connection(_TimedSending, HTTPConnection):  # type: ignore[misc]
    """Plain HTTP connection."""


class _SecureConnection(_TimedSending, NtlmTunnel, HTTPSConnection):  # type: ignore[misc]
    """HTTPS connection."""


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


POOLS = {"http": _Pool, "https": _SecurePool}
