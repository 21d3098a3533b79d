"""Endpoints for jobs, and to close a session, which its first job opens."""

import asyncio
import re
from contextlib import suppress
from importlib.metadata import version
from typing import Any

import msgspec
from msgspec import UNSET, Raw

from qiskit_ibm_runtime.local.protocol import models
from qiskit_ibm_runtime.local.protocol.responses import LOG_NOT_READY, RequestError, TextResponse
from qiskit_ibm_runtime.local.runtime import Runtime
from qiskit_ibm_runtime.local.storage.job_records import Filter, Job

from .endpoint import Call, Routes
from .submission import submit

_WAIT = re.compile(r"\bwait *= *\"?(\d{1,9})")
_LONGEST_WAIT = 10  # seconds; a stopping server waits for open requests

JOBS = Routes()
JOBS("POST", "/jobs", errors=(404, 409), max_bytes=lambda settings: settings.largest_inputs)(submit)


@JOBS("GET", "/jobs")
async def listed(call: Call, query: models.JobQuery) -> models.Jobs:
    """List jobs, newest first."""
    instance = call.caller.crn or query.provider
    wanted = filter_of(query, program=query.program, instance=instance)
    limit, offset = min(query.limit or 10, models.LARGEST_PAGE), query.offset
    jobs, count = call.runtime.store.jobs.page(
        call.caller.user, wanted, limit, offset, ascending=query.sort == "ASC"
    )
    page = [await _shown(call.runtime, job, params=not query.exclude_params) for job in jobs]
    # Clients that look for a job after a failed submit check that the server honors keys.
    key = call.request.headers.get("idempotency-key")
    if key:
        call.headers["Idempotency-Key"] = key
    return models.Jobs(page, count, limit, offset)


@JOBS("GET", "/jobs/{id}", errors=(404,))
async def one(call: Call, query: models.Brief) -> models.Job:
    """Return a job; with ``Prefer: wait=SECONDS``, wait at most this long for it to finish."""
    found = _WAIT.search(call.request.headers.get("prefer", ""))
    if found is not None and not _job(call).is_final:
        with suppress(asyncio.TimeoutError):
            await asyncio.wait_for(_wait_for_end(call), min(int(found[1]), _LONGEST_WAIT))
    return await _shown(call.runtime, _job(call), params=not query.exclude_params)


@JOBS("DELETE", "/jobs/{id}", errors=(404,))
async def delete(call: Call) -> None:
    """Delete a job in any state."""
    job, runtime = _job(call), call.runtime
    runtime.scheduler.withdraw(job)
    async with runtime.store.durably():
        runtime.store.jobs.delete(job.id)
    await runtime.broker.end_subscriptions(job.id)


@JOBS("POST", "/jobs/{id}/cancel", errors=(404, 409))
async def cancel(call: Call) -> None:
    """Cancel an unfinished job."""
    await call.runtime.cancel(_job(call))


@JOBS("GET", "/jobs/{id}/results", errors=(404,))
async def results(call: Call) -> TextResponse:
    """Return the result of a job."""
    return TextResponse(await call.runtime.store.payloads.read(_job(call).id, "result"))


@JOBS("GET", "/jobs/{id}/interim_results", errors=(404,))
async def interim_results(call: Call) -> TextResponse:
    """Return the interim results of a job."""
    job = _job(call)
    call.runtime.broker.flush()
    return TextResponse(msgspec.json.encode(call.runtime.store.jobs.messages(job.id)))


@JOBS("GET", "/jobs/{id}/logs", errors=(404,))
async def logs(call: Call) -> TextResponse:
    """Return the log of a finished job."""
    return await log_of(call.runtime, _job(call))


@JOBS("GET", "/jobs/{id}/metrics", errors=(404,))
async def metrics(call: Call) -> models.Metrics:
    """Return the timestamps and usage of a job."""
    job = _job(call)
    return models.Metrics(
        models.Timestamps(job.created, job.running, job.finished),
        version("qiskit-terra"),
        models.Usage(job.seconds),
        models.Usage(job.seconds, job.seconds),
        call.runtime.scheduler.position(job),
    )


@JOBS("GET", "/facade/v1/jobs/{id}/type", errors=(404,))
async def kind(call: Call) -> models.JobType:
    """Return the type of a job, for other clients: always RUNTIME."""
    _job(call)
    return models.JobType()


@JOBS("DELETE", "/sessions/{id}/close", errors=(404,))
async def close_session(call: Call) -> None:
    """Close a session for new jobs; queued jobs still run."""
    await call.runtime.close(call.runtime.session(call.caller, call.path("id")))


def filter_of(query: models.JobFilter, **more: Any) -> Filter:
    """Return the filter that a query describes, with ``more`` fields."""
    return Filter(
        backend=query.backend,
        pending=query.pending,
        session=query.session_id,
        tags=query.tags,
        created_after=query.created_after,
        created_before=query.created_before,
        **more,
    )


async def log_of(runtime: Runtime, job: Job) -> TextResponse:
    """Return the log of a finished job.

    Raises:
        RequestError: 404 if the job has not finished.
    """
    if not job.is_final:
        text = f"Logs are available once job {job.id} has finished."
        raise RequestError(404, LOG_NOT_READY, text)
    return TextResponse(await runtime.store.payloads.read(job.id, "log"))


async def _wait_for_end(call: Call) -> None:
    """Wait until a job is final; raises if it is deleted meanwhile."""
    with call.runtime.broker.subscribe(call.path("id")) as subscription:
        while not _job(call).is_final:
            subscription.changed.clear()
            await subscription.changed.wait()


def _job(call: Call) -> Job:
    return call.runtime.job(call.caller, call.path("id"))


async def _shown(runtime: Runtime, job: Job, *, params: bool) -> models.Job:
    """Convert a job to its response model; inputs are included unparsed."""
    shown = models.Job(
        job.id,
        job.backend,
        models.State(job.status, job.reason),  # type: ignore[arg-type]
        job.status,  # type: ignore[arg-type]
        models.ProgramId(job.program),
        job.created,
        job.details.get("tags", []),
        job.session,
        job.user,
        models.Usage(job.seconds),
        job.details.get("cost", UNSET),
        job.details.get("runtime", UNSET),
        ended=job.finished or UNSET,
    )
    if not job.instance.startswith("crn:"):
        shown.hub, shown.group, shown.project = job.instance.split("/")
    if params:
        shown.params = Raw(await runtime.store.payloads.read(job.id, "params") or b"{}")
    return shown
