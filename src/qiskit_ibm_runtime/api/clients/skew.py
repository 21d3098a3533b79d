"""Clients and servers of different releases: what may go wrong, told once."""

from __future__ import annotations

import re
import warnings
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from qiskit_ibm_runtime.utils.deprecation import caller_stacklevel

if TYPE_CHECKING:
    from collections.abc import Mapping

PACKAGE, TERRA = "qiskit-ibm-runtime", "qiskit-terra"

_told: set[str] = set()


def installed() -> dict[str, str]:
    """Return the releases of this side: of this package and of terra."""
    found = {}
    for name in (PACKAGE, TERRA):
        try:
            found[name] = version(name)
        except PackageNotFoundError:  # imported from a folder that is not installed
            continue
    return found


def warn_of_skew(url: str, server: Mapping[str, Any]) -> None:
    """Warn once if a server says that it is of another release than this client.

    Args:
        url: Address of the server.
        server: What it says about itself; services other than the embedded runtime tell nothing.
    """
    message = skew(url, server, installed())
    if message is not None and message not in _told:
        _told.add(message)
        warnings.warn(message, stacklevel=caller_stacklevel())


def skew(url: str, server: Mapping[str, Any], ours: Mapping[str, str]) -> str | None:
    """Return what is wrong with two releases that meet, and what to do; ``None`` if nothing is.

    A newer terra at the server reads what an older client sends; not the other way round.

    Args:
        url: Address of the server.
        server: Its releases by package.
        ours: Those of this client.
    """
    theirs = {name: str(server[name]) for name in (PACKAGE, TERRA) if server.get(name)}
    here, there = _numbers(ours.get(PACKAGE)), _numbers(theirs.get(PACKAGE))
    if here and there and here != there:
        older, update = (
            ("the server", "Update it, and start it again")
            if there < here
            else ("this client", "Update it with the wheel or checkout that the server runs")
        )
        return (
            f"The server at {url} runs {PACKAGE} {theirs[PACKAGE]}, and this client is "
            f"{ours[PACKAGE]}: {older} is older, and may lack what the other side uses. {update}."
        )
    here, there = _numbers(ours.get(TERRA))[:2], _numbers(theirs.get(TERRA))[:2]
    if here and there and there < here:
        return (
            f"The server at {url} runs {TERRA} {theirs[TERRA]}, older than {ours[TERRA]} here: it "
            "may not be able to read circuits that are sent. Start it with the Qiskit of this "
            "client."
        )
    return None


def _numbers(release: str | None) -> tuple[int, ...]:
    """Return the numbers of a release, local ones such as ``+embedded.2`` included."""
    return tuple(map(int, re.findall(r"\d+", release or "")))
