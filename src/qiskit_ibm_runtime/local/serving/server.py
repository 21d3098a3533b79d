"""Between the application and its socket: listening, TLS, and an end that loses nothing."""

from __future__ import annotations

import asyncio
import socket
import ssl
from contextlib import suppress
from typing import TYPE_CHECKING

import uvicorn

from qiskit_ibm_runtime.local.execution.executor import ExecutorError
from qiskit_ibm_runtime.local.settings import SettingsError

from .connections import ACCEPTED_AT_ONCE, BACKLOG, KEEP_ALIVE_SECONDS, Connection, Server

if TYPE_CHECKING:
    from pathlib import Path

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from qiskit_ibm_runtime.local.settings import Settings

# Streams of unfinished jobs would keep a server that was asked to stop alive for ever.
_SECONDS_FOR_CONNECTIONS = 2


def listen(host: str, port: int) -> socket.socket:
    """Take an address; port 0 takes a free one."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Named as TCP, for asyncio turns off Nagle's algorithm only where it sees that name; with it,
    # every answer waits forty milliseconds for the client's acknowledgement.
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
    """The address that clients use, without the path of any face."""
    if settings.public_url:
        return settings.public_url
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    scheme = "https" if settings.tls else "http"
    return f"{scheme}://{host}:{listener.getsockname()[1]}{settings.path_prefix}"


def make_server(app: ASGIApp, certificate: tuple[Path, Path] | None = None) -> uvicorn.Server:
    """A server for the application; ``certificate`` is the file of the chain and of the key."""
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
        # Interim results and results have no limit; clients send nothing but closing frames.
        ws_max_size=2**16,
        ws_per_message_deflate=False,
        # The default of older uvicorns uses a part of websockets that is at its end, and warns.
        ws="websockets-sansio",
    )
    config.load()
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(*certificate)
        config.ssl = context
    return Server(config)


class _Lifespan:
    """The application, and why it did not start if it did not."""

    def __init__(self, app: ASGIApp) -> None:
        self._app, self.failure = app, "its log says why"

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
                if isinstance(error, ExecutorError):  # one sentence; the log needs no traceback
                    self.failure, text = str(error), ""
                await send({**message, "message": text})
            raise


async def start(server: uvicorn.Server, listener: socket.socket) -> asyncio.Task[None]:
    """Serve in a task of this loop, and return it once the server takes requests.

    Raises:
        SettingsError: If the server ended instead.
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
    # What uvicorn does when the application does not start; here it would end the whole loop.
    with suppress(SystemExit):
        await server.serve(sockets=[listener])
