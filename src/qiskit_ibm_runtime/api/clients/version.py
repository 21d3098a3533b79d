"""The version of a service."""

from __future__ import annotations

from typing import Any

from qiskit_ibm_runtime.api.rest.root import Api
from qiskit_ibm_runtime.api.session import RetrySession

from .base import BaseClient


class VersionClient(BaseClient):
    """Ask an authentication URL for its version; needs no credentials."""

    def __init__(self, url: str, **request_kwargs: Any) -> None:
        self.client_version_finder = Api(RetrySession(url, **request_kwargs))

    def version(self) -> dict[str, Any]:
        """Return the versions; ``new_api`` is false for an address that is no such service."""
        return self.client_version_finder.version()
