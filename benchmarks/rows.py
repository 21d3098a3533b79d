"""A row of the table: what is measured, and how it is measured."""

from __future__ import annotations

import tracemalloc
from dataclasses import dataclass
from typing import Any, Callable

Call = Callable[[], object]
Facts = Callable[[], "dict[str, object]"]


@dataclass
class Plan:
    """What a row runs: the subject, the floor it is compared with, and facts it counted."""

    subject: Call
    floor: Call | None = None
    rounds: int = 7
    facts: Facts = dict
    close: Call = lambda: None


@dataclass
class Row:
    """One line of the table; ``make`` prepares everything that is not measured."""

    what: str
    goal: str
    make: Callable[[], Plan]


def counted(standin: Any, call: Call) -> Facts:
    """Return the facts of a call: what it asked of a stand-in."""

    def facts() -> dict[str, object]:
        standin.reset()
        call()
        return standin.counts()

    return facts


def peak_of(call: Call) -> tuple[int, Any]:
    """Return the most memory that a call had in use at a time, and what it returned."""
    tracemalloc.start()
    result = call()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak, result
