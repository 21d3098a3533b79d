"""Uvicorn server of the application: listening, TLS, limits on connections, start and shutdown."""

from __future__ import annotations

import asyncio
import logging
import resource
import socket
import ssl
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from qiskit_ibm_runtime.local.execution.executor import ExecutorError
from qiskit_ibm_runtime.local.settings import SettingsError

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from qiskit_ibm_runtime.local.settings import Settings

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
# Without a limit, streams of unfinished jobs would keep a stopping server alive.
_SECONDS_FOR_CONNECTIONS = 2


def listen(host: str, port: int) -> socket.socket:
    """Listen on an address; port 0 selects a free port."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio disables Nagle's algorithm only for sockets with the protocol IPPROTO_TCP. With Nagle,
    # each response waits forty milliseconds for the client's acknowledgement.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener


def base_url(settings: Settings, listener: socket.socket) -> str:
    """Return the URL that clients use, without the path of an API."""
    if settings.public_url:
        return settings.public_url
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    scheme = "https" if settings.tls else "http"
    return f"{scheme}://{host}:{listener.getsockname()[1]}{settings.path_prefix}"


def make_server(app: ASGIApp, settings: Settings) -> uvicorn.Server:
    """Create a server for the application, with TLS if the settings name a certificate."""
    config = uvicorn.Config(
        _Lifespan(app),
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=_SECONDS_FOR_CONNECTIONS,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        http=Connection,
        backlog=ACCEPTED_AT_ONCE,
        # Limits received messages only; clients send nothing but close frames.
        ws_max_size=2**16,
        ws_per_message_deflate=False,
        # The default of older uvicorn releases uses a deprecated part of websockets.
        ws="websockets-sansio",
    )
    config.load()
    if settings.tls_cert is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(settings.tls_cert, settings.tls_key)
        config.ssl = context
    return Server(config)


class _Lifespan:
    """Application wrapper that records why start-up failed.

    Attributes:
        failure: Reason, once start-up has failed.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app, self.failure = app, "see its log"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            await self._app(scope, receive, send)
            return
        failed: list[Message] = []

        async def hold_failure_back(message: Message) -> None:
            if message["type"] == "lifespan.startup.failed":
                failed.append(message)
            else:
                await send(message)

        try:
            await self._app(scope, receive, hold_failure_back)
        except BaseException as error:
            for message in failed:
                text = message["message"].strip()
                self.failure = text.splitlines()[-1]
                if isinstance(error, ExecutorError):  # needs no traceback in the log
                    self.failure, text = str(error), ""
                await send({**message, "message": text})
            raise


async def start(server: uvicorn.Server, listener: socket.socket) -> asyncio.Task[None]:
    """Serve in a task of this loop; return the task once the server accepts requests.

    Raises:
        SettingsError: If the server did not start.
    """
    task = asyncio.ensure_future(_serve(server, listener))
    while not server.started:
        if task.done():
            listener.close()
            failure = getattr(server.config.app, "failure", "")
            raise SettingsError(f"The server did not start: {failure}")
        await asyncio.sleep(0.005)
    return task


async def _serve(server: uvicorn.Server, listener: socket.socket) -> None:
    # Uvicorn exits if the application does not start; here this would end the event loop.
    with suppress(SystemExit):
        await server.serve(sockets=[listener])


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
