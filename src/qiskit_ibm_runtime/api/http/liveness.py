"""Detection that a local server has ended, so that requests to it fail immediately."""

from __future__ import annotations

from typing import Callable
from urllib.parse import urlsplit

from qiskit_ibm_runtime.exceptions import IBMRuntimeError

_watched: dict[str, Callable[[], str | None]] = {}


def watch(url: str, ask: Callable[[], str | None]) -> None:
    """Register a server, so that failed requests to it check whether it has ended.

    Args:
        url: URL of the server.
        ask: Function that returns why the server ended; ``None`` while it runs.
    """
    _watched[urlsplit(url).netloc] = ask


def why_ended(url: str) -> str | None:
    """Return why a server ended; ``None`` while it runs, or if it is not registered."""
    ask = _watched.get(urlsplit(url).netloc)
    return ask() if ask else None


def note_alive(url: str) -> None:
    """Forget a server that has ended: another one answers at its address."""
    if why_ended(url) is not None:
        _watched.pop(urlsplit(url).netloc, None)  # another thread may have done so


def raise_if_ended(url: str) -> None:
    """Raise if a server is known to have ended.

    Raises:
        IBMRuntimeError: If the server has ended.
    """
    reason = why_ended(url)
    if reason is not None:
        raise IBMRuntimeError(reason)
