"""Client for the version of a service."""

from __future__ import annotations

from typing import Any

from qiskit_ibm_runtime.api.rest.root import Api
from qiskit_ibm_runtime.api.session import RetrySession

from .base import BaseClient


class VersionClient(BaseClient):
    """Client that fetches the version of an authentication service, without credentials."""

    def __init__(self, url: str, **request_kwargs: Any) -> None:
        self.client_version_finder = Api(RetrySession(url, **request_kwargs))

    def version(self) -> dict[str, Any]:
        """Return the versions; ``new_api`` is false if the URL is not an authentication service."""
        return self.client_version_finder.version()
