"""Policy for redirects, and removal of secrets from redirected requests."""

from __future__ import annotations

from typing import Any
from urllib.parse import urljoin, urlsplit

import requests

from .redaction import SECRET_HEADERS

_PORTS = {"http": 80, "https": 443}
# These keep method and body; the older codes turn a POST into a GET, a different request.
_KEEP_METHOD = frozenset({307, 308})
_NOT_ABROAD = frozenset({*SECRET_HEADERS, "X-Qx-Client-Application", "Idempotency-Key"})


class RedirectRefused(requests.RequestException):
    """A redirect leads to an address that must not receive the request."""


def origin(url: str) -> tuple[str, str, int | None]:
    """Return scheme, host and port of a URL."""
    parts = urlsplit(url)
    scheme = parts.scheme.lower()
    try:
        port = parts.port or _PORTS.get(scheme)
    except ValueError:  # not a number; requests refuses the address later
        port = None
    return scheme, (parts.hostname or "").lower(), port


def check_redirect(response: Any, location: str) -> None:
    """Refuse to redirect a request with side effects to another address.

    The bodies of such requests hold API tokens, programs and circuits.

    Raises:
        RedirectRefused: If the request has side effects, and the redirect changes its origin or
            its method.
    """
    request = response.request
    if request.method in ("GET", "HEAD", "OPTIONS"):
        return
    target = urljoin(response.url, location)
    if origin(target) == origin(response.url) and response.status_code in _KEEP_METHOD:
        return
    scheme, host, port = origin(target)
    response.close()  # otherwise, its connection would leak
    raise RedirectRefused(
        f"The service redirected {request.method} {response.url} to {scheme}://{host}:{port}. For "
        "security, the redirect was not followed. If that is the URL of the service, pass it as "
        "`url`.",
        request=request,
        response=None,
    )


def drop_secrets(request: Any, old_url: str) -> None:
    """Remove all secrets from a request that is redirected to another origin."""
    if origin(old_url) != origin(request.url):
        for name in _NOT_ABROAD:
            request.headers.pop(name, None)
