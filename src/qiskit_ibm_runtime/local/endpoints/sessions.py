"""Session endpoint. In the classic protocol, the first job of a session opens it."""

from .endpoint import Call, Routes

SESSIONS = Routes()


@SESSIONS("DELETE", "/sessions/{id}/close", errors=(404,))
async def close(call: Call) -> None:
    """Close a session for new jobs; queued jobs still run."""
    await call.runtime.close(call.runtime.session(call.caller, call.path("id")))
