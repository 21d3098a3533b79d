"""Server process: token, certificate, logging and shutdown."""

from __future__ import annotations

import asyncio
import json
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
from qiskit_ibm_runtime.local.daemon import withdraw
from qiskit_ibm_runtime.local.page.access import Access
from qiskit_ibm_runtime.local.page.handlers import ROOT, is_possible
from qiskit_ibm_runtime.local.server_process import Announcement
from qiskit_ibm_runtime.local.settings import DEFAULT_USER, Settings, SettingsError, User
from qiskit_ibm_runtime.local.timestamps import of_seconds

from .server import base_url, listen, make_server, start

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable
    from pathlib import Path

    import uvicorn

logger = logging.getLogger(__name__)
_POLL_MILLISECONDS = 500
_SECONDS_TO_STOP = 10


def serve(settings: Settings, *, until_eof: bool = False, announce: int | None = None) -> int:
    """Serve until a signal, and return the exit code.

    Args:
        settings: Settings of the server.
        until_eof: Whether to stop when the parent process ends or closes standard input.
        announce: File descriptor to write the announcement to, as a line of JSON, instead of
            standard output. It stays open as long as the server runs.

    Raises:
        SettingsError: If the settings are unsafe or cannot be used.
    """
    parent = os.getppid()
    if announce is not None:
        os.set_inheritable(announce, False)
    check_exposure(settings)
    settings, made = _with_token(settings)
    try:
        listener = listen(settings.host, settings.port)
    except OSError as error:
        raise SettingsError(
            f"Cannot listen on {settings.host}:{settings.port}: {error}. Choose another address or "
            "port."
        ) from error

    def announce_url() -> None:
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
        server = make_server(create_app(settings, access=access), settings)
        log_as_json(settings.log_level)
        if until_eof:
            patience = settings.grace_seconds + _SECONDS_TO_STOP
            threading.Thread(
                target=_stop_with_parent, args=(server, parent, patience), daemon=True
            ).start()
        _stop_by_signals(server)
        try:
            asyncio.run(_serve_on(listener, server, announce_url))
        except KeyboardInterrupt:
            # The server has shut down gracefully; a traceback would suggest otherwise.
            logger.info("interrupted")
    if announce is not None:
        withdraw(announce)
    return 0 if server.started else 1


async def _serve_on(
    listener: socket.socket, server: uvicorn.Server, announce_url: Callable[[], None]
) -> None:
    serving = await start(server, listener)
    announce_url()
    logger.info("serving", extra={"fields": {"host": listener.getsockname()[0]}})
    await serving


def check_exposure(settings: Settings) -> None:
    """Reject settings that expose the server to other machines without TLS or an explicit token.

    Raises:
        SettingsError: If the settings are unsafe.
    """
    if settings.is_on_loopback:
        return
    if not settings.tls:
        raise SettingsError(
            f"Listening on {settings.host} requires TLS: set --tls-cert and --tls-key. "
            "Without TLS, tokens and jobs would be readable on the network."
        )
    if not settings.users:
        raise SettingsError(f"Listening on {settings.host} requires your own token (--token).")


def _with_token(settings: Settings) -> tuple[Settings, str | None]:
    """Return settings with at least one user, and the token if one was generated."""
    if settings.users:
        return settings, None
    token = secrets.token_urlsafe(32)
    if settings.data is not None:
        token = _read_or_create_token(settings.data, token)
    return replace(settings, users=(User(DEFAULT_USER, token),)), token


def _read_or_create_token(folder: Path, fresh: str) -> str:
    """Return the token of a data folder, writing ``fresh`` if there is none; mode 0600."""
    path = folder / "token"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if path.exists() and (kept := path.read_text(encoding="ascii").strip()):
            return kept
        # Write atomically, because a truncated token would be easy to guess.
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
        raise SettingsError(f"Cannot read or create the token file {path}: {error}") from error
    return fresh


def _stop_with_parent(server: uvicorn.Server, parent: int, patience: float) -> None:
    """Stop when the parent has ended; exit hard if this takes longer than ``patience`` seconds.

    Neither sign is sufficient: forked children of the parent keep standard input open after its
    end, and a parent that replaces itself by exec stays alive.
    """
    poll = select.poll()
    poll.register(sys.stdin.fileno(), select.POLLIN)
    while os.getppid() == parent and not poll.poll(_POLL_MILLISECONDS):
        pass
    server.should_exit = True
    time.sleep(patience)
    os._exit(1)


def _stop_by_signals(server: uvicorn.Server) -> None:
    """Shut down gracefully on SIGTERM, and on SIGHUP unless it is ignored (nohup).

    While uvicorn serves, it handles SIGTERM itself, and raises it again afterwards.
    """

    def stop(*_: object) -> None:
        server.should_exit = True

    signal.signal(signal.SIGTERM, stop)
    if signal.getsignal(signal.SIGHUP) is signal.SIG_DFL:
        signal.signal(signal.SIGHUP, stop)


class JSONFormatter(logging.Formatter):
    """Format records as JSON with time, level, logger, event, and the fields of the record."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "time": of_seconds(record.created),
            "level": record.levelname,
            "logger": record.name,
            "event": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line)


def log_as_json(level: str) -> None:
    """Log the records of this server and of uvicorn to standard error."""
    handler = logging.StreamHandler()
    handler.setFormatter(JSONFormatter())
    for name in ("qiskit_ibm_runtime.local", "uvicorn"):
        log = logging.getLogger(name)
        log.handlers = [handler]
        log.propagate = False
        log.setLevel(level.upper())
