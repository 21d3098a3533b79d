"""Sessions: begun by their first job, closed here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qiskit_ibm_runtime.local.protocol import schemas
from qiskit_ibm_runtime.local.protocol.answers import no_content
from qiskit_ibm_runtime.local.protocol.errors import SESSION_NOT_FOUND, Refused

from .endpoint import Endpoint

if TYPE_CHECKING:
    from starlette.responses import Response

    from .endpoint import Call


async def close(call: Call) -> Response:
    session = call.runtime.session(call.caller, call.path("id"))
    if session is None:
        raise Refused(404, SESSION_NOT_FOUND, f"Session not found: {call.path('id')}")
    async with call.runtime.store.durably():
        call.runtime.store.sessions.close(session.id)
    call.runtime.scheduler.dispatch()
    return no_content()


SESSIONS = [
    Endpoint(
        "DELETE",
        "/sessions/{id}/close",
        close,
        "Let a session take no more jobs; those that wait still run",
        {204: None, 404: schemas.RUNTIME_ERROR},
    )
]
