"""Job submission: validate a request and store the job."""

import asyncio
import hashlib
from typing import Optional

import msgspec
from msgspec import structs

from qiskit_ibm_runtime.local.protocol import models
from qiskit_ibm_runtime.local.protocol.responses import (
    INVALID_REQUEST,
    KEY_REUSED,
    SESSION_CLOSED,
    RequestError,
    invalid,
)
from qiskit_ibm_runtime.local.runtime import one_of
from qiskit_ibm_runtime.local.settings import Instance
from qiskit_ibm_runtime.local.storage.job_records import Job, Submission
from qiskit_ibm_runtime.local.storage.program_records import Program
from qiskit_ibm_runtime.local.storage.session_records import Session
from qiskit_ibm_runtime.local.timestamps import new_id

from .endpoint import Call

_LONGEST_KEY = 255
_HASHED_AT_ONCE = 2**18  # bytes, in less than a millisecond


async def submit(call: Call, body: models.Submit) -> models.Submitted:
    """Run a program; repeating an Idempotency-Key does not create a second job."""
    job_id, digest = new_id(), ""
    key = call.request.headers.get("idempotency-key")
    if key is not None:
        if not 0 < len(key) <= _LONGEST_KEY:
            raise invalid(f"An Idempotency-Key must have 1 to {_LONGEST_KEY} characters.")
        call.headers["Idempotency-Key"] = key
        digest = await _digest(body)
    # Write the inputs before the checks, so that nothing is awaited between checks and insertion.
    async with call.runtime.store.payloads.prepared(job_id, "params", memoryview(body.params)):
        return await _submit(call, body, job_id, key, digest)


async def _submit(
    call: Call, body: models.Submit, job_id: str, key: Optional[str], digest: str
) -> models.Submitted:
    store = call.runtime.store
    earlier = _earlier(call, key, digest) if key else None
    if earlier is not None:
        await store.on_disk()  # the earlier submit may still be waiting for this
        return models.Submitted(earlier.job, earlier.backend)
    job, source = _checked(call, body, job_id)
    submission = Submission(key, digest, job.id, job.backend) if key else None
    async with store.durably():
        store.jobs.add(job, memoryview(body.params), source, submission)
        if body.start_session:
            store.sessions.add(_new_session(call, body, job))
    call.runtime.scheduler.enqueue(job)
    return models.Submitted(job.id, job.backend, job.session)


async def _digest(body: models.Submit) -> str:
    """Return a digest of a submit; inputs are hashed as sent."""
    fields = {**structs.asdict(body), "params": None}
    found = hashlib.sha256(msgspec.json.encode(fields, order="deterministic"))
    if len(params := memoryview(body.params)) <= _HASHED_AT_ONCE:
        found.update(params)
    else:  # keep the event loop responsive
        await asyncio.to_thread(found.update, params)
    return found.hexdigest()


def _earlier(call: Call, key: str, digest: str) -> Optional[Submission]:
    """Return the earlier submission with this key, if any."""
    earlier = call.runtime.store.jobs.submission(call.caller.user, key)
    if earlier is not None and earlier.digest != digest:
        raise RequestError(
            409,
            KEY_REUSED,
            "Another job was submitted with this Idempotency-Key.",
            "Use a new key for each job.",
        )
    return earlier


def _checked(call: Call, body: models.Submit, job_id: str) -> tuple[Job, Optional[str]]:
    runtime, user = call.runtime, call.caller.user
    instance = runtime.instance(call.caller, _hgp(call, body))
    program = runtime.program(user, body.program_id)
    session = _session(call, body)
    backend = _backend(call, body, instance, session, program)
    details = {
        "tags": body.tags,
        "cost": body.cost,
        "runtime": body.runtime,
        "log_level": body.log_level,
        "limit": _limit(call, body, program),
    }
    source = None
    if program.user:
        # A copy, because the program may be changed or deleted while the job waits.
        source = runtime.store.programs.source(program.id)
        details["parameters"] = (program.spec or {}).get("parameters")
    job = Job(
        user,
        instance.key,
        program.id,
        backend,
        job_id if body.start_session else (session.id if session else None),
        job_id,
        details={name: value for name, value in details.items() if value is not None},
    )
    return job, source


def _hgp(call: Call, body: models.Submit) -> Optional[str]:
    given = [part for part in (body.hub, body.group, body.project) if part is not None]
    if call.caller.crn is not None:
        if given:
            raise invalid("Hub, group and project cannot be used with a service instance.")
        return None
    if len(given) not in (0, 3):
        raise invalid("Hub, group and project must be given together.")
    return "/".join(given) or None


def _limit(call: Call, body: models.Submit, program: Program) -> Optional[int]:
    """Return the limit on the execution time in seconds, if there is one."""
    shortest = call.runtime.settings.minimum_execution_time
    if body.cost is None:
        return program.cost if program.user else None
    if body.cost < shortest:
        raise invalid(f"The maximum execution time must be at least {shortest} seconds.")
    return body.cost


def _session(call: Call, body: models.Submit) -> Optional[Session]:
    if body.session_id is None:
        return None
    if body.start_session:
        raise invalid("'start_session' and 'session_id' cannot be combined.")
    session = call.runtime.session(call.caller, body.session_id)
    if not session.takes_jobs(call.runtime.clock()):
        text = f"Session has been closed: {body.session_id}"
        raise RequestError(400, SESSION_CLOSED, text, "Start a new session.")
    return session


def _new_session(call: Call, body: models.Submit, job: Job) -> Session:
    longest = call.runtime.settings.session_hours * 3600
    seconds = body.session_time or longest
    return Session(job.id, job.user, job.instance, job.backend, min(seconds, longest))


def _backend(
    call: Call,
    body: models.Submit,
    instance: Instance,
    session: Optional[Session],
    program: Program,
) -> str:
    """Return the requested backend, the session's, or the least busy one (cloud channel only)."""
    name, known = body.backend, call.runtime.backends_of(instance)
    if session is not None:
        if name not in (None, session.backend):
            raise invalid(f"Session {session.id} runs on {session.backend}, not on {name}.")
        return session.backend
    if name is not None:
        return one_of(known, name)
    if call.caller.crn is None:
        raise invalid("'backend' is required.")
    qubits = ((program.spec or {}).get("backend_requirements") or {}).get("min_num_qubits", 1)
    enough = [one for one in known if call.runtime.qubits(one) >= qubits]
    if not enough:
        raise RequestError(400, INVALID_REQUEST, f"No backend here has {qubits} qubits.")
    return min(enough, key=call.runtime.scheduler.length)
