"""Servers on this machine whose end can be seen, so that nobody waits for their answers."""

from __future__ import annotations

from typing import Callable
from urllib.parse import urlsplit

from qiskit_ibm_runtime.exceptions import IBMRuntimeError

_watched: dict[str, Callable[[], str | None]] = {}


def watch(url: str, ask: Callable[[], str | None]) -> None:
    """Look at a server whenever a request to its address fails.

    Args:
        url: Its address.
        ask: Returns what became of it; ``None`` while it runs.
    """
    _watched[urlsplit(url).netloc] = ask


def why_ended(url: str) -> str | None:
    """What became of a server; ``None`` while it runs, or if its end cannot be seen."""
    ask = _watched.get(urlsplit(url).netloc)
    return ask() if ask else None


def raise_if_ended(url: str) -> None:
    """Do nothing for a server that runs, or whose end cannot be seen.

    Raises:
        IBMRuntimeError: If the server has ended.
    """
    reason = why_ended(url)
    if reason is not None:
        raise IBMRuntimeError(reason)
