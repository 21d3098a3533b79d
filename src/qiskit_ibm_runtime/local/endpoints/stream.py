"""Job stream: a websocket that sends an acknowledgement, all interim results, and the result."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from starlette.websockets import WebSocketDisconnect

from qiskit_ibm_runtime.local.protocol.responses import RequestError, error_response
from qiskit_ibm_runtime.local.storage.job_records import COMPLETED

if TYPE_CHECKING:
    from starlette.websockets import WebSocket

    from qiskit_ibm_runtime.local.runtime import Runtime
    from qiskit_ibm_runtime.local.scheduling.message_broker import Subscription

STREAM_PATH = "/stream/jobs/{id}"
NORMAL = 1000
# Number of messages read at once; a job may have published more than fits in memory.
_PAGE = 100


async def stream(runtime: Runtime, socket: WebSocket) -> None:
    """Serve one client until the job finishes or the client disconnects."""
    try:
        caller = runtime.authenticator.authenticate(socket.headers)
        job = runtime.job(caller, socket.path_params["id"])
    except RequestError as error:
        await socket.send_denial_response(error_response(error))
        return
    await socket.accept()
    with runtime.broker.subscribe(job.id) as subscription:
        sending = asyncio.ensure_future(_send_all(runtime, socket, job.id, subscription))
        leaving = asyncio.ensure_future(_wait_for_disconnect(socket))
        try:
            await asyncio.wait({sending, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if not sending.done():
                return
            # The client may disconnect in the middle of a message.
            with suppress(WebSocketDisconnect, RuntimeError):
                await sending
                await socket.close(NORMAL)
        finally:
            sending.cancel()
            leaving.cancel()


async def _send_all(
    runtime: Runtime, socket: WebSocket, job_id: str, subscription: Subscription
) -> None:
    await socket.send_text(f"Listening to results for job: {job_id}")
    sent, store = 0, runtime.store
    while True:
        subscription.changed.clear()
        job = store.jobs.get(job_id)
        while page := store.jobs.messages(job_id, sent, _PAGE):
            for text in page:
                await socket.send_text(text)
            sent += len(page)
        if job is None or job.is_final:
            break
        await subscription.changed.wait()
    result = await store.payloads.read(job_id, "result")
    if job is not None and job.status == COMPLETED and result is not None:
        await socket.send_text(result.decode())


async def _wait_for_disconnect(socket: WebSocket) -> None:
    """Discard what the client sends until it disconnects."""
    with suppress(WebSocketDisconnect, RuntimeError):
        while (await socket.receive())["type"] != "websocket.disconnect":
            pass
