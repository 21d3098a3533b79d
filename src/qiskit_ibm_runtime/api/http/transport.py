"""Pooled connections that all clients of a service share, and the deadlines of their requests.

The timeout of a socket restarts with every byte. A deadline also limits each socket operation to
the remaining time of the request. Sent data, and bodies of known length, extend the deadline at a
fixed low rate. A large transfer on a slow connection can thus finish, but a peer that sends single
bytes or endless headers cannot block the caller.
"""

from __future__ import annotations

import io
import socket
import time
from contextvars import ContextVar
from dataclasses import dataclass
from http.client import SWITCHING_PROTOCOLS, HTTPException, HTTPResponse, parse_headers
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.poolmanager import ProxyManager

from .concurrency import reset_in_children

# Pooled connections per host; further connections are closed after use.
_CONNECTIONS_PER_HOST = 32
# Slowest transfer in bytes per second, averaged over a request, that the deadline allows.
SLOWEST_RATE = 16 * 1024
_PIECE = 64 * 1024
_MOST_INTERIM = 100


@dataclass
class RequestDeadline:
    """Deadline of a request.

    Attributes:
        end: Time on the monotonic clock.
        silence: Maximum number of seconds to wait for a single byte.
    """

    end: float
    silence: float

    def timeout(self) -> float:
        """Return the timeout for the next socket operation.

        Raises:
            socket.timeout: If the deadline has passed.
        """
        left = self.end - time.monotonic()
        if left <= 0:
            raise socket.timeout("The time limit of the request has passed.")
        return min(left, self.silence)


current_deadline: ContextVar[RequestDeadline | None] = ContextVar("deadline", default=None)
"""Deadline of the request that the current thread sends."""


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


class _Response(HTTPResponse):
    """Response with a deadline that skips all 1xx responses; the base class skips only 100."""

    def __init__(self, sock: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        deadline = current_deadline.get()
        if deadline is not None:
            self.fp = io.BufferedReader(_TimedReader(self.fp.detach(), sock, deadline))

    def _read_status(self) -> Any:
        for _ in range(_MOST_INTERIM + 1):
            line = super()._read_status()  # type: ignore[misc]  # the hook of `begin`
            if not 100 <= line[1] < 200 or line[1] == SWITCHING_PROTOCOLS:
                return line
            parse_headers(self.fp)
        raise HTTPException(f"More than {_MOST_INTERIM} interim responses arrived.")


class _Timed:
    """Connection mixin that sends in pieces with a deadline, not with the connect timeout."""

    response_class = _Response

    def send(self: Any, data: Any) -> None:
        deadline = current_deadline.get()
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
            deadline.end += len(piece) / SLOWEST_RATE


class _Connection(_Timed, HTTPConnection):  # type: ignore[misc]
    """HTTP connection with deadlines."""


class _SecureConnection(_Timed, HTTPSConnection):  # type: ignore[misc]
    """HTTPS connection with deadlines."""


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


_POOLS = {"http": _Pool, "https": _SecurePool}


class Transport(HTTPAdapter):
    """Transport adapter with request deadlines.

    Copies, unpickled objects and forked children start without connections, as two processes must
    not read responses from the same socket.
    """

    def __init__(self) -> None:
        super().__init__(pool_maxsize=_CONNECTIONS_PER_HOST)
        reset_in_children(self)

    def __setstate__(self, state: Any) -> None:
        super().__setstate__(state)  # type: ignore[misc]
        reset_in_children(self)

    def __del__(self) -> None:
        if hasattr(self, "poolmanager"):
            self.close()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Set up the pools of direct connections."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        """Return the pools of connections through a proxy."""
        manager = super().proxy_manager_for(proxy, **kwargs)
        # SOCKS proxies use their own connection classes, with socket timeouts only.
        if isinstance(manager, ProxyManager):
            manager.pool_classes_by_scheme = _POOLS
        return manager

    def reset_after_fork(self) -> None:
        """Start with new pools in a forked child."""
        self.proxy_manager = {}
        self.init_poolmanager(
            self._pool_connections,  # type: ignore[attr-defined]
            self._pool_maxsize,  # type: ignore[attr-defined]
            block=self._pool_block,  # type: ignore[attr-defined]
        )
