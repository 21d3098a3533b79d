"""Data that the page shows, read from the runtime; independent of HTML."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from qiskit_ibm_runtime.local.devices import catalog
from qiskit_ibm_runtime.local.protocol.authentication import Caller
from qiskit_ibm_runtime.local.storage.job_records import COMPLETED, FAILED, Filter, Job

if TYPE_CHECKING:
    from qiskit_ibm_runtime.local.runtime import Runtime

JOBS_ON_A_PAGE = 25
SESSIONS_ON_A_PAGE = 50
# Inputs, logs and results are truncated to what a person reads; the rest can be downloaded.
MOST_CHARACTERS = 20_000
DRAWN_RESULTS = ("sampler", "estimator", "circuit-runner", "qasm3-runner")
STATES = ("Queued", "Running", "Completed", "Failed", "Cancelled")


@dataclass(frozen=True)
class Backend:
    """Table row of a backend."""

    name: str
    qubits: int
    is_simulator: bool
    jobs: int


@dataclass(frozen=True)
class Row:
    """Table row of a job."""

    job: Job
    place: int | None
    duration: str

    @property
    def tags(self) -> list[str]:
        return list(self.job.details.get("tags", []))


@dataclass(frozen=True)
class Jobs:
    """One page of a list of jobs."""

    rows: list[Row]
    count: int
    number: int

    @property
    def pages(self) -> int:
        return max(1, -(-self.count // JOBS_ON_A_PAGE))


@dataclass(frozen=True)
class Text:
    """A string, possibly truncated."""

    shown: str
    size: int

    @property
    def is_cut(self) -> bool:
        return len(self.shown) < self.size


def backends(runtime: Runtime, user: str) -> list[Backend]:
    """List the backends of a user, busy ones first."""
    found = [
        Backend(
            name,
            runtime.qubits(name),
            catalog.is_simulator(name),
            runtime.scheduler.length(name),
        )
        for name in runtime.backends_for(Caller(user))
    ]
    return sorted(found, key=lambda one: (-one.jobs, not one.is_simulator, one.name))


def jobs(runtime: Runtime, user: str, wanted: Filter, number: int = 1) -> Jobs:
    """Return one page of a user's jobs, newest first."""
    offset = JOBS_ON_A_PAGE * (number - 1)
    found, count = runtime.store.jobs.page(user, wanted, JOBS_ON_A_PAGE, offset, ascending=False)
    return Jobs([row(runtime, job) for job in found], count, number)


def row(runtime: Runtime, job: Job) -> Row:
    return Row(job, runtime.scheduler.position(job), duration(job, runtime.clock()))


def duration(job: Job, now: float) -> str:
    """Format how long a job ran, or has been running."""
    if job.running is None:
        return ""
    end = now if job.finished is None else _seconds(job.finished)
    seconds = max(0.0, end - _seconds(job.running))
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds >= 1 else f"{1000 * seconds:.0f} ms"
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min {rest} s"


def moment(text: str | None) -> str:
    """Format a time for people, in UTC."""
    return "" if text is None else f"{text[:10]} {text[11:19]} UTC"


def has_circuits(job: Job) -> bool:
    """Whether the inputs of a job may hold circuits to draw."""
    return job.program in ("sampler", "estimator", "circuit-runner")


def has_plot(job: Job) -> bool:
    """Whether the result of a job can be plotted."""
    return job.status == COMPLETED and job.program in DRAWN_RESULTS


def text(data: bytes | None) -> Text:
    """Decode inputs, a log or a result for reading; JSON is indented."""
    whole = (data or b"").decode("utf-8", "replace")
    size = len(whole)
    if size <= MOST_CHARACTERS and whole[:1] in ("{", "["):
        try:
            whole = json.dumps(json.loads(whole), indent=2, ensure_ascii=False)
        except (ValueError, RecursionError):
            return Text(whole, size)
        size = len(whole)
    return Text(whole[:MOST_CHARACTERS], size)


async def details(runtime: Runtime, job: Job) -> dict[str, Any]:
    """Collect all details of a job."""
    read = runtime.store.payloads.read
    result = await read(job.id, "result") if job.is_final else None
    return {
        "row": row(runtime, job),
        "inputs": text(await read(job.id, "params")),
        "log": text(await read(job.id, "log")),
        "error": text(result) if job.status == FAILED else None,
        "result": text(result) if job.status == COMPLETED else None,
        "interim": runtime.store.jobs.messages(job.id, limit=20),
        "has_circuits": has_circuits(job),
        "has_plot": has_plot(job),
    }


def sessions(runtime: Runtime, user: str) -> list[dict[str, Any]]:
    """List the latest sessions of a user."""
    now = runtime.clock()
    return [
        {
            "session": one,
            "state": "open" if one.takes_jobs(now) else "closed",
            "started": None if one.started is None else _written(one.started),
            "jobs": runtime.store.jobs.count(user, Filter(session=one.id)),
        }
        for one in runtime.store.sessions.of(user, SESSIONS_ON_A_PAGE)
    ]


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def _written(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, timezone.utc).isoformat()
