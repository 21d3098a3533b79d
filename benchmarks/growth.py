"""How cost grows with the work: ``python -m benchmarks.growth [CURVE ...]``.

Prints the tables of ``docs/benchmarks.md``. Each point is the median of a few runs: time that
passed, work of the process, and the most memory in use at a time, measured in a run of its own. The
exponent is the slope of a straight line through the last three points of work against size, both in
logarithms: 1 is linear.
"""

from __future__ import annotations

import argparse
import itertools
import math
import os
import statistics
import threading
import time
import warnings
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Callable

from benchmarks.encoding import parameterized
from benchmarks.rows import peak_of
from benchmarks.standin import StandIn
from benchmarks.submitting import sampler_on
from benchmarks.worker import milliseconds


@dataclass
class Point:
    """What was measured at one size."""

    size: int
    passed: float
    worked: float
    peak: int
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass
class Case:
    """A call at one size; ``prepare`` makes what each run takes, and is not measured."""

    call: Callable[[Any], object]
    prepare: Callable[[], Any] = lambda: None
    standin: StandIn | None = None
    counts: tuple[str, ...] = ()
    facts: dict[str, Any] = field(default_factory=dict)
    rounds: int = 3


def measure(size: int, case: Case) -> Point:
    spent = [milliseconds(partial(case.call, case.prepare())) for _ in range(case.rounds)]
    given, facts = case.prepare(), case.facts
    if case.standin:
        case.standin.reset()
    peak = peak_of(lambda: case.call(given))[0]
    if case.standin:
        counts = case.standin.counts()
        facts = {name: counts[name] for name in case.counts}
        case.standin.stop()
    return Point(size, *map(statistics.median, zip(*spent)), peak, facts)


def exponent(points: list[Point]) -> float:
    """Slope of work against size in logarithms, over the last three points."""
    x = [math.log(point.size) for point in points[-3:]]
    y = [math.log(point.worked) for point in points[-3:]]
    middle = statistics.mean(x)
    return sum((a - middle) * b for a, b in zip(x, y)) / sum((a - middle) ** 2 for a in x)


def submitted(number: int) -> Case:
    standin = StandIn(latency=0)
    sampler = sampler_on(standin)

    def run(circuits: list[Any]) -> None:
        sampler.run(circuits, [[0.1] * 60] * len(circuits))

    run(parameterized(1))
    return Case(run, partial(parameterized, number), standin, ("requests", "received"))


def fetched(number: int) -> Case:
    standin = StandIn(devices=number)
    services = iter([standin.service() for _ in range(4)])
    counts = ("requests", "dependent")
    return Case(lambda service: service.backends(), partial(next, services), standin, counts)


def listed(number: int) -> Case:
    standin = StandIn(inputs=1000)
    service = standin.service()
    return Case(lambda _: service.jobs(limit=number), standin=standin, counts=("requests",))


def waited_for(number: int) -> Case:
    """The service runs in the same process, so that half of the work is its own."""
    from tests.jobs.scripted_service import Peer, ScriptedService

    from benchmarks.waiting import wait_for

    service, over, numbers = ScriptedService(), threading.Event(), itertools.count()
    facts = {"additional threads": 0}

    def stream(peer: Peer) -> None:
        peer.send("ACK")
        over.wait()
        peer.close()

    def prepare() -> dict[str, threading.Thread]:
        over.clear()
        threads = wait_for(service, [f"w{next(numbers)}" for _ in range(number)])
        time.sleep(1 + number / 100)
        ours = sum(thread.name.startswith("job-") for thread in threading.enumerate())
        facts["additional threads"] = max(ours, facts["additional threads"])
        return threads

    def end(threads: dict[str, threading.Thread]) -> None:
        for name in threads:
            service.end(name)
        over.set()
        for thread in threads.values():
            thread.join()

    service.on_stream = stream
    return Case(end, prepare, facts=facts, rounds=1)


def result_of(kind: str, size: int) -> Case:
    standin = StandIn(latency=0, result=f"{kind} {size}")
    service = standin.service()
    service.job("job0").result()
    rounds = 1 if size > 10**8 else 3
    return Case(lambda _: service.job("job0").result(), standin=standin, rounds=rounds)


CURVES: dict[str, tuple[str, tuple[int, ...], Callable[[int], Case]]] = {
    "circuits": (
        "Circuits submitted in one run: 20 qubits, 60 parameters each.",
        (1, 10, 100, 1000),
        submitted,
    ),
    "backends": (
        "Backends fetched for the first time: 127 qubits, 50 ms per round trip.",
        (1, 5, 20, 100, 400),
        fetched,
    ),
    "jobs": (
        "Jobs listed: 1 kB of inputs each, 50 ms per round trip.",
        (10, 100, 1000, 10_000),
        listed,
    ),
    "waiting": (
        "Jobs waited for, one thread each: from the end of all jobs to the last result.",
        (1, 10, 100, 500),
        waited_for,
    ),
    "texts": (
        "Bytes of a result that is one string.",
        (1000, 100_000, 10_000_000, 100_000_000, 500_000_000),
        partial(result_of, "text"),
    ),
    # Five times as many would need 2 GB and, to be traced, several times that.
    "distributions": (
        "Bytes of a result of quasi-distributions over 40 bits.",
        (100_000, 1_000_000, 10_000_000, 100_000_000),
        partial(result_of, "quasi"),
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
        title, sizes, make = CURVES[curve]
        points = [measure(size, make(size)) for size in sizes]
        print(f"\n{table(title, points)}\n\n(load {os.getloadavg()[0]:.1f})", flush=True)


if __name__ == "__main__":
    main()
