"""Session endpoint. In the classic protocol, the first job of a session opens it."""

from qiskit_ibm_runtime.local.protocol.errors import SESSION_NOT_FOUND, RequestError

from .endpoint import Call, Routes

SESSIONS = Routes()


@SESSIONS("DELETE", "/sessions/{id}/close", errors=(404,))
async def close(call: Call) -> None:
    """Close a session for new jobs; queued jobs still run."""
    session = call.runtime.session(call.caller, call.path("id"))
    if session is None:
        raise RequestError(404, SESSION_NOT_FOUND, f"Session not found: {call.path('id')}")
    async with call.runtime.store.durably():
        call.runtime.store.sessions.close(session.id)
    call.runtime.scheduler.dispatch()
