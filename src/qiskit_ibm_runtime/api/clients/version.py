"""Version of a service, and warnings if it differs from that of this client."""

from __future__ import annotations

import re
import warnings
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from qiskit_ibm_runtime.api.rest.root import Api
from qiskit_ibm_runtime.api.session import RetrySession
from qiskit_ibm_runtime.utils.deprecation import caller_stacklevel

from .base import BaseClient

if TYPE_CHECKING:
    from collections.abc import Mapping

PACKAGE, TERRA = "qiskit-ibm-runtime", "qiskit-terra"

_warned: set[str] = set()


class VersionClient(BaseClient):
    """Client that fetches the version of an authentication service, without credentials."""

    def __init__(self, url: str, **request_kwargs: Any) -> None:
        self.client_version_finder = Api(RetrySession(url, **request_kwargs))

    def version(self) -> dict[str, Any]:
        """Return the versions; ``new_api`` is false if the URL is not an authentication service."""
        return self.client_version_finder.version()


def installed() -> dict[str, str]:
    """Return the installed versions of this package and of terra."""
    found = {}
    for name in (PACKAGE, TERRA):
        try:
            found[name] = version(name)
        except PackageNotFoundError:  # imported from a folder that is not installed
            continue
    return found


def warn_of_skew(url: str, server: Mapping[str, Any]) -> None:
    """Warn once if a server reports another version than that of this client.

    Args:
        url: URL of the server.
        server: Versions that the server reports; only the embedded runtime reports any.
    """
    message = skew(url, server, installed())
    if message is not None and message not in _warned:
        _warned.add(message)
        warnings.warn(message, stacklevel=caller_stacklevel())


def skew(url: str, server: Mapping[str, Any], ours: Mapping[str, str]) -> str | None:
    """Return a warning about incompatible versions; ``None`` if they are compatible.

    A server with a newer terra can read data of an older client, but not vice versa.

    Args:
        url: URL of the server.
        server: Versions of the server by package.
        ours: Versions of this client by package.
    """
    theirs = {name: str(server[name]) for name in (PACKAGE, TERRA) if server.get(name)}
    here, there = _numbers(ours.get(PACKAGE)), _numbers(theirs.get(PACKAGE))
    if here and there and here != there:
        older, update = (
            ("the server", "Update and restart it")
            if there < here
            else ("this client", "Update it with the wheel or checkout that the server runs")
        )
        return (
            f"The server at {url} runs {PACKAGE} {theirs[PACKAGE]}, and this client is "
            f"{ours[PACKAGE]}: {older} is older, and may lack features that the other side uses. "
            f"{update}."
        )
    here, there = _numbers(ours.get(TERRA))[:2], _numbers(theirs.get(TERRA))[:2]
    if here and there and there < here:
        return (
            f"The server at {url} runs {TERRA} {theirs[TERRA]}, older than {ours[TERRA]} here: it "
            "may not be able to read the client's circuits. Start it with the Qiskit version of "
            "this client."
        )
    return None


def _numbers(release: str | None) -> tuple[int, ...]:
    """Return the numbers of a version, including those of a suffix such as ``+embedded.2``."""
    return tuple(map(int, re.findall(r"\d+", release or "")))
