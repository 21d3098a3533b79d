"""Pooled connections that all clients of a service share, and the deadlines of their requests.

The timeout of a socket restarts with every byte, so a peer that sends single bytes or endless
headers could block the caller forever. Therefore each request has a deadline, at which a thread
shuts down its socket. Sent data, and bodies of known length, extend the deadline at a fixed low
rate, so that a large transfer on a slow connection can finish.
"""

from __future__ import annotations

import socket
import threading
import time
import weakref
from contextlib import suppress
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
TIME_IS_UP = "The time limit of the request has passed."
_PIECE = 64 * 1024
_MOST_INTERIM = 100


@dataclass
class RequestDeadline:
    """Deadline of a request.

    Attributes:
        end: Time on the monotonic clock.
        silence: Maximum number of seconds in which to send a piece of the body.
        passed: Whether the request's socket was shut down.
    """

    end: float
    silence: float
    passed: bool = False


current_deadline: ContextVar[RequestDeadline | None] = ContextVar("deadline", default=None)
"""Deadline of the request that the current thread sends."""


class _Watchdog:
    """Thread that shuts down the sockets of requests at their deadlines.

    A connection is watched while it belongs to a request, never while another request may take it
    from its pool.
    """

    def __init__(self) -> None:
        self.reset_after_fork()
        reset_in_children(self)

    def reset_after_fork(self) -> None:
        """Start without connections and thread in a forked child."""
        self._changed = threading.Condition()
        self._connections: weakref.WeakSet[Any] = weakref.WeakSet()
        self._wakes: float | None = None  # when the thread acts next, if it runs

    def watch(self, connection: Any, deadline: RequestDeadline) -> None:
        """Watch a connection until its request ends."""
        with self._changed:
            connection.deadline = deadline
            self._connections.add(connection)
            if self._wakes is None:
                # Without a thread, each operation on the socket still has its timeout.
                with suppress(RuntimeError):
                    threading.Thread(target=self._run, name="deadlines", daemon=True).start()
                    self._wakes = deadline.end
            elif deadline.end < self._wakes:
                self._changed.notify()

    def release(self, connection: Any) -> None:
        """Stop watching a connection whose request has ended."""
        with self._changed:
            self._connections.discard(connection)

    def _run(self) -> None:
        with self._changed:
            while self._connections:
                self._wakes = self._shut_down_overdue()
                self._changed.wait(self._wakes - time.monotonic())
            self._wakes = None

    def _shut_down_overdue(self) -> float:
        """Shut down overdue sockets, and return the earliest of the other deadlines."""
        now = time.monotonic()
        for connection in [one for one in self._connections if one.deadline.end <= now]:
            self._connections.remove(connection)
            _shut_down(connection)
        return min((connection.deadline.end for connection in self._connections), default=now)


def _shut_down(connection: Any) -> None:
    # TLS inside TLS wraps the socket. `SSLSocket.shutdown` would turn off TLS under the reader.
    sock = getattr(connection.sock, "socket", connection.sock)
    if sock is not None:
        connection.deadline.passed = True
        with suppress(OSError):  # the peer has closed the connection
            socket.socket.shutdown(sock, socket.SHUT_RDWR)


_WATCHDOG = _Watchdog()


class _Response(HTTPResponse):
    """Response that skips all 1xx responses; the standard library skips status 100 only."""

    def _read_status(self) -> Any:
        for _ in range(_MOST_INTERIM):
            line = super()._read_status()  # type: ignore[misc]  # the hook of `begin`
            if not 100 <= line[1] < 200 or line[1] == SWITCHING_PROTOCOLS:
                return line
            parse_headers(self.fp)
        raise HTTPException(f"More than {_MOST_INTERIM} interim responses arrived.")


class _Sending:
    """Connection mixin that sends in pieces, not all within the connect timeout."""

    response_class = _Response
    deadline: RequestDeadline | None = None

    def send(self: Any, data: Any) -> None:
        deadline = self.deadline
        if deadline is None or not isinstance(data, (bytes, bytearray, memoryview)):
            super().send(data)  # type: ignore[misc]
            return
        if self.sock is None and self.auto_open:
            self.connect()
        if deadline.end <= time.monotonic():  # it passed before there was a socket to shut down
            raise socket.timeout(TIME_IS_UP)
        self.sock.settimeout(deadline.silence)
        view = memoryview(data)
        for start in range(0, len(view), _PIECE):
            piece = view[start : start + _PIECE]
            super().send(piece)  # type: ignore[misc]
            deadline.end += len(piece) / SLOWEST_RATE


class _Connection(_Sending, HTTPConnection):  # type: ignore[misc]
    """HTTP connection with deadlines."""


class _SecureConnection(_Sending, HTTPSConnection):  # type: ignore[misc]
    """HTTPS connection with deadlines."""


class _Watched:
    """Pool mixin that has a connection watched from its way out to its way back."""

    def _get_conn(self, timeout: float | None = None) -> Any:
        connection = super()._get_conn(timeout)  # type: ignore[misc]
        deadline = current_deadline.get()
        if deadline is not None:
            _WATCHDOG.watch(connection, deadline)
        return connection

    def _put_conn(self, conn: Any) -> None:
        if conn is not None:
            _WATCHDOG.release(conn)
        super()._put_conn(conn)  # type: ignore[misc]


class _Pool(_Watched, HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(_Watched, HTTPSConnectionPool):
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
