"""Table of sessions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence


@dataclass(frozen=True)
class Session:
    """Group of jobs on one backend; the fields are in the order of the columns.

    Attributes:
        seconds: How long its jobs have priority, from the start of the first one.
        started: When its first job started, in seconds since 1970.
        closed: Whether it accepts no more jobs.
        mode: ``dedicated`` or ``batch`` if opened by a request, empty if opened by its first job.
        created: Timestamp of that request.
    """

    id: str
    user: str
    instance: str
    backend: str
    seconds: float
    started: float | None = None
    closed: bool = False
    mode: str = ""
    created: str = ""

    def within_its_time(self, now: float) -> bool:
        """Return whether its jobs still have priority."""
        return self.started is None or now < self.started + self.seconds

    def takes_jobs(self, now: float) -> bool:
        """Return whether it accepts new jobs."""
        return not self.closed and self.within_its_time(now)


class Sessions:
    """Sessions of a store. Methods that write must be called inside a transaction of the store."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def add(self, session: Session) -> None:
        self._connection.execute(
            "INSERT INTO sessions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            tuple(vars(session).values()),
        )

    def get(self, session_id: str) -> Session | None:
        row = self._connection.execute(
            "SELECT * FROM sessions WHERE id = ?", (session_id,)
        ).fetchone()
        return _session(row) if row else None

    def of(self, user: str, limit: int) -> list[Session]:
        """Return the latest sessions of a user."""
        rows = self._connection.execute(
            "SELECT * FROM sessions WHERE user = ? ORDER BY id DESC LIMIT ?", (user, limit)
        )
        return [_session(row) for row in rows]

    def start(self, session_id: str, moment: float) -> None:
        """Start the clock of a session, unless it runs already."""
        self._connection.execute(
            "UPDATE sessions SET started = ? WHERE id = ? AND started IS NULL",
            (moment, session_id),
        )

    def close(self, session_id: str) -> None:
        """Close a session for new jobs."""
        self._connection.execute("UPDATE sessions SET closed = 1 WHERE id = ?", (session_id,))

    def delete_empty(self) -> None:
        """Delete sessions without jobs, unless they were opened by a request and are still open."""
        self._connection.execute(
            "DELETE FROM sessions WHERE (closed OR mode = '') AND id NOT IN "
            "(SELECT session FROM jobs WHERE session IS NOT NULL)"
        )


def _session(row: Sequence[Any]) -> Session:
    session_id, user, instance, backend, seconds, started, closed, mode, created = row
    where = (session_id, user, instance, backend)
    return Session(*where, seconds, started, bool(closed), mode, created)
