"""The server itself: whether it works."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qiskit_ibm_runtime.local.protocol import schemas
from qiskit_ibm_runtime.local.protocol.answers import JSONAnswer

from .endpoint import Endpoint

if TYPE_CHECKING:
    from starlette.responses import Response

    from .endpoint import Call


async def health(call: Call) -> Response:
    return JSONAnswer({"status": "ok"})


SERVICE = [
    Endpoint(
        "GET",
        "/health",
        health,
        "Tell that the server works",
        {200: schemas.object_of({"status": schemas.TEXT})},
        is_open=True,
    ),
]
