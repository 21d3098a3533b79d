"""Fetching a result that the service keeps elsewhere."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

import requests
from urllib3.exceptions import HTTPError

from qiskit_ibm_runtime.exceptions import IBMRuntimeError

from .deadline import Deadline
from .exceptions import RequestsApiError
from .redaction import foreign, ours
from .session import RetrySession, check_whole

if TYPE_CHECKING:
    from .client_parameters import ClientParameters

MOST_REDIRECTS = 3
MOST_INTERRUPTIONS = 3
# Seconds that one download may take, beside those that its bytes need.
PATIENCE = 300.0
_PIECE = 256 * 1024


def download(source: ClientParameters | RetrySession, url: str, limit: int) -> bytes:
    """Fetch a foreign address as every request is made, but without any credentials.

    Proxies, verification, timeouts and retries are those of the service; neither tokens nor the
    client header are sent. A broken transfer is begun anew.

    Args:
        source: Session, or parameters, of the service that named the address.
        url: The address; https, or anything on this machine if the service itself runs there.
        limit: Bytes to accept at most, after decompression.

    Returns:
        The content.

    Raises:
        IBMRuntimeError: If the address is refused, or the content is too long.
        RequestsApiError: If it cannot be fetched.

    .. code-block:: python

        from qiskit_ibm_runtime.api.download import download

        def text_behind(session, link):
            return download(session, link, limit=10**8).decode()
    """
    if isinstance(source, RetrySession):
        return _download(source, url, limit)
    base_url = source.get_runtime_api_base_url()
    with RetrySession(base_url, **source.session_parameters()) as session:
        return _download(session, url, limit)


def _download(session: RetrySession, url: str, limit: int) -> bytes:
    interruptions = 0
    deadline = Deadline(PATIENCE, session.clock)
    while True:
        try:
            return _once(session, url, limit)
        except (requests.RequestException, HTTPError, OSError) as exc:
            interruptions += 1
            # An error of requests or urllib3 would name the full, signed address.
            reason = type(exc).__name__
        if interruptions > MOST_INTERRUPTIONS or deadline.left() <= 0:
            raise RequestsApiError(
                f"The result at {_place(url)} could not be fetched: the transfer broke "
                f"{interruptions} times, at last with {reason}. Try again later."
            )


def _once(session: RetrySession, url: str, limit: int) -> bytes:
    for _ in range(MOST_REDIRECTS + 1):
        check_address(url, session.base_url)
        response = session.request("GET", url, bare=True, stream=True, allow_redirects=False)
        with response:
            target = response.headers.get("Location")
            if not (response.is_redirect and target):
                return _content(response, limit)
        url = urljoin(url, target)
    raise IBMRuntimeError(f"The result at {_place(url)} leads on and on to other addresses.")


def _content(response: Any, limit: int) -> bytes:
    announced = response.headers.get("Content-Length", "")
    if announced.isdigit() and int(announced) > limit:
        raise _too_long(response.url, limit)
    content = bytearray()
    marks = ours.set(True), foreign.set(True)
    try:
        for piece in response.iter_content(_PIECE):
            content += piece
            if len(content) > limit:
                raise _too_long(response.url, limit)
    finally:
        ours.reset(marks[0])
        foreign.reset(marks[1])
    check_whole(response)
    return bytes(content)


def check_address(url: str, base_url: str) -> None:
    """Refuse addresses that a program must not make its readers ask.

    Raises:
        IBMRuntimeError: If the address is neither https, nor on this machine while the service is.
    """
    try:
        parts = urlsplit(url)
        host = parts.hostname
        named = bool(host) and not parts.username
    except ValueError:
        host, named = None, False
    if named and parts.scheme == "https":
        return
    near = on_this_machine(host) and on_this_machine(urlsplit(base_url).hostname)
    if named and near and parts.scheme == "http":
        return
    raise IBMRuntimeError(
        f"The result is said to be at {_place(url)}, which is not fetched: only https addresses "
        "are, without a user name in them."
    )


def on_this_machine(host: str | None) -> bool:
    """Whether a host is a loopback address."""
    if not host:
        return False
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _place(url: str) -> str:
    try:
        parts = urlsplit(url)
        return f"{parts.scheme}://{parts.hostname}{parts.path}"[:200]
    except ValueError:
        return "an address that cannot be read"


def _too_long(url: str, limit: int) -> IBMRuntimeError:
    return IBMRuntimeError(
        f"The result at {_place(url)} is longer than {limit} bytes and was not fetched."
    )
