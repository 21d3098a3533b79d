"""The server as a process: its token, its certificate, its log, its end."""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import select
import signal
import sys
import threading
import time
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

from qiskit_ibm_runtime.local.app import create_app
from qiskit_ibm_runtime.local.kept import withdraw
from qiskit_ibm_runtime.local.page.access import Access
from qiskit_ibm_runtime.local.page.handlers import ROOT, is_possible
from qiskit_ibm_runtime.local.server_process import Announcement
from qiskit_ibm_runtime.local.settings import DEFAULT_USER, Settings, SettingsError, User

from .logs import log_as_json
from .server import base_url, listen, make_server, start

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable
    from pathlib import Path

    import uvicorn

logger = logging.getLogger(__name__)
_MILLISECONDS_BETWEEN_LOOKS = 500
_SECONDS_TO_STOP = 10


def serve(settings: Settings, *, until_eof: bool = False, announce: int | None = None) -> int:
    """Serve until a signal, and return the exit code.

    Args:
        settings: How the server is set up.
        until_eof: Whether to serve no longer than the parent process lives and holds standard input
            open.
        announce: File descriptor that gets the announcement, as a line of JSON, instead of standard
            output. It stays open as long as the server lives.

    Raises:
        SettingsError: If it cannot or must not be set up so.
    """
    parent = os.getppid()
    if announce is not None:
        os.set_inheritable(announce, False)
    check_exposure(settings)
    settings, made = _with_token(settings)
    certificate = _certificate(settings)
    try:
        listener = listen(settings.host, settings.port)
    except OSError as error:
        raise SettingsError(f"{settings.host}:{settings.port} is not to be had: {error}") from error

    def tell() -> None:
        url = f"{base_url(settings, listener)}/api"
        if announce is not None:
            data = None if settings.data is None else str(settings.data)
            Announcement(url, settings.users[0].token, os.getpid(), data).write(announce)
            return
        print(f"url: {url}", flush=True)
        if made is not None:
            print(f"token: {made}", flush=True)
        if settings.shows_page and is_possible():
            code = access.code_for(settings.users[0].name)
            print(f"page: {base_url(settings, listener)}{ROOT}?code={code}", flush=True)

    access = Access()
    with closing(listener):
        server = make_server(create_app(settings, access=access), certificate)
        log_as_json(settings.log_level)
        if until_eof:
            patience = settings.grace_seconds + _SECONDS_TO_STOP
            threading.Thread(
                target=_stop_as_orphan, args=(server, parent, patience), daemon=True
            ).start()
        _stop_by_signals(server)
        try:
            asyncio.run(_serve_on(listener, server, tell))
        except KeyboardInterrupt:
            # The server has stopped in good order by now; a traceback would say otherwise.
            logger.info("interrupted")
    if announce is not None:
        withdraw(announce)
    return 0 if server.started else 1


async def _serve_on(
    listener: socket.socket, server: uvicorn.Server, tell: Callable[[], None]
) -> None:
    serving = await start(server, listener)
    tell()
    logger.info("serving", extra={"fields": {"host": listener.getsockname()[0]}})
    await serving


def check_exposure(settings: Settings) -> None:
    """Refuse to be reached from other machines without encryption and a token of one's own.

    Raises:
        SettingsError: If the settings would allow it.
    """
    if settings.is_on_loopback:
        return
    if not settings.tls:
        raise SettingsError(
            f"Listening on {settings.host} needs TLS: give --tls-cert and --tls-key. "
            "Without it tokens and jobs would be readable on the network."
        )
    if not settings.users:
        raise SettingsError(f"Listening on {settings.host} needs a token of your own (--token).")


def _with_token(settings: Settings) -> tuple[Settings, str | None]:
    """Settings with a user, and the token if it was made here rather than given."""
    if settings.users:
        return settings, None
    token = secrets.token_urlsafe(32)
    if settings.data is not None:
        token = _kept_token(settings.data, token)
    return replace(settings, users=(User(DEFAULT_USER, token),)), token


def _kept_token(folder: Path, fresh: str) -> str:
    """The token of a data folder; the same at every start, readable by its owner only."""
    path = folder / "token"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if path.exists() and (kept := path.read_text(encoding="ascii").strip()):
            return kept
        # Whole or not at all: anyone who knows half a token is soon in.
        part = folder / f"token.{secrets.token_hex(8)}"
        try:
            with os.fdopen(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
                file.write(fresh)
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    except (OSError, ValueError) as error:
        raise SettingsError(f"The token in {path} can be neither read nor made: {error}") from error
    return fresh


def _certificate(settings: Settings) -> tuple[Path, Path] | None:
    if settings.tls_cert is not None and settings.tls_key is not None:
        return settings.tls_cert, settings.tls_key
    return None


def _stop_as_orphan(server: uvicorn.Server, parent: int, patience: float) -> None:
    """Stop when the parent is gone; at once if it does not work within some seconds.

    Each of the two signs fails sometimes: forked children of the parent hold standard input open
    after its end, and a parent that becomes another program by exec lives on.
    """
    poll = select.poll()
    poll.register(sys.stdin.fileno(), select.POLLIN)
    while os.getppid() == parent and not poll.poll(_MILLISECONDS_BETWEEN_LOOKS):
        pass
    server.should_exit = True
    time.sleep(patience)
    os._exit(1)


def _stop_by_signals(server: uvicorn.Server) -> None:
    """Stop in good order also when the terminal is closed, unless told (by nohup) to stay.

    While uvicorn serves, it handles SIGTERM itself, and afterwards raises it again.
    """

    def stop(*_: object) -> None:
        server.should_exit = True

    signal.signal(signal.SIGTERM, stop)
    if signal.getsignal(signal.SIGHUP) is signal.SIG_DFL:
        signal.signal(signal.SIGHUP, stop)
