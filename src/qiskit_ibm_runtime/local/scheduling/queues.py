"""The order in which jobs run on one backend."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Sequence


@dataclass(frozen=True)
class Ticket:
    """A job that waits; ``number`` counts the jobs of all backends as they come."""

    number: int
    job: str
    user: str
    session: str | None = None


@dataclass
class Hold:
    """The claim of a session on a backend, between its jobs too."""

    user: str
    last_used: float


def next_in_line(
    waiting: Sequence[Ticket], holding: Container[str | None], admitted: str | None
) -> int | None:
    """Return the index of the job to run next, or ``None`` if all must wait.

    Args:
        waiting: What waits for one backend, in the order of arrival.
        holding: Sessions that hold the backend; their jobs go first.
        admitted: The user whose other jobs may run; everybody's if it is ``None``.
    """
    first = None
    for index, ticket in enumerate(waiting):
        if ticket.session is not None and ticket.session in holding:
            return index
        if first is None and admitted in (None, ticket.user):
            first = index
    return first


@dataclass
class Queue:
    """What waits for one backend, what runs on it, and which sessions hold it.

    A device runs one job at a time, and between the jobs of the session that holds it only other
    jobs of the same user. A simulator runs any number; jobs of its sessions only go first.
    """

    is_device: bool
    waiting: list[Ticket] = field(default_factory=list)
    running: dict[str, Ticket] = field(default_factory=dict)
    holds: dict[str, Hold] = field(default_factory=dict)

    def candidate(self) -> Ticket | None:
        """The job to run next, if one may run now."""
        if self.is_device and self.running:
            return None
        users = [hold.user for hold in self.holds.values()] if self.is_device else []
        index = next_in_line(self.waiting, self.holds, users[0] if users else None)
        return None if index is None else self.waiting[index]

    def begin(self, ticket: Ticket, now: float, holders: int) -> None:
        """Let the candidate run; its session holds the backend if fewer than ``holders`` do."""
        self.waiting.remove(ticket)
        self.running[ticket.job] = ticket
        if ticket.session is None:
            return
        if self.is_device:
            self.holds.clear()  # of the same user, who has gone on to this session
        if ticket.session in self.holds or len(self.holds) < holders:
            self.holds[ticket.session] = Hold(ticket.user, now)

    def end(self, job_id: str, now: float) -> None:
        """Note that a job has ended."""
        ticket = self.running.pop(job_id)
        if ticket.session in self.holds:
            self.holds[ticket.session].last_used = now

    def remove(self, job_id: str) -> None:
        """Remove a job that waits, if it does."""
        self.waiting = [ticket for ticket in self.waiting if ticket.job != job_id]

    def release(self, is_over: Callable[[str, Hold, bool], bool]) -> None:
        """End the holds that are over, by session, hold, and whether a job waits or runs in it."""
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
        """Whether it may be forgotten."""
        return not (self.waiting or self.running or self.holds)
