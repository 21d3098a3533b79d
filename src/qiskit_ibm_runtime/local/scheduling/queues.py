"""The order in which jobs run: one queue for each backend, sessions first within their time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True)
class Ticket:
    """A job that waits."""

    job: str
    session: str | None = None


def next_in_line(waiting: Sequence[Ticket], favoured: str | None) -> int:
    """Index of the job to run next: the first of the favoured session, else the first."""
    if favoured is not None:
        for index, ticket in enumerate(waiting):
            if ticket.session == favoured:
                return index
    return 0


@dataclass
class Queue:
    """What waits for one backend, what runs on it, and the session whose job it ran last."""

    waiting: list[Ticket] = field(default_factory=list)
    running: str | None = None
    session: str | None = None

    def take(self, favoured: str | None) -> Ticket:
        """Remove and return the next job."""
        ticket = self.waiting.pop(next_in_line(self.waiting, favoured))
        self.session = ticket.session
        return ticket

    def remove(self, job_id: str) -> bool:
        """Remove a job; return whether it waited."""
        before = len(self.waiting)
        self.waiting = [ticket for ticket in self.waiting if ticket.job != job_id]
        return len(self.waiting) < before
