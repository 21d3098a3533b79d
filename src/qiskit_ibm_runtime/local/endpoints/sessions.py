"""Sessions: begun by their first job, closed here."""

from qiskit_ibm_runtime.local.protocol.errors import SESSION_NOT_FOUND, Refused

from .endpoint import Call, Routes

SESSIONS = Routes()


@SESSIONS("DELETE", "/sessions/{id}/close", refuses=(404,))
async def close(call: Call) -> None:
    """Let a session take no more jobs; those that wait still run."""
    session = call.runtime.session(call.caller, call.path("id"))
    if session is None:
        raise Refused(404, SESSION_NOT_FOUND, f"Session not found: {call.path('id')}")
    async with call.runtime.store.durably():
        call.runtime.store.sessions.close(session.id)
    call.runtime.scheduler.dispatch()
