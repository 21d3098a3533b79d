"""Presigned result URLs, valid for a few minutes without credentials."""

import gzip
import hashlib
import hmac
from typing import Any

from starlette.responses import Response

from qiskit_ibm_runtime.local.endpoints.account import public_url
from qiskit_ibm_runtime.local.endpoints.endpoint import Call, Routes
from qiskit_ibm_runtime.local.protocol.errors import JOB_NOT_FOUND, NOT_AUTHORIZED, RequestError

from . import models

DOWNLOADS = Routes()
PATH = "/downloads"
SECONDS = 300


def link(call: Call, job_id: str) -> models.Link:
    """Return a presigned URL of the result of a job."""
    expires = int(call.runtime.clock()) + SECONDS
    ticket = f"{job_id}.{expires}.{_signature(call, job_id, expires)}"
    return models.Link(f"{public_url(call)}{PATH}/{ticket}")


@DOWNLOADS("GET", f"{PATH}/{{ticket}}", errors=(403, 404), is_public=True)
async def download(call: Call) -> Any:
    """Return the result for a ticket, gzip-compressed if the client accepts that."""
    job_id, _, rest = call.path("ticket").partition(".")
    until, _, signature = rest.partition(".")
    expires = int(until) if until.isdecimal() and len(until) < 16 else 0
    right = _signature(call, job_id, expires)
    if not hmac.compare_digest(signature.encode(), right.encode()):
        raise RequestError(403, NOT_AUTHORIZED, "Invalid result URL.")
    if expires < call.runtime.clock():
        raise RequestError(
            403, NOT_AUTHORIZED, "The result URL has expired; request the results again."
        )
    data = await call.runtime.store.payloads.read(job_id, "result")
    if data is None:
        raise RequestError(404, JOB_NOT_FOUND, f"Job not found. Job ID: {job_id}")
    if "gzip" not in call.request.headers.get("accept-encoding", ""):
        return Response(data, media_type="application/json")
    encoded = {"Content-Encoding": "gzip"}
    return Response(gzip.compress(data, 1), headers=encoded, media_type="application/json")


def _signature(call: Call, job_id: str, expires: int) -> str:
    text = f"{job_id}.{expires}".encode()
    return hmac.new(call.runtime.store.secret("downloads"), text, hashlib.sha256).hexdigest()
