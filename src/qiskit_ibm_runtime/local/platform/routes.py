"""Routes of the platform protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qiskit_ibm_runtime.local.endpoints import endpoint

from .backends import BACKENDS
from .instances import DISCOVERY, INSTANCES
from .jobs import DOWNLOADS, JOBS
from .sessions import SESSIONS

if TYPE_CHECKING:
    from qiskit_ibm_runtime.local.endpoints.endpoint import Endpoint

ROOT = "/api/v1"
"""Base path of the API."""


def by_path() -> dict[str, dict[str, Endpoint]]:
    """Return every endpoint by full path and method."""
    api = (BACKENDS, JOBS, SESSIONS, INSTANCES)
    return endpoint.by_path([("", DISCOVERY), ("", DOWNLOADS), *((ROOT, one) for one in api)])
