"""Jobs: submitted, listed, followed, cancelled, deleted."""

import asyncio
import re
from contextlib import suppress
from importlib.metadata import version
from typing import Optional

import msgspec
from msgspec import UNSET, Raw

from qiskit_ibm_runtime.local.protocol import models
from qiskit_ibm_runtime.local.protocol.answers import TextAnswer
from qiskit_ibm_runtime.local.protocol.errors import (
    JOB_IS_FINAL,
    JOB_NOT_FOUND,
    LOG_NOT_READY,
    Refused,
)
from qiskit_ibm_runtime.local.runtime import Runtime
from qiskit_ibm_runtime.local.storage.job_records import CANCELLED, Filter, Job

from .endpoint import Call, Routes
from .submission import submit

_WAIT = re.compile(r"\bwait *= *\"?(\d{1,9})")
_LONGEST_WAIT = 10  # seconds; a server that stops waits for its answers

JOBS = Routes()
JOBS(
    "POST",
    "/jobs",
    refuses=(404, 409),
    largest=lambda settings: settings.largest_inputs,
)(submit)


@JOBS("GET", "/jobs")
async def listed(call: Call, query: models.JobQuery) -> models.Jobs:
    """List jobs, newest first."""
    wanted = Filter(
        backend=query.backend,
        pending=query.pending,
        program=query.program,
        instance=call.caller.crn or query.provider,
        session=query.session_id,
        tags=query.tags,
        created_after=query.created_after,
        created_before=query.created_before,
    )
    limit, offset, store = query.size(10), query.offset, call.runtime.store
    jobs, count = store.jobs.page(
        call.caller.user, wanted, limit, offset, ascending=query.sort == "ASC"
    )
    page = [await _shown(call.runtime, job, params=not query.exclude_params) for job in jobs]
    # Whoever looks for a job of a submit learns here, too, that keys are honored.
    key = call.request.headers.get("idempotency-key")
    if key:
        call.headers["Idempotency-Key"] = key
    return models.Jobs(page, count, limit, offset)


@JOBS("GET", "/jobs/{id}", refuses=(404,))
async def one(call: Call, query: models.Brief) -> models.Job:
    """Return a job; with ``Prefer: wait=SECONDS``, once it has ended or so much later."""
    found = _WAIT.search(call.request.headers.get("prefer", ""))
    if found is not None and not _job(call).is_final:
        with suppress(asyncio.TimeoutError):
            await asyncio.wait_for(_end(call), min(int(found[1]), _LONGEST_WAIT))
    return await _shown(call.runtime, _job(call), params=not query.exclude_params)


@JOBS("DELETE", "/jobs/{id}", refuses=(404,))
async def delete(call: Call) -> None:
    """Delete a job in any state."""
    job, runtime = _job(call), call.runtime
    runtime.scheduler.withdraw(job)
    async with runtime.store.durably():
        runtime.store.jobs.delete(job.id)
    await runtime.feeds.end(job.id)


@JOBS("POST", "/jobs/{id}/cancel", refuses=(404, 409))
async def cancel(call: Call) -> None:
    """Cancel a job that has not ended."""
    job, runtime = _job(call), call.runtime
    if job.is_final:
        raise Refused(409, JOB_IS_FINAL, f"Job {job.id} is {job.status.lower()} already.")
    await end(runtime, job)


async def end(runtime: Runtime, job: Job) -> None:
    """Cancel a job that has not ended."""
    runtime.scheduler.withdraw(job)
    async with runtime.store.durably():
        runtime.store.jobs.finish(job.id, CANCELLED)
    # The stream is closed before the answer: who cancelled hears nothing of the job afterwards.
    await runtime.feeds.end(job.id)


@JOBS("GET", "/jobs/{id}/results", refuses=(404,))
async def results(call: Call) -> TextAnswer:
    """Return what the program returned."""
    return TextAnswer(await call.runtime.store.payloads.read(_job(call).id, "result"))


@JOBS("GET", "/jobs/{id}/interim_results", refuses=(404,))
async def interim_results(call: Call) -> TextAnswer:
    """Return what the program published."""
    job = _job(call)
    call.runtime.feeds.flush()
    return TextAnswer(msgspec.json.encode(call.runtime.store.jobs.messages(job.id)))


@JOBS("GET", "/jobs/{id}/logs", refuses=(404,))
async def logs(call: Call) -> TextAnswer:
    """Return the log of a job that has ended."""
    job = _job(call)
    if not job.is_final:
        raise Refused(404, LOG_NOT_READY, f"The log of job {job.id} is there when it has ended.")
    return TextAnswer(await call.runtime.store.payloads.read(job.id, "log"))


@JOBS("GET", "/jobs/{id}/metrics", refuses=(404,))
async def metrics(call: Call) -> models.Metrics:
    """Return times and usage."""
    job = _job(call)
    return models.Metrics(
        models.Timestamps(job.created, job.running, job.finished),
        version("qiskit-terra"),
        models.Usage(job.seconds),
        models.Usage(job.seconds, job.seconds),
        call.runtime.scheduler.position(job),
    )


@JOBS("GET", "/facade/v1/jobs/{id}/type", refuses=(404,))
async def kind(call: Call) -> models.JobType:
    """Tell clients of other packages which service ran a job: this one."""
    _job(call)
    return models.JobType()


def find(runtime: Runtime, user: str, crn: Optional[str], job_id: str) -> Job:
    """A job of this user (and, on the cloud face, of this service).

    Raises:
        Refused: 404 if there is none.
    """
    job = runtime.store.jobs.get(job_id)
    if job is None or job.user != user or (crn is not None and job.instance != crn):
        raise Refused(404, JOB_NOT_FOUND, f"Job not found. Job ID: {job_id}")
    return job


async def _end(call: Call) -> None:
    """Return once a job is final or gone."""
    with call.runtime.feeds.watch(call.path("id")) as watch:
        while not _job(call).is_final:
            watch.changed.clear()
            await watch.changed.wait()


def _job(call: Call) -> Job:
    return find(call.runtime, call.caller.user, call.caller.crn, call.path("id"))


async def _shown(runtime: Runtime, job: Job, *, params: bool) -> models.Job:
    """The job as the protocol shows it; the inputs go out as they came in, however large."""
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
