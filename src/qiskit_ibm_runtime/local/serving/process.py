"""The server as a process: its token, its certificate, its log, its end."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import os
import secrets
import sys
import threading
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

from qiskit_ibm_runtime.local.app import create_app
from qiskit_ibm_runtime.local.settings import DEFAULT_USER, Settings, SettingsError, User

from .logs import log_as_json
from .server import base_url, listen, make_server
from .tls import self_signed

if TYPE_CHECKING:
    import socket
    from pathlib import Path

    import uvicorn

logger = logging.getLogger(__name__)


def serve(settings: Settings, *, until_eof: bool = False) -> int:
    """Serve until a signal, or the end of standard input, and return the exit code.

    Raises:
        SettingsError: If it cannot or must not be set up so.
    """
    check_exposure(settings)
    settings, made = _with_token(settings)
    certificate = _certificate(settings)
    try:
        listener = listen(settings.host, settings.port)
    except OSError as error:
        raise SettingsError(f"{settings.host}:{settings.port} is not to be had: {error}") from error
    with closing(listener):
        return _serve_on(listener, settings, made, certificate, until_eof=until_eof)


def _serve_on(
    listener: socket.socket,
    settings: Settings,
    made: str | None,
    certificate: tuple[Path, Path] | None,
    *,
    until_eof: bool,
) -> int:
    server = make_server(create_app(settings), certificate)
    log_as_json(settings.log_level)
    if until_eof:
        threading.Thread(target=_stop_at_eof, args=(server,), daemon=True).start()
    print(f"url: {base_url(settings, listener)}/api", flush=True)
    if made is not None:
        print(f"token: {made}", flush=True)
    if settings.tls_self_signed and certificate is not None:
        print(f"certificate: {certificate[0]}", flush=True)
    logger.info("serving", extra={"fields": {"host": settings.host, "tls": settings.tls}})
    try:
        asyncio.run(server.serve(sockets=[listener]))
    except KeyboardInterrupt:
        # The server has stopped in good order by now; a traceback would say otherwise.
        logger.info("interrupted")
    return 0 if server.started else 1


def check_exposure(settings: Settings) -> None:
    """Refuse to be reached from other machines without encryption and a token of one's own.

    Raises:
        SettingsError: If the settings would allow it.
    """
    if _is_loopback(settings.host):
        return
    if not settings.tls:
        raise SettingsError(
            f"Listening on {settings.host} needs TLS: give --tls-cert and --tls-key, or "
            "--tls-self-signed. Without it tokens and jobs would be readable on the network."
        )
    if not settings.users:
        raise SettingsError(f"Listening on {settings.host} needs a token of your own (--token).")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


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
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / "token"
    try:
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError:
        return path.read_text(encoding="ascii").strip()
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(fresh)
    return fresh


def _certificate(settings: Settings) -> tuple[Path, Path] | None:
    if settings.tls_cert is not None and settings.tls_key is not None:
        return settings.tls_cert, settings.tls_key
    if settings.tls_self_signed:
        return self_signed(settings.data, [settings.host, *settings.allowed_hosts])
    return None


def _stop_at_eof(server: uvicorn.Server) -> None:
    sys.stdin.read()
    server.should_exit = True
