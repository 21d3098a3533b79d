"""Routes of the platform protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .account import ACCOUNT
from .backends import BACKENDS
from .downloads import DOWNLOADS
from .jobs import JOBS
from .sessions import SESSIONS
from .usage import USAGE

if TYPE_CHECKING:
    from qiskit_ibm_runtime.local.endpoints.endpoint import Endpoint

ROOT = "/api/v1"
"""Base path of the API."""


def by_path() -> dict[str, dict[str, Endpoint]]:
    """Return every endpoint by full path and method."""
    table: dict[str, dict[str, Endpoint]] = {}
    for endpoint in (*ACCOUNT, *DOWNLOADS):
        table.setdefault(endpoint.path, {})[endpoint.method] = endpoint
    for endpoint in (*BACKENDS, *JOBS, *SESSIONS, *USAGE):
        table.setdefault(ROOT + endpoint.path, {})[endpoint.method] = endpoint
    return table
