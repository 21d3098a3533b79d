"""Sessions and batches, opened and closed by requests of their own."""

from typing import Any

from qiskit_ibm_runtime.local.endpoints.endpoint import Call, Routes
from qiskit_ibm_runtime.local.protocol.responses import RequestError, invalid
from qiskit_ibm_runtime.local.runtime import one_of
from qiskit_ibm_runtime.local.storage.job_records import Filter, Job
from qiskit_ibm_runtime.local.storage.session_records import Session
from qiskit_ibm_runtime.local.timestamps import new_id, now, of_seconds

from . import models

SESSIONS = Routes()
NOT_ON_THIS_PLAN = 1352
LONGEST_ON_OPEN_PLAN = 600
_INTERACTIVE = 60
_MOST_JOBS = 10_000


@SESSIONS("POST", "/sessions", errors=(404,))
async def open_session(call: Call, body: models.OpenSession) -> dict[str, str]:
    """Open a session (mode dedicated) or a batch."""
    runtime = call.runtime
    if runtime.settings.plan == "open" and body.mode == "dedicated":
        text = "The open plan does not include dedicated sessions."
        raise RequestError(400, NOT_ON_THIS_PLAN, text, "Use job mode or a batch, or another plan.")
    if body.backend is None:
        raise invalid("'backend' is required.")
    longest = runtime.settings.session_hours * 3600
    if runtime.settings.plan == "open":
        longest = min(longest, LONGEST_ON_OPEN_PLAN)
    session = Session(
        new_id(),
        call.caller.user,
        runtime.instance(call.caller, None).key,
        one_of(runtime.devices_for(call.caller), body.backend),
        min(body.max_ttl, longest),
        mode=body.mode,
        created=now(),
    )
    async with runtime.store.durably():
        runtime.store.sessions.add(session)
    return {"id": session.id}


@SESSIONS("GET", "/sessions/{id}", errors=(404,))
async def one(call: Call) -> dict[str, Any]:
    """Describe a session."""
    session = _session(call)
    jobs = _jobs(call, session)
    clock = call.runtime.clock()
    over = session.closed or not session.within_its_time(clock)
    busy = any(not job.is_final for job in jobs)
    began = None if session.started is None else of_seconds(session.started)
    ended = max((job.finished for job in jobs if job.finished), default=None)
    state = "active" if busy else "closed" if over else "inactive" if began else "open"
    return {
        "id": session.id,
        "backend_name": session.backend,
        "mode": session.mode or "dedicated",
        "state": state,
        "accepting_jobs": not over,
        "max_ttl": round(session.seconds),
        "active_ttl": round(session.seconds),
        "interactive_ttl": _INTERACTIVE,
        "started_at": began,
        "activated_at": began,
        "closed_at": ended if state == "closed" else None,
        "elapsed_time": sum(job.seconds for job in jobs),
        "timestamps": [],
        "state_reason": "",
        "last_job_started": max((job.running for job in jobs if job.running), default=None),
        "last_job_completed": ended,
    }


@SESSIONS("PATCH", "/sessions/{id}", errors=(404,))
async def change(call: Call, body: models.ChangeSession) -> None:
    """Close a session for new jobs; queued jobs still run."""
    session = _session(call)
    if body.accepting_jobs:
        raise invalid("A closed session cannot be reopened; open a new one.")
    await call.runtime.close(session)


@SESSIONS("DELETE", "/sessions/{id}/close", errors=(404,))
async def cancel(call: Call) -> None:
    """Close a session and cancel its unfinished jobs."""
    session = _session(call)
    await call.runtime.close(session)
    await call.runtime.cancel(*(job for job in _jobs(call, session) if not job.is_final))
    call.runtime.scheduler.dispatch()


def _session(call: Call) -> Session:
    return call.runtime.session(call.caller, call.path("id"))


def _jobs(call: Call, session: Session) -> list[Job]:
    wanted = Filter(session=session.id)
    jobs, _ = call.runtime.store.jobs.page(session.user, wanted, _MOST_JOBS, 0, ascending=True)
    return jobs
