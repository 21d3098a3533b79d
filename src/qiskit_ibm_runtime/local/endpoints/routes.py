"""The one table of everything that is served; the routes and the OpenAPI description follow it."""

from typing import Any

from .account import ACCOUNT
from .backends import BACKENDS
from .description import description
from .endpoint import Call, Endpoint, Routes
from .jobs import JOBS
from .programs import PROGRAMS
from .service import SERVICE
from .sessions import SESSIONS

# Quantum clients are told the address of the runtime, cloud clients find it at the root of the
# host that their CRN names.
RUNTIME_ROOTS = ("", "/runtime")
DESCRIPTION = Routes()


@DESCRIPTION("GET", "/openapi.json", is_open=True)
async def describe(call: Call) -> dict[str, Any]:
    """Describe everything that is served."""
    return description(by_path())


def by_path() -> dict[str, dict[str, Endpoint]]:
    """Every endpoint by its full path and its method."""
    table: dict[str, dict[str, Endpoint]] = {}
    for endpoint in (*SERVICE, *DESCRIPTION, *ACCOUNT):
        table.setdefault(endpoint.path, {})[endpoint.method] = endpoint
    for root in RUNTIME_ROOTS:
        for endpoint in (*BACKENDS, *JOBS, *PROGRAMS, *SESSIONS):
            table.setdefault(root + endpoint.path, {})[endpoint.method] = endpoint
    return table
