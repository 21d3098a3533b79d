"""How cost grows with the work: ``python -m benchmarks.growth [CURVE ...]``.

Prints the tables of ``docs/benchmarks.md``. Each point is the median of a few runs: time that
passed, work of the process, and the most memory in use at a time, measured in a run of its own. The
exponent is the slope of a straight line through the last three points of work against size, both in
logarithms: 1 is linear.
"""

from __future__ import annotations

import argparse
import math
import os
import warnings
from dataclasses import dataclass, field
from statistics import mean, median
from typing import Any, Callable

from benchmarks.devices import every, first
from benchmarks.jobs import listed
from benchmarks.results import fetched
from benchmarks.rows import Plan, peak_of
from benchmarks.submitting import submitted
from benchmarks.waiting import together
from benchmarks.worker import milliseconds


@dataclass
class Point:
    """What was measured at one size."""

    size: int
    passed: float
    worked: float
    peak: int
    facts: dict[str, Any] = field(default_factory=dict)


def measure(size: int, plan: Plan, facts: tuple[str, ...]) -> Point:
    spent = [milliseconds(plan.ready()) for _ in range(plan.rounds)]
    peak = peak_of(plan.ready())[0]
    counted = plan.counts() if facts else {}
    plan.end()
    passed, worked = map(median, zip(*spent))
    return Point(size, passed, worked, peak, {name: counted[name] for name in facts})


def exponent(points: list[Point]) -> float:
    """Slope of work against size in logarithms, over the last three points."""
    x = [math.log(point.size) for point in points[-3:]]
    y = [math.log(point.worked) for point in points[-3:]]
    middle = mean(x)
    return sum((a - middle) * b for a, b in zip(x, y)) / sum((a - middle) ** 2 for a in x)


# Title, sizes, plan of a size, and which facts are shown.
CURVES: dict[str, tuple[str, tuple[int, ...], Callable[[int], Plan], tuple[str, ...]]] = {
    "circuits": (
        "Circuits submitted in one run: 20 qubits, 60 parameters each.",
        (1, 10, 100, 1000),
        lambda size: submitted(size, rounds=3),
        ("requests", "received"),
    ),
    "backends": (
        "Backends fetched for the first time: 127 qubits, 50 ms per round trip.",
        (1, 5, 20, 100, 400),
        lambda size: first(every, rounds=3, devices=size),
        ("requests", "dependent"),
    ),
    "jobs": (
        "Jobs listed: 1 kB of inputs each, 50 ms per round trip.",
        (10, 100, 1000, 10_000),
        lambda size: listed(1000, size),
        ("requests",),
    ),
    "waiting": (
        "Jobs waited for, one thread each: from the end of all jobs to the last result.",
        (1, 10, 100, 500),
        together,
        ("additional threads",),
    ),
    "texts": (
        "Bytes of a result that is one string.",
        (1000, 100_000, 10_000_000, 100_000_000, 500_000_000),
        lambda size: fetched(f"text {size}"),
        (),
    ),
    # Five times as many would need 2 GB and, to be traced, several times that.
    "distributions": (
        "Bytes of a result of quasi-distributions over 40 bits.",
        (100_000, 1_000_000, 10_000_000, 100_000_000),
        lambda size: fetched(f"quasi {size}"),
        (),
    ),
}


def table(title: str, points: list[Point]) -> str:
    """One curve in Markdown."""
    names = ["size", "ms", "CPU ms", "peak MB", *points[0].facts]
    lines = [f"**{title}** Exponent {exponent(points):.2f}.\n", f"| {' | '.join(names)} |"]
    lines.append(f"|{'---:|' * len(names)}")
    for point in points:
        cells = [f"{point.size:,}", f"{point.passed:.1f}", f"{point.worked:.1f}"]
        cells += [f"{point.peak / 1e6:.1f}", *map(str, point.facts.values())]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.growth", description=__doc__)
    parser.add_argument("curves", nargs="*", metavar="CURVE", help=", ".join(CURVES))
    warnings.simplefilter("ignore")
    for curve in parser.parse_args().curves or CURVES:
        title, sizes, make, facts = CURVES[curve]
        points = [measure(size, make(size), facts) for size in sizes]
        print(f"\n{table(title, points)}\n\n(load {os.getloadavg()[0]:.1f})", flush=True)


if __name__ == "__main__":
    main()
