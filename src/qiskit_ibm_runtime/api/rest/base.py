"""What every adapter knows: its session and its place in the path."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

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
