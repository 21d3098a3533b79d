"""The one table of everything that is served; the routes and the OpenAPI description follow it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qiskit_ibm_runtime.local.protocol import schemas
from qiskit_ibm_runtime.local.protocol.answers import JSONAnswer

from .account import CLOUD_ACCOUNT, QUANTUM_ACCOUNT
from .backends import BACKENDS
from .endpoint import Endpoint
from .jobs import JOBS
from .openapi import description
from .programs import PROGRAMS
from .service import SERVICE
from .sessions import SESSIONS

if TYPE_CHECKING:
    from starlette.responses import Response

    from .endpoint import Call

# Quantum clients are told the address of the runtime, cloud clients find it at the root of the
# host that their CRN names.
RUNTIME_ROOTS = ("", "/runtime")


async def _describe(call: Call) -> Response:
    return JSONAnswer(description(by_path()))


# It stands here, beside the table that it describes.
DESCRIPTION = Endpoint(
    "GET",
    "/openapi.json",
    _describe,
    "Describe everything that is served",
    {200: schemas.ANY_OBJECT},
    is_open=True,
)
ACCOUNT = [*SERVICE, DESCRIPTION, *QUANTUM_ACCOUNT, *CLOUD_ACCOUNT]
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
