"""Deadlines for whole requests, which cannot be extended by a slow trickle of bytes.

The timeout of a socket restarts with every byte. A request deadline also limits each socket
operation to the remaining time of the request. Sent data, and bodies of known length, extend the
deadline at a fixed low rate. A large transfer on a slow connection can thus finish, but a peer that
sends single bytes or endless headers cannot block the caller.
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

# Slowest transfer in bytes per second, averaged over a request, that the deadline allows.
SLOWEST_RATE = 16 * 1024
_PIECE = 64 * 1024
_MOST_INTERIM = 100


class RequestDeadline:
    """Deadline of a request.

    Args:
        seconds: Seconds from now.
        clock: Monotonic clock.
        silence: Maximum number of seconds to wait for a single byte.
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
        """Return the seconds left; negative after the deadline."""
        return self._end - self._clock()

    def moved(self, count: int) -> None:
        """Extend the deadline by the time allowed for a number of transferred bytes."""
        self._end += count / SLOWEST_RATE

    def timeout(self) -> float:
        """Return the timeout for the next socket operation.

        Raises:
            socket.timeout: If the deadline has passed.
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
    """Socket reader with a deadline."""

    def __init__(self, raw: Any, sock: Any, deadline: RequestDeadline) -> None:
        self._raw, self._deadline = raw, deadline
        # The NTLM library accesses the socket by this name.
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
                return line  # `begin` skips its headers and calls this method again
            parse_headers(self.fp)


class _TimedSending:
    """Connection mixin that sends in chunks with a deadline, not with the connect timeout."""

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
    """HTTP connection with deadlines."""


class _SecureConnection(_TimedSending, NtlmTunnel, HTTPSConnection):  # type: ignore[misc]
    """HTTPS connection with deadlines."""


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


POOLS = {"http": _Pool, "https": _SecurePool}
