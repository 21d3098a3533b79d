"""Limits on connections: time and size of requests, and number of connections."""

from __future__ import annotations

import asyncio
import logging
import resource
import time
from typing import TYPE_CHECKING, Any

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

if TYPE_CHECKING:
    import socket

logger = logging.getLogger(__name__)

# A request may pause for _REQUEST_SECONDS at most. In total it may take as long, plus one second
# for every _SLOWEST bytes.
_REQUEST_SECONDS = 20.0
_SLOWEST = 500
# Clients reuse connections; closing an idle one too early costs them a retry.
KEEP_ALIVE_SECONDS = 75
# After rejecting a request, read the rest of its body up to this size, so the client gets the
# response.
_LARGEST_DISCARDED = 256 * 2**20
# Number of connections that asyncio accepts per wake-up. If no file descriptor is free, it logs as
# many errors.
ACCEPTED_AT_ONCE = 16
BACKLOG = 512
_QUIET_SECONDS = 60.0


def most_connections() -> int:
    """Return the limit on open connections, leaving file descriptors for workers and files."""
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return 2**20 if limit == resource.RLIM_INFINITY else max(8, limit - max(48, limit // 4))


class Connection(H11Protocol):
    """HTTP connection with time and size limits.

    It is closed if its client is too slow, or sends too much after its request was rejected.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._received = self._discarded = 0
        self._began = self.heard = time.monotonic()
        if len(self.connections) > most_connections():
            self._make_room()

    def data_received(self, data: bytes) -> None:
        self.heard = time.monotonic()
        if not self._received:
            self._began = self.heard
        self._received += len(data)
        super().data_received(data)
        if not self.owes_a_request:
            self._received = self._discarded = 0
        elif self.conn.our_state is h11.DONE:
            self._discarded += len(data)
            if self._discarded > _LARGEST_DISCARDED:
                self.transport.abort()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self.heard = time.monotonic()

    @property
    def owes_a_request(self) -> bool:
        """Whether the client must send a request, or the rest of one."""
        return self.conn.their_state in (h11.IDLE, h11.SEND_BODY)

    def is_late(self, now: float) -> bool:
        """Return whether the client exceeded the time for a request."""
        if not self.owes_a_request:
            return False
        if self.flow.read_paused:  # the application is slow, not the client
            self._began = self.heard = now
        if not self._received and self.cycle is not None:
            return now - self.heard > KEEP_ALIVE_SECONDS
        longest = _REQUEST_SECONDS + self._received / _SLOWEST
        return now - self.heard > _REQUEST_SECONDS or now - self._began > longest

    def _make_room(self) -> None:
        """Close the longest-idle connections among those that owe a request."""
        alive = [one for one in self.connections if not one.transport.is_closing()]
        owing = [one for one in alive if isinstance(one, Connection) and one.owes_a_request]
        owing.sort(key=lambda one: one.heard)
        for one in owing[: max(0, len(alive) - most_connections())]:
            one.transport.abort()


class Server(uvicorn.Server):
    """Uvicorn server that closes slow connections and tolerates running out of descriptors."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        for listener in sockets or ():
            listener.listen(BACKLOG)  # uvicorn uses one setting for both numbers
        self._quiet_until = 0.0
        asyncio.get_running_loop().set_exception_handler(self._failed)

    async def on_tick(self, counter: int) -> bool:
        if counter % 10 == 0:
            now = time.monotonic()
            for one in list(self.server_state.connections):
                if isinstance(one, Connection) and one.is_late(now):
                    one.transport.abort()
        return await super().on_tick(counter)

    def _failed(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        if not str(context.get("message")).startswith("socket.accept()"):
            loop.default_exception_handler(context)
        elif time.monotonic() > self._quiet_until:
            self._quiet_until = time.monotonic() + _QUIET_SECONDS
            logger.warning("No file descriptor is free for another connection; it must wait.")
