"""A row of the table: what is measured, and how it is measured."""

from __future__ import annotations

import gc
import statistics
import time
from dataclasses import dataclass, field
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


@dataclass
class Figure:
    """What a row showed, times in milliseconds."""

    what: str
    goal: str
    median: float
    least: float
    floor: float | None = None
    facts: dict[str, object] = field(default_factory=dict)


def row(what: str, goal: str) -> Callable[[Callable[[], Plan]], Row]:
    """Declare a row above the function that prepares it."""
    return lambda make: Row(what, goal, make)


def measure(row: Row) -> Figure:
    """Run subject and floor in turns and keep their medians."""
    plan = row.make()
    try:
        subject, floor = [], []
        for _ in range(plan.rounds):
            subject.append(_milliseconds(plan.subject))
            if plan.floor is not None:
                floor.append(_milliseconds(plan.floor))
        return Figure(
            row.what,
            row.goal,
            statistics.median(subject),
            min(subject),
            statistics.median(floor) if floor else None,
            plan.facts(),
        )
    finally:
        plan.close()


def _milliseconds(call: Call) -> float:
    gc.collect()
    started = time.perf_counter()
    call()
    return (time.perf_counter() - started) * 1000
