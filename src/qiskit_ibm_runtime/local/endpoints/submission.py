"""From a request to a job: everything that is checked before it is acknowledged."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from qiskit_ibm_runtime.local.moments import new_id
from qiskit_ibm_runtime.local.protocol.answers import JSONAnswer, as_json
from qiskit_ibm_runtime.local.protocol.errors import (
    INVALID_REQUEST,
    KEY_REUSED,
    PROGRAM_NOT_FOUND,
    SESSION_CLOSED,
    SESSION_NOT_FOUND,
    Refused,
    invalid,
)
from qiskit_ibm_runtime.local.protocol.identity import CLOUD
from qiskit_ibm_runtime.local.runtime import backend_not_found
from qiskit_ibm_runtime.local.storage.job_records import Job, Submission
from qiskit_ibm_runtime.local.storage.session_records import Session

from . import arguments

if TYPE_CHECKING:
    from starlette.responses import Response

    from qiskit_ibm_runtime.local.settings import Instance
    from qiskit_ibm_runtime.local.storage.program_records import Program

    from .endpoint import Call

_LONGEST_KEY = 255
_HGP = ("hub", "group", "project")


async def submit(call: Call) -> Response:
    """Check a job, keep it, queue it, and only then acknowledge it."""
    params, job_id = as_json(call.body["params"]).encode(), new_id()
    # Before anything is looked up: what is found must still be so when the job is kept.
    async with call.runtime.store.payloads.prepared(job_id, "params", params):
        return await _submit(call, call.body, params, job_id)


async def _submit(call: Call, body: dict[str, Any], params: bytes, job_id: str) -> Response:
    store = call.runtime.store
    key = call.request.headers.get("idempotency-key")
    headers = {"Idempotency-Key": key} if key else None
    digest = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
    earlier = _earlier(call, key, digest)
    if earlier is not None:
        await store.on_disk()  # it may be on its way still
        return JSONAnswer({"id": earlier.job, "backend": earlier.backend}, headers=headers)
    job, source = _checked(call, body, job_id)
    submission = Submission(key, digest, job.id, job.backend) if key else None
    async with store.durably():
        store.jobs.add(job, params, source, submission)
        if body.get("start_session"):
            store.sessions.add(_new_session(call, job))
    call.runtime.scheduler.enqueue(job)
    answer = {"id": job.id, "backend": job.backend, "session_id": job.session}
    return JSONAnswer(answer, headers=headers)


def _earlier(call: Call, key: str | None, digest: str) -> Submission | None:
    """What was submitted under this key before."""
    if key is None:
        return None
    if not 0 < len(key) <= _LONGEST_KEY:
        raise invalid(f"An Idempotency-Key has 1 to {_LONGEST_KEY} characters.")
    earlier = call.runtime.store.jobs.submission(call.caller.user, key)
    if earlier is not None and earlier.digest != digest:
        raise Refused(
            409,
            KEY_REUSED,
            "Another job was submitted under this Idempotency-Key.",
            "Use a new key for every job.",
        )
    return earlier


def _checked(call: Call, body: dict[str, Any], job_id: str) -> tuple[Job, str | None]:
    runtime, user = call.runtime, call.caller.user
    instance = runtime.instance(call.caller, _hgp(call, body))
    program = runtime.program(user, body["program_id"])
    if program is None:
        raise Refused(404, PROGRAM_NOT_FOUND, f"Program not found: {body['program_id']}")
    _check_inputs(program, body["params"])
    session = _session(call, body)
    backend = _backend(call, body, instance, session, program)
    details: dict[str, Any] = {
        name: body[name] for name in ("tags", "cost", "runtime", "log_level") if name in body
    }
    details["limit"] = _limit(call, body, program)
    job = Job(
        user,
        instance.key,
        program.id,
        backend,
        job_id if body.get("start_session") else (session.id if session else None),
        job_id,
        details=details,
    )
    # A copy: what waits must not change when its program is changed or deleted.
    return job, runtime.store.programs.source(program.id) if program.user else None


def _hgp(call: Call, body: dict[str, Any]) -> str | None:
    given = [body[name] for name in _HGP if name in body]
    if call.caller.channel == CLOUD:
        if given:
            raise invalid("Hub, group and project are not used with a service instance.")
        return None
    if given and len(given) < len(_HGP):
        raise invalid("Hub, group and project are given together.")
    return "/".join(given) or None


def _check_inputs(program: Program, params: dict[str, Any]) -> None:
    """Check inputs by the schema of an uploaded program; ours say in their log what is wrong."""
    if program.user is None:
        return
    try:
        arguments.check(program.spec, params)
    except ValueError as error:
        raise invalid(f"{program.name}: {error}") from error


def _limit(call: Call, body: dict[str, Any], program: Program) -> int | None:
    """Seconds after which the job has run too long."""
    shortest, cost = call.runtime.settings.minimum_execution_time, body.get("cost")
    if cost is None:
        return program.cost if program.user else None
    if cost < shortest:
        raise invalid(f"The maximum execution time must be at least {shortest} seconds.")
    return int(cost)


def _session(call: Call, body: dict[str, Any]) -> Session | None:
    session_id = body.get("session_id")
    if session_id is None:
        return None
    if body.get("start_session"):
        raise invalid("A job either starts a session or belongs to one.")
    session = call.runtime.session(call.caller, session_id)
    if session is None:
        raise Refused(404, SESSION_NOT_FOUND, f"Session not found: {session_id}")
    if not session.takes_jobs(call.runtime.clock()):
        raise Refused(
            400, SESSION_CLOSED, f"Session has been closed: {session_id}", "Start a new session."
        )
    return session


def _new_session(call: Call, job: Job) -> Session:
    longest = call.runtime.settings.session_hours * 3600
    seconds = call.body.get("session_time") or longest
    return Session(job.id, job.user, job.instance, job.backend, min(seconds, longest))


def _backend(
    call: Call,
    body: dict[str, Any],
    instance: Instance,
    session: Session | None,
    program: Program,
) -> str:
    """The backend asked for, the session's, or on the cloud the least busy one that is enough."""
    name, known = body.get("backend"), call.runtime.backends_of(instance)
    if session is not None:
        if name not in (None, session.backend):
            raise invalid(f"Session {session.id} runs on {session.backend}, not on {name}.")
        return session.backend
    if name is not None:
        if name not in known:
            raise backend_not_found(name)
        return str(name)
    if call.caller.channel != CLOUD:
        raise invalid("'backend' is required.")
    qubits = ((program.spec or {}).get("backend_requirements") or {}).get("min_num_qubits", 1)
    enough = [one for one in known if call.runtime.qubits(one) >= qubits]
    if not enough:
        raise Refused(400, INVALID_REQUEST, f"No backend here has {qubits} qubits.")
    return min(enough, key=call.runtime.scheduler.length)
