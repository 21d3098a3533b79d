"""What every adapter knows: its session and its place in the path."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from qiskit_ibm_runtime.api.exceptions import ApiIBMProtocolError
from qiskit_ibm_runtime.api.redaction import redact

if TYPE_CHECKING:
    from qiskit_ibm_runtime.api.session import RetrySession


class RestAdapterBase:
    """A resource below a path."""

    URL_MAP: dict[str, str] = {}

    def __init__(self, session: RetrySession, prefix_url: str = "") -> None:
        self.session = session
        self.prefix_url = prefix_url

    def get_url(self, identifier: str) -> str:
        """Return the path of an endpoint of this resource."""
        return f"{self.prefix_url}{self.URL_MAP[identifier]}"


def segment(text: str) -> str:
    """A name or id as one segment of a path."""
    return quote(str(text), safe="")


def read_text(response: Any) -> str:
    """Read the text of a good answer, which is UTF-8 whether its headers say so or not.

    Where they do not, ``requests`` would guess, byte by byte: long for a long result, and wrong.
    """
    content: bytes = response.content
    return content.decode("utf-8", "replace")


def read_json(response: Any) -> Any:
    """Read the JSON of a good answer.

    Raises:
        ApiIBMProtocolError: If it is none, as when the sign-on page of a network answers instead
            of the service.
    """
    try:
        return response.json()
    except ValueError:
        # The error below is raised outside: the decoder's, in its context, holds the whole body.
        kind = response.headers.get("Content-Type", "no type")
    raise ApiIBMProtocolError(
        f"The answer to {response.request.method} {response.url} is no JSON but {kind}: "
        f"{redact(response.text[:200])!r}. Check the address of the service, and whether a "
        "proxy or a sign-on page answers in its place."
    )
