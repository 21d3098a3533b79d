"""Rows of the tables: what is measured, and how it is measured."""

from __future__ import annotations

import gc
import importlib
import json
import math
import sys
import time
import tracemalloc
from dataclasses import dataclass
from functools import partial
from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage
from statistics import mean, median
from typing import TYPE_CHECKING, Any, Callable

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping, Sequence

    from benchmarks.standin import StandIn

Call = Callable[..., Any]


@dataclass
class Plan:
    """What a row runs."""

    subject: Call
    floor: Call | None = None
    rounds: int = 7
    prepare: Call | None = None  # not measured; what it returns is passed to subject and floor
    standin: StandIn | None = None  # what one call of the subject asks of it is counted
    peak: bool = False  # whether to measure memory allocated by Python, in runs of their own
    facts: Callable[[], dict[str, Any]] = dict

    def ready(self, call: Call) -> Call:
        """Return a call that lacks nothing but to be measured."""
        return partial(call, self.prepare()) if self.prepare else call


def row(what: str, goal: str, sizes: Sequence[int] = (), **arguments: Any) -> Call:
    """Return a decorator that adds a row: what a function plans with these arguments.

    With sizes, it is a row for each size, which is the first argument.
    """

    def add(plan: Any) -> Any:
        plan.rows = [(what, goal, sizes, arguments), *getattr(plan, "rows", [])]
        return plan

    return add


def plans(group: str) -> list[Any]:
    """Return the functions of a module that plan rows."""
    module = importlib.import_module(f"benchmarks.{group}")
    return [each for each in vars(module).values() if hasattr(each, "rows")]


def cpu_seconds() -> float:
    """Return the CPU time of this process and of those that it started and that ended."""
    usages = getrusage(RUSAGE_SELF), getrusage(RUSAGE_CHILDREN)
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def milliseconds(call: Call) -> tuple[float, float]:
    """Return the wall time and the CPU time of a call."""
    gc.collect()
    started, worked = time.perf_counter(), cpu_seconds()
    call()
    worked = cpu_seconds() - worked
    return 1000 * (time.perf_counter() - started), 1000 * worked


def peak_megabytes(call: Call) -> float:
    tracemalloc.start()
    call()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return round(peak / 1e6, 1)


def exponent(costs: Mapping[int, float]) -> float:
    """Return the slope of cost against size, both in logarithms, through the last three points."""
    x, y = ([math.log(value) for value in list(axis)[-3:]] for axis in (costs, costs.values()))
    return sum((a - mean(x)) * b for a, b in zip(x, y)) / sum((a - mean(x)) ** 2 for a in x)


def measure(plan: Plan) -> Generator[None, None, dict[str, Any]]:
    """Return medians and counts; pauses after each round."""
    calls = {"subject": plan.subject, **({"floor": plan.floor} if plan.floor else {})}
    spent: dict[str, list[tuple[float, float]]] = {name: [] for name in calls}
    try:
        for _ in range(plan.rounds):
            for name, call in calls.items():
                spent[name].append(milliseconds(plan.ready(call)))
            yield
        counts = {}
        if plan.standin:
            call = plan.ready(plan.subject)
            plan.standin.reset()
            call()
            counts = plan.standin.counts()
        if plan.peak:
            for name, call in calls.items():
                counts[f"{name}_peak_MB"] = peak_megabytes(plan.ready(call))
        counts.update(plan.facts())
    finally:
        if plan.standin:
            plan.standin.stop()
    medians = {name: [median(times) for times in zip(*spent[name])] for name in calls}
    return {**medians, "counts": counts}


def lines(plan: Any, part: str) -> Iterator[dict[str, Any] | None]:
    """Yield the figures of each line that a function plans; before, yield None after each round."""
    for what, goal, sizes, arguments in plan.rows:
        costs = {}
        for size in sizes or (0,):
            name = what.format(size)
            if part not in name:
                continue
            try:
                figures = yield from measure(plan(*[size] if size else [], **arguments))
                costs[size] = figures["subject"][1]
                if len(costs) == len(sizes) > 2:
                    figures["counts"]["exponent"] = round(exponent(costs), 2)
            except Exception as exc:  # noqa: BLE001  # another release may lack what a row needs
                figures = {"failed": f"{type(exc).__name__}: {exc}"[:200]}
            yield {"what": name, "goal": goal, **figures}


def serve(group: str, part: str) -> None:
    """Measure rows of a group, as far as the next pause for each line of the input.

    The answers are lines of JSON, so that two interpreters can take turns.
    """
    channel, sys.stdout = sys.stdout, sys.stderr  # what a release prints must not mix in
    measured = (line for plan in plans(group) for line in lines(plan, part))
    for _ in sys.stdin:
        print(json.dumps(next(measured, {})), file=channel, flush=True)
