"""The stream of one job: an acknowledgement, every message from the first, the result, the end."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from starlette.websockets import WebSocketDisconnect

from qiskit_ibm_runtime.local.protocol.answers import error_answer
from qiskit_ibm_runtime.local.protocol.errors import Refused
from qiskit_ibm_runtime.local.storage.job_records import COMPLETED

from .jobs import find

if TYPE_CHECKING:
    from starlette.websockets import WebSocket

    from qiskit_ibm_runtime.local.runtime import Runtime
    from qiskit_ibm_runtime.local.scheduling.feeds import Watch

STREAM_PATH = "/stream/jobs/{id}"
NORMAL = 1000
# Messages read at once; a job may have published more than should be in memory together.
_PAGE = 100


async def stream(runtime: Runtime, socket: WebSocket) -> None:
    """Serve one listener, who may come at any time, until the job ends or the listener goes."""
    try:
        caller = runtime.doorkeeper.admit(socket.headers)
        job = find(runtime, caller.user, caller.crn, socket.path_params["id"])
    except Refused as refused:
        await socket.send_denial_response(error_answer(refused))
        return
    await socket.accept()
    with runtime.feeds.watch(job.id) as watch:
        sending = asyncio.ensure_future(_send_all(runtime, socket, job.id, watch))
        leaving = asyncio.ensure_future(_wait_for_leave(socket))
        try:
            await asyncio.wait({sending, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if not sending.done():
                return
            # The listener may go in the middle of a message; that is no error of ours.
            with suppress(WebSocketDisconnect, RuntimeError):
                await sending
                await socket.close(NORMAL)
        finally:
            sending.cancel()
            leaving.cancel()


async def _send_all(runtime: Runtime, socket: WebSocket, job_id: str, watch: Watch) -> None:
    await socket.send_text(f"Listening to results for job: {job_id}")
    sent, store = 0, runtime.store
    while True:
        watch.changed.clear()
        job = store.jobs.get(job_id)
        while page := store.jobs.messages(job_id, sent, _PAGE):
            for text in page:
                await socket.send_text(text)
            sent += len(page)
        if job is None or job.is_final:
            break
        await watch.changed.wait()
    result = await store.payloads.read(job_id, "result")
    if job is not None and job.status == COMPLETED and result is not None:
        await socket.send_text(result.decode())


async def _wait_for_leave(socket: WebSocket) -> None:
    """Listeners have nothing to say; what they send is dropped."""
    with suppress(WebSocketDisconnect, RuntimeError):
        while (await socket.receive())["type"] != "websocket.disconnect":
            pass
