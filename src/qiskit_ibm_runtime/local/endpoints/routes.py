"""Route table of the classic protocol, from which the OpenAPI description is generated."""

from typing import Any

from qiskit_ibm_runtime.local.protocol import models

from . import endpoint
from .account import ACCOUNT
from .backends import BACKENDS
from .description import description
from .endpoint import Call, Endpoint, Routes
from .jobs import JOBS
from .programs import PROGRAMS

# Clients of the quantum channel learn the runtime URL at log-in. Clients of the cloud channel
# expect the runtime at the root of the host.
RUNTIME_ROOTS = ("", "/runtime")
SERVICE = Routes()


@SERVICE("GET", "/health", is_public=True)
async def health(call: Call) -> models.Health:
    """Report that the server is up."""
    return models.Health()


@SERVICE("GET", "/openapi.json", is_public=True)
async def describe(call: Call) -> dict[str, Any]:
    """Return the OpenAPI description."""
    return description(by_path())


def by_path() -> dict[str, dict[str, Endpoint]]:
    """Return every endpoint by full path and method."""
    runtime = (BACKENDS, JOBS, PROGRAMS)
    return endpoint.by_path(
        [("", SERVICE), ("", ACCOUNT), *((root, one) for root in RUNTIME_ROOTS for one in runtime)]
    )
