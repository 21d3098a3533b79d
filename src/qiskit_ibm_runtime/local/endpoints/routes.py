"""Route table of the classic protocol, from which the OpenAPI description is generated."""

from typing import Any

from .account import ACCOUNT
from .backends import BACKENDS
from .description import description
from .endpoint import Call, Endpoint, Routes
from .jobs import JOBS
from .programs import PROGRAMS
from .service import SERVICE
from .sessions import SESSIONS

# Clients of the quantum channel learn the runtime URL at log-in. Clients of the cloud channel
# expect the runtime at the root of the host.
RUNTIME_ROOTS = ("", "/runtime")
DESCRIPTION = Routes()


@DESCRIPTION("GET", "/openapi.json", is_public=True)
async def describe(call: Call) -> dict[str, Any]:
    """Return the OpenAPI description."""
    return description(by_path())


def by_path() -> dict[str, dict[str, Endpoint]]:
    """Return every endpoint by full path and method."""
    table: dict[str, dict[str, Endpoint]] = {}
    for endpoint in (*SERVICE, *DESCRIPTION, *ACCOUNT):
        table.setdefault(endpoint.path, {})[endpoint.method] = endpoint
    for root in RUNTIME_ROOTS:
        for endpoint in (*BACKENDS, *JOBS, *PROGRAMS, *SESSIONS):
            table.setdefault(root + endpoint.path, {})[endpoint.method] = endpoint
    return table
