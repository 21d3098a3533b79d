"""What one connection may take: time for its requests, bytes, and a place among the others."""

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

# A request may pause for so long, and take so long and a second more for each so many bytes.
_REQUEST_SECONDS = 20.0
_SLOWEST = 500
# Clients keep connections for their next request; one that is closed meanwhile costs them a retry.
KEEP_ALIVE_SECONDS = 75
# The rest of a body that was refused is read, so that its sender hears why, but not without end.
_LARGEST_DISCARDED = 256 * 2**20
# asyncio accepts so many connections at a time, and fails as often without a free descriptor.
ACCEPTED_AT_ONCE = 16
BACKLOG = 512
_QUIET_SECONDS = 60.0


def most_connections() -> int:
    """How many connections may be open; the other descriptors are for workers and files."""
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return 2**20 if limit == resource.RLIM_INFINITY else max(8, limit - max(48, limit // 4))


class Connection(H11Protocol):
    """A connection that is closed when its client is late, or sends what nobody reads."""

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
        """Whether the next thing to come is (the rest of) a request."""
        return self.conn.their_state in (h11.IDLE, h11.SEND_BODY)

    def is_late(self, now: float) -> bool:
        """Whether the client let the time for a request pass."""
        if not self.owes_a_request:
            return False
        if self.flow.read_paused:  # It is the application that does not read.
            self._began = self.heard = now
        if not self._received and self.cycle is not None:
            return now - self.heard > KEEP_ALIVE_SECONDS
        longest = _REQUEST_SECONDS + self._received / _SLOWEST
        return now - self.heard > _REQUEST_SECONDS or now - self._began > longest

    def _make_room(self) -> None:
        """Close the connections that have said nothing for the longest time, of those that owe."""
        there = [one for one in self.connections if not one.transport.is_closing()]
        owing = [one for one in there if isinstance(one, Connection) and one.owes_a_request]
        owing.sort(key=lambda one: one.heard)
        for one in owing[: max(0, len(there) - most_connections())]:
            one.transport.abort()


class Server(uvicorn.Server):
    """Closes connections that are late, and bears a lack of descriptors."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        for listener in sockets or ():
            listener.listen(BACKLOG)  # uvicorn takes one number for both
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
            logger.warning("No descriptor is free for another connection; it has to wait.")
