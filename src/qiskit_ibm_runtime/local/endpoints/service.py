"""The server itself: whether it works, and what it offers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qiskit_ibm_runtime.local import schemas
from qiskit_ibm_runtime.local.answers import JSONAnswer
from qiskit_ibm_runtime.local.endpoint import Endpoint

if TYPE_CHECKING:
    from starlette.responses import Response

    from qiskit_ibm_runtime.local.endpoint import Call


async def health(call: Call) -> Response:
    return JSONAnswer({"status": "ok"})


async def openapi(call: Call) -> Response:
    # The description is made of the table in which this function stands.
    from qiskit_ibm_runtime.local.openapi import description

    return JSONAnswer(description())


SERVICE = [
    Endpoint(
        "GET",
        "/health",
        health,
        "Tell that the server works",
        {200: schemas.object_of({"status": schemas.TEXT})},
        is_open=True,
    ),
    Endpoint(
        "GET",
        "/openapi.json",
        openapi,
        "Describe everything that is served",
        {200: schemas.ANY_OBJECT},
        is_open=True,
    ),
]
