"""Download of results that are stored on another host."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from qiskit_ibm_runtime.api.exceptions import RequestsApiError
from qiskit_ibm_runtime.exceptions import IBMRuntimeError
from qiskit_ibm_runtime.utils.addresses import is_loopback

if TYPE_CHECKING:
    from qiskit_ibm_runtime.api.session import RetrySession


logger = logging.getLogger(__name__)

MOST_REDIRECTS = 3
# A link is short; longer results are not checked, so that a large result is parsed only once.
LONGEST_LINK = 16_384
# Maximum size of a download in bytes.
LONGEST_RESULT = 2**30


def link_in(text: str) -> str | None:
    """Return the URL of a result that is stored on another host, or ``None``.

    A link is a JSON object whose only entry is a string ``url``. Other results that contain URLs
    are not links.
    """
    if len(text) > LONGEST_LINK or '"url"' not in text:
        return None
    try:
        data = json.loads(text)
    except ValueError:
        return None
    if isinstance(data, dict) and set(data) == {"url"} and isinstance(data["url"], str):
        return data["url"]
    return None


def follow_link(session: RetrySession, text: str) -> str:
    """Download a result if the string is a link; return other strings and unsafe links unchanged.

    Args:
        session: Session of the service that sent the string.
        text: The string.

    Raises:
        RequestsApiError: If the download fails.
        IBMRuntimeError: If a redirect leads to an unsafe URL.
    """
    link = link_in(text)
    if link is None:
        return text
    if not is_safe(link, session.base_url):
        logger.warning("Not following an unsafe link to a result: %s", _shown_url(link))
        return text
    return download(session, link, LONGEST_RESULT).decode("utf-8")


def is_safe(url: str, base_url: str) -> bool:
    """Return whether a URL from a service is safe to fetch.

    Safe URLs use https and contain no user name. If the service runs on this machine, so may the
    host of the URL, and http is allowed.

    Args:
        url: The URL.
        base_url: URL of the service.
    """
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return False
    near = is_loopback(host) and is_loopback(urlsplit(base_url).hostname)
    schemes = ("https", "http") if near else ("https",)
    return bool(host) and not parts.username and parts.scheme in schemes


def download(session: RetrySession, url: str, limit: int) -> bytes:
    """Download from another host with the usual retries, but without credentials.

    Proxies, verification, timeouts and retries are those of the service; neither tokens nor the
    client header are sent. An interrupted transfer restarts from the beginning.

    Args:
        session: Session of the service that returned the URL.
        url: The URL; see :func:`is_safe`.
        limit: Maximum number of bytes, after decompression.

    Returns:
        The content.

    Raises:
        IBMRuntimeError: If the URL is not safe.
        RequestsApiError: If the request fails, or the content is too large.

    .. code-block:: python

        from qiskit_ibm_runtime.api.http.download import download

        def text_behind(session, link):
            return download(session, link, limit=10**8).decode()
    """
    for _ in range(MOST_REDIRECTS + 1):
        if not is_safe(url, session.base_url):
            raise IBMRuntimeError(
                f"The service returned the unsafe URL {_shown_url(url)} for the result, which was "
                "not fetched. Only https URLs without a user name are allowed."
            )
        try:
            response = session.request("GET", url, bare=True, allow_redirects=False, limit=limit)
        except RequestsApiError as exc:
            # The error of a bare request contains the URL without its signed query.
            raise RequestsApiError(
                f"The result at {_shown_url(url)} could not be fetched. {exc.message}",
                exc.status_code,
                failure=exc.failure,
            ) from exc.__cause__
        target = response.headers.get("Location")
        if not (response.is_redirect and target):
            return response.content
        url = urljoin(url, target)
    raise IBMRuntimeError(
        f"Too many redirects while downloading the result from {_shown_url(url)}."
    )


def _shown_url(url: str) -> str:
    try:
        parts = urlsplit(url)
        return f"{parts.scheme}://{parts.hostname}{parts.path}"[:200]
    except ValueError:
        return "(invalid URL)"
