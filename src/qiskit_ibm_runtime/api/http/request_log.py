"""DEBUG log of requests and retries."""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from .redaction import SECRET_HEADERS, without_query

RE_BACKENDS_ENDPOINT = re.compile(r"^(.*/backends/)([^/}]{2,})(.*)$", re.IGNORECASE)
# Frequent or long requests that are of little interest.
_QUIET_ENDINGS = ("/queue/status", "/devices/v/1", "/Jobs/status", "/properties", "/defaults")
_QUIET_PARTS = ("objectstorage", "bookings")
_QUIET_STARTS = ("/users", "/version")
_LONGEST = 2000

if TYPE_CHECKING:
    import requests


def loggable(url: str) -> str | None:
    """Return a URL for the log, without the backend's name; ``None`` if it is not logged."""
    named = RE_BACKENDS_ENDPOINT.sub(r"\1...\3", url)
    path = urlsplit(named).path
    below = path[len("/api") :] if path.startswith("/api/") else path
    if path.endswith(_QUIET_ENDINGS) or any(part in named for part in _QUIET_PARTS):
        return None
    if below.startswith(_QUIET_STARTS) or below == "/Network":
        return None
    return named


def request(logger: logging.Logger, method: str, url: str, *, bare: bool) -> None:
    """Log a request, without its content."""
    if not logger.isEnabledFor(logging.DEBUG):
        return
    named = loggable(url)
    if named is not None:
        logger.debug("Endpoint: %s. Method: %s.", without_query(named) if bare else named, method)


def retry(
    logger: logging.Logger, method: str, url: str, error: requests.RequestException, pause: float
) -> None:
    """Log why a request is retried."""
    if not logger.isEnabledFor(logging.DEBUG):
        return
    address = without_query(RE_BACKENDS_ENDPOINT.sub(r"\1...\3", url))
    response = error.response
    if response is None:
        cause = without_query(f"{type(error).__name__}: {error}")
        logger.debug("Retrying %s %s in %.1f s after %s", method, address, pause, cause)
        return
    shown = {name: value for name, value in response.headers.items() if not _secret(name)}
    logger.debug(
        "Retrying %s %s in %.1f s after status %s; response: %s; headers: %s",
        method,
        address,
        pause,
        response.status_code,
        response.text[:_LONGEST],
        shown,
    )


def _secret(name: str) -> bool:
    return name.lower() in {header.lower() for header in SECRET_HEADERS}
