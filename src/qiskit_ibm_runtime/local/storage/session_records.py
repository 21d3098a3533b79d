"""Sessions as the store keeps them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence


@dataclass(frozen=True)
class Session:
    """A group of jobs on one backend.

    Attributes:
        seconds: How long its jobs go first, once the first one runs.
        started: When its first job began to run.
        mode: ``dedicated`` or ``batch`` if it was opened by itself, empty if by its first job.
        created: When it was opened, if it was by itself.
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
        """Whether its jobs still go first."""
        return self.started is None or now < self.started + self.seconds

    def takes_jobs(self, now: float) -> bool:
        """Whether a job may be submitted to it."""
        return not self.closed and self.within_its_time(now)


class Sessions:
    """The sessions of a store. What writes belongs inside one of the store's transactions."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def add(self, session: Session) -> None:
        """Keep a new session."""
        self._connection.execute(
            "INSERT INTO sessions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *(session.id, session.user, session.instance, session.backend, session.seconds),
                *(session.started, session.closed, session.mode, session.created),
            ),
        )

    def get(self, session_id: str) -> Session | None:
        """Return one session."""
        row = self._connection.execute(
            "SELECT * FROM sessions WHERE id = ?", (session_id,)
        ).fetchone()
        return _session(row) if row else None

    def of(self, user: str, limit: int) -> list[Session]:
        """The latest sessions of a user."""
        rows = self._connection.execute(
            "SELECT * FROM sessions WHERE user = ? ORDER BY id DESC LIMIT ?", (user, limit)
        )
        return [_session(row) for row in rows]

    def start(self, session_id: str, moment: float) -> None:
        """Let its time run, if it does not yet."""
        self._connection.execute(
            "UPDATE sessions SET started = ? WHERE id = ? AND started IS NULL",
            (moment, session_id),
        )

    def close(self, session_id: str) -> None:
        """Take no more jobs."""
        self._connection.execute("UPDATE sessions SET closed = 1 WHERE id = ?", (session_id,))

    def delete_empty(self) -> None:
        """Remove the sessions all of whose jobs are gone, unless they are open without jobs."""
        self._connection.execute(
            "DELETE FROM sessions WHERE (closed OR mode = '') AND id NOT IN "
            "(SELECT session FROM jobs WHERE session IS NOT NULL)"
        )


def _session(row: Sequence[Any]) -> Session:
    session_id, user, instance, backend, seconds, started, closed, mode, created = row
    where = (session_id, user, instance, backend)
    return Session(*where, seconds, started, bool(closed), mode, created)
