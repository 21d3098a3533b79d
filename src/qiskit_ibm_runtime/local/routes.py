"""The one table of everything that is served; the routes and the OpenAPI description follow it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .endpoints.account import CLOUD_ACCOUNT, QUANTUM_ACCOUNT
from .endpoints.backends import BACKENDS
from .endpoints.jobs import JOBS
from .endpoints.programs import PROGRAMS
from .endpoints.service import SERVICE
from .endpoints.sessions import SESSIONS

if TYPE_CHECKING:
    from .endpoint import Endpoint

# Quantum clients are told the address of the runtime, cloud clients find it at the root of the
# host that their CRN names.
RUNTIME_ROOTS = ("", "/runtime")
STREAM_PATH = "/stream/jobs/{id}"

ACCOUNT = [*SERVICE, *QUANTUM_ACCOUNT, *CLOUD_ACCOUNT]
RUNTIME = [*BACKENDS, *JOBS, *PROGRAMS, *SESSIONS]


def by_path() -> dict[str, dict[str, Endpoint]]:
    """Every endpoint by its full path and its method."""
    table: dict[str, dict[str, Endpoint]] = {}
    for endpoint in ACCOUNT:
        table.setdefault(endpoint.path, {})[endpoint.method] = endpoint
    for root in RUNTIME_ROOTS:
        for endpoint in RUNTIME:
            table.setdefault(root + endpoint.path, {})[endpoint.method] = endpoint
    return table
