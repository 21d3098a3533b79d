"""Jobs: submitted, listed, followed, cancelled, deleted."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from starlette.responses import PlainTextResponse

from qiskit_ibm_runtime.local.protocol import schemas
from qiskit_ibm_runtime.local.protocol.answers import JSONAnswer, as_json, no_content
from qiskit_ibm_runtime.local.protocol.errors import (
    JOB_IS_FINAL,
    JOB_NOT_FOUND,
    LOG_NOT_READY,
    Refused,
)
from qiskit_ibm_runtime.local.storage.job_records import CANCELLED, Filter, Job

from .endpoint import Endpoint, page_of
from .submission import submit

if TYPE_CHECKING:
    from starlette.responses import Response

    from qiskit_ibm_runtime.local.runtime import Runtime

    from .endpoint import Call


async def listed(call: Call) -> Response:
    query = call.query
    wanted = Filter(
        backend=query.get("backend"),
        pending=query.get("pending"),
        program=query.get("program"),
        instance=call.caller.crn or query.get("provider"),
        session=query.get("session_id"),
        tags=query.get("tags", ()),
        created_after=query.get("created_after"),
        created_before=query.get("created_before"),
    )
    limit, offset = page_of(query, 10)
    jobs, count = call.runtime.store.jobs.page(
        call.caller.user, wanted, limit, offset, ascending=query.get("sort") == "ASC"
    )
    brief = query.get("exclude_params", False)
    page = b",".join([await _text(call.runtime, job, params=not brief) for job in jobs])
    counts = as_json({"count": count, "limit": limit, "offset": offset}).encode()
    answer = _json(b'{"jobs":[%b],%b' % (page, counts[1:]))
    # Whoever looks for a job of a submit learns here, too, that keys are honoured.
    key = call.request.headers.get("idempotency-key")
    if key:
        answer.headers["Idempotency-Key"] = key
    return answer


async def one(call: Call) -> Response:
    brief = call.query.get("exclude_params", False)
    return _json(await _text(call.runtime, _job(call), params=not brief))


async def delete(call: Call) -> Response:
    job, runtime = _job(call), call.runtime
    runtime.scheduler.withdraw(job)
    async with runtime.store.durably():
        runtime.store.jobs.delete(job.id)
    await runtime.feeds.end(job.id)
    return no_content()


async def cancel(call: Call) -> Response:
    job, runtime = _job(call), call.runtime
    if job.is_final:
        raise Refused(409, JOB_IS_FINAL, f"Job {job.id} is {job.status.lower()} already.")
    runtime.scheduler.withdraw(job)
    async with runtime.store.durably():
        runtime.store.jobs.finish(job.id, CANCELLED)
    # The stream is closed before the answer: who cancelled hears nothing of the job afterwards.
    await runtime.feeds.end(job.id)
    return no_content()


async def results(call: Call) -> Response:
    job = _job(call)
    return PlainTextResponse(await call.runtime.store.payloads.read(job.id, "result") or b"")


async def interim_results(call: Call) -> Response:
    job = _job(call)
    call.runtime.feeds.flush()
    return PlainTextResponse(as_json(call.runtime.store.jobs.messages(job.id)))


async def logs(call: Call) -> Response:
    job = _job(call)
    if not job.is_final:
        raise Refused(404, LOG_NOT_READY, f"The log of job {job.id} is there when it has ended.")
    return PlainTextResponse(await call.runtime.store.payloads.read(job.id, "log") or b"")


async def kind(call: Call) -> Response:
    """Where qiskit-ibm-provider is to look for the result: in the runtime, as all of them are."""
    _job(call)
    return JSONAnswer({"type": "RUNTIME"})


async def metrics(call: Call) -> Response:
    job = _job(call)
    return JSONAnswer(
        {
            "timestamps": {
                "created": job.created,
                "running": job.running,
                "finished": job.finished,
            },
            "qiskit_version": version("qiskit-terra"),
            "bss": {"seconds": job.seconds},
            "usage": {"seconds": job.seconds, "quantum_seconds": job.seconds},
            "position_in_queue": call.runtime.scheduler.position(job),
        }
    )


def find(runtime: Runtime, user: str, crn: str | None, job_id: str) -> Job:
    """A job of this user (and, on the cloud face, of this service).

    Raises:
        Refused: 404 if there is none.
    """
    job = runtime.store.jobs.get(job_id)
    if job is None or job.user != user or (crn is not None and job.instance != crn):
        raise Refused(404, JOB_NOT_FOUND, f"Job not found. Job ID: {job_id}")
    return job


def _job(call: Call) -> Job:
    return find(call.runtime, call.caller.user, call.caller.crn, call.path("id"))


async def _text(runtime: Runtime, job: Job, *, params: bool) -> bytes:
    """The record as JSON; the inputs go in as they came, however large."""
    record = as_json(job.record()).encode()
    if not params:
        return record
    inputs = await runtime.store.payloads.read(job.id, "params") or b"{}"
    return b'%b,"params":%b}' % (record[:-1], inputs)


def _json(text: bytes) -> Response:
    return PlainTextResponse(text, media_type="application/json")


def _of_one(
    method: str, what: str, handler: Any, summary: str, answers: dict[int, Any], **more: Any
) -> Endpoint:
    answers = {**answers, 404: schemas.RUNTIME_ERROR}
    return Endpoint(method, f"/jobs/{{id}}{what}", handler, summary, answers, **more)


JOBS = [
    Endpoint(
        "POST",
        "/jobs",
        submit,
        "Run a program; a repeated Idempotency-Key makes no second job",
        {
            200: schemas.SUBMITTED,
            400: schemas.RUNTIME_ERROR,
            404: schemas.RUNTIME_ERROR,
            409: schemas.RUNTIME_ERROR,
            413: schemas.RUNTIME_ERROR,
        },
        body=schemas.SUBMIT,
        largest=lambda runtime: runtime.settings.largest_inputs,
    ),
    Endpoint(
        "GET",
        "/jobs",
        listed,
        "List jobs, newest first",
        {200: schemas.JOBS, 400: schemas.RUNTIME_ERROR},
        query={
            "limit": schemas.LIMIT,
            "offset": schemas.OFFSET,
            "backend": schemas.TEXT,
            "pending": schemas.FLAG,
            "program": schemas.TEXT,
            "tags": schemas.array_of(schemas.TEXT),
            "session_id": schemas.TEXT,
            "created_after": schemas.MOMENT,
            "created_before": schemas.MOMENT,
            "sort": {"type": "string", "enum": ["ASC", "DESC"]},
            "provider": schemas.HGP,
            "exclude_params": schemas.FLAG,
        },
    ),
    _of_one(
        "GET",
        "",
        one,
        "Return a job",
        {200: schemas.JOB, 400: schemas.RUNTIME_ERROR},
        query={"exclude_params": schemas.FLAG},
    ),
    _of_one("DELETE", "", delete, "Delete a job in any state", {204: None}),
    _of_one(
        "POST",
        "/cancel",
        cancel,
        "Cancel a job that has not ended",
        {204: None, 409: schemas.RUNTIME_ERROR},
    ),
    _of_one("GET", "/results", results, "Return what the program returned", {200: schemas.TEXT}),
    _of_one(
        "GET",
        "/interim_results",
        interim_results,
        "Return what the program published",
        {200: schemas.TEXT},
    ),
    _of_one("GET", "/logs", logs, "Return the log of a job that has ended", {200: schemas.TEXT}),
    _of_one("GET", "/metrics", metrics, "Return times and usage", {200: schemas.METRICS}),
    Endpoint(
        "GET",
        "/facade/v1/jobs/{id}/type",
        kind,
        "Tell which service ran a job: this one",
        {200: schemas.JOB_TYPE, 404: schemas.RUNTIME_ERROR},
    ),
]
