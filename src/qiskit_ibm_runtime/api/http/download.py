"""Download results that are stored at another address."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from qiskit_ibm_runtime.api.exceptions import RequestsApiError
from qiskit_ibm_runtime.api.session import RetrySession
from qiskit_ibm_runtime.exceptions import IBMRuntimeError
from qiskit_ibm_runtime.utils.addresses import is_loopback

if TYPE_CHECKING:
    from qiskit_ibm_runtime.api.client_parameters import ClientParameters


logger = logging.getLogger(__name__)

MOST_REDIRECTS = 3
# Such a text holds nothing but an address; longer ones are not even looked at, so a large result
# is parsed once.
LONGEST_LINK = 16_384
# What is downloaded from elsewhere, in bytes.
LONGEST_RESULT = 2**30


def link_in(text: str) -> str | None:
    """Return the address of a result that is stored elsewhere.

    Only a JSON object whose single entry is a text ``url`` counts; a result that mentions
    addresses is a result.
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
    """Return the result that a text is the address of; any other text, and unsafe links, as is.

    Args:
        session: Session of the service that sent the text.
        text: The text.

    Raises:
        RequestsApiError: If the result cannot be fetched.
        IBMRuntimeError: If a redirect leads to an address that is not fetched.
    """
    link = link_in(text)
    if link is None:
        return text
    if not is_safe(link, session.base_url):
        logger.warning("Not following an unsafe link in place of a result: %s", _place(link))
        return text
    return download(session, link, LONGEST_RESULT).decode("utf-8")


def is_safe(url: str, base_url: str) -> bool:
    """Whether a result may make its readers fetch an address.

    Args:
        url: The address; https without a user name, or on this machine if the service is, too.
        base_url: Address of the service.
    """
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return False
    near = is_loopback(host) and is_loopback(urlsplit(base_url).hostname)
    schemes = ("https", "http") if near else ("https",)
    return bool(host) and not parts.username and parts.scheme in schemes


def download(source: ClientParameters | RetrySession, url: str, limit: int) -> bytes:
    """Download from another host with the usual retries, but without credentials.

    Proxies, verification, timeouts and retries are those of the service; neither tokens nor the
    client header are sent. A broken transfer starts over.

    Args:
        source: Session, or parameters, of the service that named the address.
        url: The address; https, or anything on this machine if the service itself runs there.
        limit: Bytes to accept at most, after decompression.

    Returns:
        The content.

    Raises:
        IBMRuntimeError: If the address is refused.
        RequestsApiError: If it cannot be fetched, or is too large.

    .. code-block:: python

        from qiskit_ibm_runtime.api.http.download import download

        def text_behind(session, link):
            return download(session, link, limit=10**8).decode()
    """
    if isinstance(source, RetrySession):
        return _download(source, url, limit)
    base_url = source.get_runtime_api_base_url()
    with RetrySession(base_url, **source.session_parameters()) as session:
        return _download(session, url, limit)


def _download(session: RetrySession, url: str, limit: int) -> bytes:
    for _ in range(MOST_REDIRECTS + 1):
        if not is_safe(url, session.base_url):
            raise IBMRuntimeError(
                f"The service says that the result is at {_place(url)}, which is not fetched: only "
                "https addresses without a user name are."
            )
        try:
            response = session.request("GET", url, bare=True, allow_redirects=False, limit=limit)
        except RequestsApiError as exc:
            # The error of a bare request names the address without its signed query.
            raise RequestsApiError(
                f"The result at {_place(url)} could not be fetched. {exc.message}",
                exc.status_code,
                failure=exc.failure,
            ) from exc.__cause__
        target = response.headers.get("Location")
        if not (response.is_redirect and target):
            return response.content
        url = urljoin(url, target)
    raise IBMRuntimeError(f"Too many redirects while downloading the result from {_place(url)}.")


def _place(url: str) -> str:
    try:
        parts = urlsplit(url)
        return f"{parts.scheme}://{parts.hostname}{parts.path}"[:200]
    except ValueError:
        return "an address that cannot be read"
