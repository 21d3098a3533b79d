"""Health endpoint."""

from qiskit_ibm_runtime.local.protocol import models

from .endpoint import Call, Routes

SERVICE = Routes()


@SERVICE("GET", "/health", is_public=True)
async def health(call: Call) -> models.Health:
    """Report that the server is up."""
    return models.Health()
