"""Queue of one backend: the order in which its jobs run."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Sequence


@dataclass(frozen=True)
class Ticket:
    """Queued job; ``number`` is its place in the order of arrival over all backends."""

    number: int
    job: str
    user: str
    session: str | None = None


@dataclass
class Hold:
    """A session's hold on a backend, which persists between its jobs."""

    user: str
    last_used: float


def next_in_line(
    waiting: Sequence[Ticket], holding: Container[str | None], allowed_user: str | None
) -> int | None:
    """Return the index of the job to run next, or ``None`` if all must wait.

    Args:
        waiting: Jobs that wait for one backend, in order of arrival.
        holding: Sessions that hold the backend; their jobs go first.
        allowed_user: User whose jobs outside of these sessions may run; ``None`` allows all users.
    """
    first = None
    for index, ticket in enumerate(waiting):
        if ticket.session is not None and ticket.session in holding:
            return index
        if first is None and allowed_user in (None, ticket.user):
            first = index
    return first


@dataclass
class Queue:
    """Waiting jobs, running jobs and holding sessions of one backend.

    A device runs one job at a time. While a session holds it, it runs only jobs of the session's
    user, those of the session first. A simulator runs any number of jobs at once, those of
    sessions first.
    """

    is_device: bool
    waiting: list[Ticket] = field(default_factory=list)
    running: dict[str, Ticket] = field(default_factory=dict)
    holds: dict[str, Hold] = field(default_factory=dict)

    def candidate(self) -> Ticket | None:
        """Return the job to run next, or ``None`` if none may run now."""
        if self.is_device and self.running:
            return None
        users = [hold.user for hold in self.holds.values()] if self.is_device else []
        index = next_in_line(self.waiting, self.holds, users[0] if users else None)
        return None if index is None else self.waiting[index]

    def begin(self, ticket: Ticket, now: float, holders: int) -> None:
        """Move a job to running; its session holds the backend if fewer than ``holders`` do."""
        self.waiting.remove(ticket)
        self.running[ticket.job] = ticket
        if ticket.session is None:
            return
        if self.is_device:
            self.holds.clear()  # the same user has moved on to this session
        if ticket.session in self.holds or len(self.holds) < holders:
            self.holds[ticket.session] = Hold(ticket.user, now)

    def end(self, job_id: str, now: float) -> None:
        """Remove a running job that has ended."""
        ticket = self.running.pop(job_id)
        if ticket.session in self.holds:
            self.holds[ticket.session].last_used = now

    def remove(self, job_id: str) -> None:
        """Remove a waiting job; does nothing for other jobs."""
        self.waiting = [ticket for ticket in self.waiting if ticket.job != job_id]

    def release(self, is_over: Callable[[str, Hold, bool], bool]) -> None:
        """Remove the holds that are over.

        Args:
            is_over: Takes the session id, the hold, and whether the session has unfinished jobs.
        """
        if not self.holds:
            return
        busy = {ticket.session for ticket in (*self.waiting, *self.running.values())}
        self.holds = {
            session: hold
            for session, hold in self.holds.items()
            if not is_over(session, hold, session in busy)
        }

    @property
    def is_empty(self) -> bool:
        """Whether nothing waits, runs or holds the backend."""
        return not (self.waiting or self.running or self.holds)
