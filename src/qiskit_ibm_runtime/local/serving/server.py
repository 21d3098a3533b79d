"""Uvicorn server of the application: listening, TLS, start and graceful shutdown."""

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


def make_server(app: ASGIApp, certificate: tuple[Path, Path] | None = None) -> uvicorn.Server:
    """Create a server for the application.

    Args:
        app: The application.
        certificate: Files of the certificate chain and of the private key, both PEM.
    """
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
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(*certificate)
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
