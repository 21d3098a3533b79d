"""Table of jobs."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from qiskit_ibm_runtime.local.timestamps import new_id, now

from .payloads import encode

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Sequence

    from .payloads import Data, Payloads

QUEUED, RUNNING = "Queued", "Running"
COMPLETED, FAILED, CANCELLED = "Completed", "Failed", "Cancelled"
FINAL = frozenset({COMPLETED, FAILED, CANCELLED})
RAN_TOO_LONG = "Ran too long"
SERVER_STOPPED = "The server was stopped while this job was running."


@dataclass(frozen=True)
class Job:
    """Job without its payloads; the fields are in the order of the columns.

    Attributes:
        details: Fields that are stored and returned, but not queried.
    """

    user: str
    instance: str
    program: str
    backend: str
    session: str | None = None
    id: str = field(default_factory=new_id)
    status: str = QUEUED
    reason: str = ""
    created: str = field(default_factory=now)
    running: str | None = None
    finished: str | None = None
    seconds: float = 0.0
    details: dict[str, Any] = field(default_factory=dict)

    @property
    def is_final(self) -> bool:
        return self.status in FINAL


@dataclass(frozen=True)
class Submission:
    """Submission with an idempotency key.

    Attributes:
        key: The idempotency key.
        digest: Digest of the request.
        job: Id of the job that it created.
        backend: Backend of the job.
    """

    key: str
    digest: str
    job: str
    backend: str


@dataclass(frozen=True)
class Filter:
    """Filter on the jobs of a user; ``None`` matches any value.

    Attributes:
        text: Prefix of an id, or part of a tag.
        among: Programs; an empty sequence matches any program.
    """

    backend: str | None = None
    pending: bool | None = None
    program: str | None = None
    instance: str | None = None
    session: str | None = None
    tags: Sequence[str] = ()
    created_after: str | None = None
    created_before: str | None = None
    status: str | None = None
    text: str | None = None
    among: Sequence[str] = ()

    def where(self, user: str) -> tuple[str, list[object]]:
        """Return an SQL condition and its arguments."""
        equal = {
            "user": user,
            "backend": self.backend,
            "program": self.program,
            "instance": self.instance,
            "session": self.session,
            "status": self.status,
        }
        parts = [(f"{name} = ?", value) for name, value in equal.items() if value is not None]
        if self.created_after is not None:
            parts.append(("created >= ?", self.created_after))
        if self.created_before is not None:
            parts.append(("created <= ?", self.created_before))
        conditions = [condition for condition, _ in parts]
        arguments: list[object] = [value for _, value in parts]
        if self.among:
            conditions.append("program IN (SELECT value FROM json_each(?))")
            arguments.append(json.dumps(list(self.among)))
        if self.tags:
            # A single condition for all tags, because SQLite limits the depth of expressions.
            conditions.append(
                "id IN (SELECT job FROM tags WHERE tag IN (SELECT value FROM json_each(?)) "
                "GROUP BY job HAVING COUNT(*) = ?)"
            )
            tags = sorted(set(self.tags))
            arguments += [json.dumps(tags), len(tags)]
        if self.text is not None:
            conditions.append(
                "(id LIKE ? ESCAPE '!' OR id IN (SELECT job FROM tags WHERE tag LIKE ? ESCAPE '!'))"
            )
            escaped = re.sub("[!%_]", r"!\g<0>", self.text)
            arguments += [f"{escaped}%", f"%{escaped}%"]
        if self.pending is not None:
            conditions.append(f"status {'IN' if self.pending else 'NOT IN'} ('Queued', 'Running')")
        return " AND ".join(conditions), arguments


class Jobs:
    """Jobs of a store. Methods that write must be called inside a transaction of the store."""

    def __init__(self, connection: sqlite3.Connection, payloads: Payloads) -> None:
        self._connection, self._payloads = connection, payloads

    def add(
        self,
        job: Job,
        params: Data,
        source: str | None = None,
        submission: Submission | None = None,
    ) -> None:
        """Add a job with its inputs, the source of its program, and its submission."""
        execute = self._connection.execute
        execute(
            "INSERT INTO jobs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (*list(vars(job).values())[:-1], json.dumps(job.details)),
        )
        self._add_tags(job.id, job.details.get("tags", []))
        self._payloads.put(job.id, "params", params)
        if source is not None:
            self._payloads.put(job.id, "source", encode(source))
        if submission is not None:
            execute(
                "INSERT INTO submissions VALUES (?, ?, ?, ?, ?, ?)",
                (
                    *(job.user, submission.key, submission.digest),
                    *(submission.job, submission.backend, job.created),
                ),
            )

    def _add_tags(self, job_id: str, tags: Iterable[str]) -> None:
        rows = [(job_id, tag) for tag in dict.fromkeys(tags)]
        self._connection.executemany("INSERT INTO tags VALUES (?, ?)", rows)

    def tag(self, job: Job, tags: list[str]) -> None:
        """Replace the tags of a job."""
        details = json.dumps({**job.details, "tags": tags})
        self._connection.execute("UPDATE jobs SET details = ? WHERE id = ?", (details, job.id))
        self._connection.execute("DELETE FROM tags WHERE job = ?", (job.id,))
        self._add_tags(job.id, tags)

    def submission(self, user: str, key: str) -> Submission | None:
        """Return the submission of this user with this key."""
        row = self._connection.execute(
            "SELECT key, digest, job, backend FROM submissions WHERE user = ? AND key = ?",
            (user, key),
        ).fetchone()
        return Submission(*row) if row else None

    def get(self, job_id: str) -> Job | None:
        row = self._connection.execute("SELECT * FROM jobs WHERE id = ?", (job_id,)).fetchone()
        return _job(row) if row else None

    def page(
        self, user: str, wanted: Filter, limit: int, offset: int, *, ascending: bool
    ) -> tuple[list[Job], int]:
        """Return one page of a user's jobs, and their total number."""
        where, arguments = wanted.where(user)
        order = "ASC" if ascending else "DESC"
        rows = self._connection.execute(
            f"SELECT * FROM jobs WHERE {where} ORDER BY id {order} LIMIT ? OFFSET ?",  # noqa: S608
            (*arguments, limit, offset),
        )
        return [_job(row) for row in rows], self.count(user, wanted)

    def count(self, user: str, wanted: Filter) -> int:
        """Return how many jobs of a user match a filter."""
        where, arguments = wanted.where(user)
        counting = f"SELECT COUNT(*) FROM jobs WHERE {where}"  # noqa: S608 - only constants
        return int(self._connection.execute(counting, arguments).fetchone()[0])

    def with_status(self, status: str) -> list[Job]:
        """Return the jobs of all users with this status, oldest first."""
        rows = self._connection.execute(
            "SELECT * FROM jobs WHERE status = ? ORDER BY id", (status,)
        )
        return [_job(row) for row in rows]

    def start(self, job_id: str) -> bool:
        """Mark a job as running; return whether it existed and was queued."""
        changed = self._connection.execute(
            "UPDATE jobs SET status = ?, running = ? WHERE id = ? AND status = ?",
            (RUNNING, now(), job_id, QUEUED),
        ).rowcount
        return bool(changed)

    def finish(
        self,
        job_id: str,
        status: str,
        reason: str = "",
        *,
        result: str | None = None,
        log: str | None = None,
        seconds: float = 0.0,
    ) -> bool:
        """Mark a job as final; return whether it existed and was not final yet."""
        changed = self._connection.execute(
            "UPDATE jobs SET status = ?, reason = ?, finished = ?, seconds = ? "
            "WHERE id = ? AND status IN ('Queued', 'Running')",
            (status, reason, now(), seconds, job_id),
        ).rowcount
        if changed:
            for kind, text in (("result", result), ("log", log)):
                if text:
                    self._payloads.put(job_id, kind, encode(text))
        return bool(changed)

    def add_messages(self, job_id: str, first: int, texts: Iterable[str]) -> None:
        """Add messages that a job published, numbered from ``first``."""
        rows = [
            (job_id, first + index, text.encode("utf-8", "backslashreplace").decode())
            for index, text in enumerate(texts)
        ]
        self._connection.executemany("INSERT INTO messages VALUES (?, ?, ?)", rows)

    def messages(self, job_id: str, first: int = 0, limit: int = -1) -> list[str]:
        """Return the messages of a job, from number ``first`` on."""
        rows = self._connection.execute(
            "SELECT text FROM messages WHERE job = ? AND number >= ? ORDER BY number LIMIT ?",
            (job_id, first, limit),
        )
        return [text for (text,) in rows]

    def delete(self, job_id: str) -> None:
        """Delete a job and its data, but not its submission, so that a repeat is recognized."""
        self._connection.execute("DELETE FROM jobs WHERE id = ?", (job_id,))
        self._connection.execute("DELETE FROM tags WHERE job = ?", (job_id,))
        self._connection.execute("DELETE FROM messages WHERE job = ?", (job_id,))
        self._payloads.drop(job_id)

    def finished_before(self, moment: str) -> list[str]:
        """Return the ids of the jobs that finished before a timestamp."""
        rows = self._connection.execute("SELECT id FROM jobs WHERE finished < ?", (moment,))
        return [job_id for (job_id,) in rows]


def _job(row: Sequence[Any]) -> Job:
    return Job(*[*row[:-1], json.loads(row[-1])])
