"""A row of the table: what is measured, and how it is measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable

Call = Callable[[], object]


@dataclass
class Plan:
    """What a row runs: the subject, the floor it is compared with, and facts it counted."""

    subject: Call
    floor: Call | None = None
    rounds: int = 7
    facts: Callable[[], dict[str, object]] = dict
    close: Call = lambda: None


@dataclass
class Row:
    """One line of the table; ``make`` prepares everything that is not measured."""

    what: str
    goal: str
    make: Callable[[], Plan]


def row(what: str, goal: str) -> Callable[[Callable[[], Plan]], Row]:
    """Declare a row above the function that prepares it."""
    return lambda make: Row(what, goal, make)
