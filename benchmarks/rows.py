"""A row of the table: what is measured, and how it is measured."""

from __future__ import annotations

import tracemalloc
from dataclasses import dataclass
from functools import partial
from typing import Any, Callable

Call = Callable[..., object]


@dataclass
class Plan:
    """What a row runs: the subject, the floor it is compared with, and facts it counted.

    What ``prepare`` returns, anew for each call, is handed to the subject and to the floor. What a
    call asks of a stand-in is counted.
    """

    subject: Call
    floor: Call | None = None
    rounds: int = 7
    prepare: Call | None = None
    standin: Any = None
    facts: Callable[[], dict[str, object]] = dict

    def ready(self, what: str = "subject") -> Call:
        """Return a call that lacks nothing but to be measured."""
        call = getattr(self, what)
        return partial(call, self.prepare()) if self.prepare else call

    def counts(self) -> dict[str, object]:
        """Return the facts, and what one call asked of the stand-in."""
        if self.standin is None:
            return self.facts()
        call = self.ready()
        self.standin.reset()
        call()
        return {**self.standin.counts(), **self.facts()}

    def end(self) -> None:
        if self.standin is not None:
            self.standin.stop()


@dataclass
class Row:
    """One line of the table; ``make`` prepares everything that is not measured."""

    what: str
    goal: str
    make: Callable[[], Plan]


def peak_of(call: Call) -> tuple[int, Any]:
    """Return the most memory that a call had in use at a time, and what it returned."""
    tracemalloc.start()
    result = call()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak, result
