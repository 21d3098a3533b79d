"""The server itself: whether it works."""

from qiskit_ibm_runtime.local.protocol import models

from .endpoint import Call, Routes

SERVICE = Routes()


@SERVICE("GET", "/health", is_open=True)
async def health(call: Call) -> models.Health:
    """Tell that the server works."""
    return models.Health()
