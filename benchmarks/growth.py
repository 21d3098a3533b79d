"""How cost grows with the work: ``python -m benchmarks.growth [CURVE ...]``.

Prints the tables of ``docs/benchmarks.md``. Each point is the median of a few runs: time that
passed, work of the process, and the most memory in use at a time, measured in a run of its own. The
exponent is the slope of a straight line through the last three points of work against size, both in
logarithms: 1 is linear.
"""

from __future__ import annotations

import argparse
import gc
import itertools
import math
import os
import statistics
import threading
import time
import warnings
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Callable

from benchmarks.encoding import parameterized
from benchmarks.results import peak_of
from benchmarks.standin import StandIn
from benchmarks.submitting import sampler_on

if TYPE_CHECKING:
    from collections.abc import Iterator


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

    size: int
    call: Callable[[Any], object]
    prepare: Callable[[], Any] = lambda: None
    facts: Callable[[], dict[str, Any]] = dict
    rounds: int = 3


def measure(case: Case) -> Point:
    spent = []
    for _ in range(case.rounds):
        given = case.prepare()
        gc.collect()
        started, worked = time.perf_counter(), time.process_time()
        case.call(given)
        spent.append((time.perf_counter() - started, time.process_time() - worked))
    passed, worked = (statistics.median(values) for values in zip(*spent))
    given = case.prepare()
    peak = peak_of(lambda: case.call(given))[0]
    return Point(case.size, passed, worked, peak, case.facts())


def exponent(points: list[Point]) -> float:
    """Slope of work against size in logarithms, over the last three points."""
    x = [math.log(point.size) for point in points[-3:]]
    y = [math.log(point.worked) for point in points[-3:]]
    middle = statistics.mean(x)
    return sum((a - middle) * b for a, b in zip(x, y)) / sum((a - middle) ** 2 for a in x)


def circuits() -> Iterator[Case]:
    """Circuits submitted in one run: 20 qubits, 60 parameters each."""
    standin = StandIn(latency=0)
    sampler = sampler_on(standin)
    sampler.run(parameterized(1), [[0.1] * 60])
    for number in (1, 10, 100, 1000):

        def run(stock: Any, number: int = number) -> None:
            sampler.run(stock, [[0.1] * 60] * number)

        def facts(number: int = number) -> dict[str, Any]:
            standin.reset()
            run(parameterized(number), number)
            counts = standin.counts()
            return {"requests": counts["requests"], "MB sent": f"{counts['received'] / 1e6:.2f}"}

        yield Case(number, run, lambda number=number: parameterized(number), facts)
    standin.stop()


def backends() -> Iterator[Case]:
    """Backends fetched for the first time: 127 qubits, 50 ms per round trip."""
    for number in (1, 5, 20, 100, 400):
        standin = StandIn(devices=number)

        def facts(standin: StandIn = standin) -> dict[str, Any]:
            service = standin.service()
            standin.reset()
            service.backends()
            counts = standin.counts()
            return {name: counts[name] for name in ("requests", "dependent")}

        yield Case(number, lambda service: service.backends(), standin.service, facts)
        standin.stop()


def jobs() -> Iterator[Case]:
    """Jobs listed: 1 kB of inputs each, 50 ms per round trip."""
    standin = StandIn(inputs=1000)
    service = standin.service()
    for number in (10, 100, 1000, 10_000):

        def facts(number: int = number) -> dict[str, Any]:
            standin.reset()
            service.jobs(limit=number)
            return {"requests": standin.counts()["requests"]}

        yield Case(number, lambda _, number=number: service.jobs(limit=number), facts=facts)
    standin.stop()


def waiting() -> Iterator[Case]:
    """Jobs waited for, one thread each: from the end of all jobs to the last result.

    The service runs in the same process, so that half of the work is its own.
    """
    from tests.jobs.scripted_service import ScriptedService

    numbers = itertools.count()
    for number in (1, 10, 100, 500):
        service = ScriptedService()
        over = threading.Event()
        service.on_stream = partial(_stream, over)

        threads_of_ours: list[int] = []

        def prepare(
            number: int = number,
            service: Any = service,
            over: Any = over,
            seen: list[int] = threads_of_ours,
        ) -> Any:
            first = service.job("first")
            client = first._api_client
            over.clear()
            waited = [service.job(f"w{next(numbers)}", api_client=client) for _ in range(number)]
            service.results.update({job.job_id(): '"done"' for job in waited})
            threads = [threading.Thread(target=job.result) for job in waited]
            for thread in threads:
                thread.start()
            time.sleep(1 + number / 100)
            seen.append(_ours())
            return waited, threads

        def end(given: Any, service: Any = service, over: Any = over) -> None:
            waited, threads = given
            for job in waited:
                service.end(job.job_id())
            over.set()
            for thread in threads:
                thread.join()

        facts = lambda seen=threads_of_ours: {"additional threads": max(seen)}  # noqa: E731
        yield Case(number, end, prepare, facts, rounds=1)
        service.__exit__(None)


def _stream(over: threading.Event, peer: Any) -> None:
    peer.send("ACK")
    over.wait()
    peer.close()


def _ours() -> int:
    return sum(thread.name.startswith("job-") for thread in threading.enumerate())


def _results(kind: str, sizes: tuple[int, ...]) -> Iterator[Case]:
    for size in sizes:
        standin = StandIn(latency=0, result=f"{kind} {size}")
        service = standin.service()
        service.job("job0").result()  # the stand-in makes it now
        yield Case(
            size,
            lambda service: service.job("job0").result(),
            lambda service=service: service,
            rounds=1 if size > 10**8 else 3,
        )
        standin.stop()


def texts() -> Iterator[Case]:
    """Bytes of a result that is one string."""
    return _results("text", (1000, 100_000, 10_000_000, 100_000_000, 500_000_000))


def distributions() -> Iterator[Case]:
    """Bytes of a result of quasi-distributions over 40 bits.

    They end at 100 MB: five times as many would need 2 GB and, to be traced, several times that.
    """
    return _results("quasi", (100_000, 1_000_000, 10_000_000, 100_000_000))


CURVES = (circuits, backends, jobs, waiting, texts, distributions)


def table(curve: Callable[[], Iterator[Case]]) -> str:
    """One curve in Markdown."""
    points = [measure(case) for case in curve()]
    names = list(points[0].facts)
    title = (curve.__doc__ or "").strip().partition("\n")[0]
    lines = [
        f"**{title}** Exponent {exponent(points):.2f}.",
        "",
        "| size | ms | CPU ms | peak MB |" + "".join(f" {name} |" for name in names),
        "|---:|---:|---:|---:|" + "---:|" * len(names),
    ]
    for point in points:
        times = f"{point.passed * 1000:.1f} | {point.worked * 1000:.1f} | {point.peak / 1e6:.1f}"
        facts = "".join(f" {value} |" for value in point.facts.values())
        lines.append(f"| {point.size:,} | {times} |{facts}")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.growth", description=__doc__)
    names = [curve.__name__ for curve in CURVES]
    parser.add_argument("curves", nargs="*", metavar="CURVE", help=", ".join(names))
    given = parser.parse_args().curves or names
    warnings.simplefilter("ignore")
    for curve in CURVES:
        if curve.__name__ in given:
            load = f"{os.getloadavg()[0]:.1f}"
            print(f"\n{table(curve)}\n\n(load {load})", flush=True)


if __name__ == "__main__":
    main()
