"""Endpoints for jobs of V2 programs, and presigned URLs of their results."""

import asyncio
import gzip
import hashlib
import hmac
import re
from importlib.metadata import version
from typing import Any, Optional

from msgspec import UNSET, Raw
from starlette.responses import Response

from qiskit_ibm_runtime.local import programs
from qiskit_ibm_runtime.local.endpoints.endpoint import Call, Routes
from qiskit_ibm_runtime.local.endpoints.jobs import filter_of, log_of
from qiskit_ibm_runtime.local.protocol.models import Brief, ProgramId, Timestamps
from qiskit_ibm_runtime.local.protocol.responses import (
    NOT_AUTHORIZED,
    PROGRAM_NOT_FOUND,
    SESSION_CLOSED,
    RequestError,
    TextResponse,
    invalid,
)
from qiskit_ibm_runtime.local.pubs import params
from qiskit_ibm_runtime.local.pubs.errors import PubError
from qiskit_ibm_runtime.local.runtime import Runtime, job_not_found, one_of
from qiskit_ibm_runtime.local.storage.job_records import (
    CANCELLED,
    COMPLETED,
    FAILED,
    RAN_TOO_LONG,
    Job,
)
from qiskit_ibm_runtime.local.timestamps import new_id

from . import models

JOBS, DOWNLOADS = Routes(), Routes()
SUFFIX = "-v2"
"""Suffix of V2 programs in stored jobs, where classic programs have the same names."""
RAN_TOO_LONG_CODE, INTERNAL_CODE = 1305, 9999
_LARGE = 2**20
_DOWNLOADS = "/downloads"
_SECONDS_OF_A_LINK = 300
_CODE = re.compile(r"Error code (\d+); ", re.ASCII)


@JOBS("POST", "/jobs", errors=(404,), max_bytes=lambda settings: settings.largest_inputs)
async def submit(call: Call, body: models.Submit) -> models.Submitted:
    """Run a program."""
    if body.program_id not in params.PARAMS:
        raise RequestError(404, PROGRAM_NOT_FOUND, f"Program not found: {body.program_id}")
    if body.start_session:
        raise invalid("start_session is no longer supported; use POST /sessions.")
    backend = one_of(call.runtime.devices_for(call.caller), body.backend)
    await _check(body)
    job_id, store = new_id(), call.runtime.store
    # Write first, so that the session cannot close between the check and the insert.
    async with store.payloads.prepared(job_id, "params", memoryview(body.params)):
        _check_session(call, body.session_id, backend)
        job = _new_job(call, body, backend, job_id)
        async with store.durably():
            store.jobs.add(job, memoryview(body.params))
    call.runtime.scheduler.enqueue(job)
    return models.Submitted(job.id, job.backend, job.session, body.private, body.calibration_id)


async def _check(body: models.Submit) -> None:
    data = memoryview(body.params)
    try:
        if len(data) < _LARGE:
            params.checked(body.program_id, data)
        else:  # keep the event loop responsive
            await asyncio.to_thread(params.checked, body.program_id, data)
    except PubError as error:
        raise RequestError(400, error.code, error.message) from error


def _check_session(call: Call, session_id: Optional[str], backend: str) -> None:
    if session_id is None:
        return
    session = call.runtime.session(call.caller, session_id)
    if not session.takes_jobs(call.runtime.clock()):
        raise RequestError(400, SESSION_CLOSED, f"Session has been closed: {session_id}")
    if session.backend != backend:
        raise invalid(f"Session {session_id} runs on {session.backend}, not on {backend}.")


def _new_job(call: Call, body: models.Submit, backend: str, job_id: str) -> Job:
    details = {
        "tags": body.tags,
        "cost": body.cost,
        "runtime": body.runtime,
        "log_level": body.log_level,
        "limit": body.cost or None,
        "private": body.private or None,
        "calibration_id": body.calibration_id,
        "caller": call.request.headers.get("x-qx-client-application"),
    }
    return Job(
        call.caller.user,
        call.runtime.instance(call.caller, None).key,
        body.program_id + SUFFIX,
        backend,
        body.session_id,
        job_id,
        details={name: value for name, value in details.items() if value is not None},
    )


@JOBS("GET", "/jobs")
async def listed(call: Call, query: models.JobQuery) -> models.Jobs:
    """List jobs, newest first."""
    wanted = filter_of(
        query,
        program=None if query.program is None else query.program + SUFFIX,
        instance=call.caller.crn,
        among=[name + SUFFIX for name in params.PARAMS],
    )
    limit, offset = query.size(), query.start()
    jobs, count = call.runtime.store.jobs.page(
        call.caller.user, wanted, limit, offset, ascending=query.sort == "ASC"
    )
    page = [await _shown(call.runtime, job, inputs=not query.exclude_params) for job in jobs]
    return models.Jobs(page, count, limit, offset)


@JOBS("GET", "/jobs/{id}", errors=(404,))
async def one(call: Call, query: Brief) -> models.Job:
    """Return a job."""
    return await _shown(call.runtime, _job(call), inputs=not query.exclude_params)


@JOBS("DELETE", "/jobs/{id}", errors=(404,))
async def delete(call: Call) -> None:
    """Delete a finished job."""
    job, runtime = _job(call), call.runtime
    if not job.is_final:
        raise invalid(f"Job {job.id} has not finished; cancel it first.")
    async with runtime.store.durably():
        runtime.store.jobs.delete(job.id)


@JOBS("POST", "/jobs/{id}/cancel", errors=(404, 409))
async def cancel(call: Call) -> None:
    """Cancel an unfinished job."""
    await call.runtime.cancel(_job(call))


@JOBS("PUT", "/jobs/{id}/tags", errors=(404,))
async def tag(call: Call, body: models.NewTags) -> None:
    """Replace the tags of a job."""
    job = _job(call)
    async with call.runtime.store.durably():
        call.runtime.store.jobs.tag(job, body.tags)


@JOBS("GET", "/jobs/{id}/results", errors=(404,))
async def results(call: Call) -> Any:
    """Return the result, or 204 if there is none. Private results are deleted when read."""
    job, store = _job(call), call.runtime.store
    data = await store.payloads.read(job.id, "result") if job.is_final else None
    if not data:
        return None
    if job.status != COMPLETED:
        return TextResponse(data)
    if call.runtime.settings.result_links and not job.details.get("private"):
        return _link(call, job.id)
    if job.details.get("private"):
        async with store.durably():
            store.payloads.drop(job.id, "result")
    return Response(data, media_type="application/json")


@JOBS("GET", "/jobs/{id}/logs", errors=(404,))
async def logs(call: Call) -> TextResponse:
    """Return the log of a finished job."""
    return await log_of(call.runtime, _job(call))


@JOBS("GET", "/jobs/{id}/metrics", errors=(404,))
async def metrics(call: Call) -> dict[str, Any]:
    """Return timestamps and usage."""
    job = _job(call)
    return {
        "timestamps": Timestamps(job.created, job.running, job.finished),
        "usage": _usage(job),
        "circuits_execution_time_ns": round(job.seconds * 1e9),
        "qiskit_version": version("qiskit-terra"),
        "caller": job.details.get("caller", ""),
        "num_circuits": None,
    }


def _job(call: Call) -> Job:
    job = call.runtime.job(call.caller, call.path("id"))
    if not programs.is_v2(job.program):
        raise job_not_found(job.id)
    return job


def _usage(job: Job) -> models.Usage:
    """Return the usage of a job in whole seconds."""
    return models.Usage(round(job.seconds), "complete" if job.is_final else "pending")


async def _shown(runtime: Runtime, job: Job, *, inputs: bool) -> models.Job:
    state = await _state(runtime, job)
    shown = models.Job(
        job.id,
        job.backend,
        state,
        state.status,
        ProgramId(job.program[: -len(SUFFIX)]),
        job.created,
        job.details.get("tags", []),
        job.user,
        _usage(job),
        job.details.get("private", False),
        2.0,
        job.details.get("cost", models.LONGEST),
        job.details.get("runtime", UNSET),
        job.session or UNSET,
        job.details.get("calibration_id", UNSET),
    )
    if inputs and not shown.private:
        shown.params = Raw(await runtime.store.payloads.read(job.id, "params") or b"{}")
    return shown


async def _state(runtime: Runtime, job: Job) -> models.State:
    if job.status == CANCELLED and job.reason == RAN_TOO_LONG:
        text = "The job ran longer than its maximum execution time."
        return models.State(f"{CANCELLED} - {RAN_TOO_LONG}", text, RAN_TOO_LONG_CODE)
    if job.status != FAILED:
        return models.State(job.status)
    text = (await runtime.store.payloads.read(job.id, "result") or b"").decode()
    code = _CODE.match(text)
    reason = text if code else text.strip().rpartition("\n")[2]
    return models.State(FAILED, reason, int(code[1]) if code else INTERNAL_CODE)


def _link(call: Call, job_id: str) -> dict[str, str]:
    """Return a presigned URL of the result of a job."""
    expires = int(call.runtime.clock()) + _SECONDS_OF_A_LINK
    ticket = f"{job_id}.{expires}.{_signature(call, job_id, expires)}"
    return {"url": f"{call.public_url}{_DOWNLOADS}/{ticket}"}


@DOWNLOADS("GET", f"{_DOWNLOADS}/{{ticket}}", errors=(403, 404), is_public=True)
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
        raise job_not_found(job_id)
    if "gzip" not in call.request.headers.get("accept-encoding", ""):
        return Response(data, media_type="application/json")
    encoded = {"Content-Encoding": "gzip"}
    return Response(gzip.compress(data, 1), headers=encoded, media_type="application/json")


def _signature(call: Call, job_id: str, expires: int) -> str:
    text = f"{job_id}.{expires}".encode()
    return hmac.new(call.runtime.store.secret("downloads"), text, hashlib.sha256).hexdigest()
