"""Print the table: ``python -m benchmarks [GROUP ...] [--against PYTHON]``.

``--against`` names the interpreter of an environment that holds another ``qiskit_ibm_runtime``. The
two take turns, round by round, and the last column says how many times longer the other takes. Rows
that look inside this release fail there, and say so.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from statistics import median
from typing import Any

GROUPS = (
    *("imports", "header", "encoding", "options", "starting", "devices"),
    *("jobs", "submitting", "waiting", "results", "embedded", "inprocess"),
)
ROOT = Path(__file__).resolve().parents[1]


class Interpreter:
    """A worker of one group in an interpreter, and what it measured of the present row."""

    def __init__(self, python: str, group: str) -> None:
        places = [str(ROOT), *([str(ROOT / "src")] if python == sys.executable else [])]
        self.process = subprocess.Popen(
            [python, "-W", "ignore", "-m", "benchmarks.worker", group],
            env={
                **os.environ,
                "BENCHMARKS_PYTHON": sys.executable,
                "PYTHONPATH": os.pathsep.join(places),
            },
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.failure = ""

    def take(self, step: str) -> Any:
        """Return the answer to a step; the first failure ends the row."""
        if self.failure:
            return None
        try:
            self.process.stdin.write(f"{step}\n")
            self.process.stdin.flush()
            answer = json.loads(self.process.stdout.readline())
        except (OSError, ValueError):
            answer = {"failed": f"The interpreter ended while it was asked for {step!r}."}
        self.failure = answer.get("failed", "")
        return answer.get("answer")

    def begin(self, number: int) -> dict[str, Any]:
        self.failure = ""
        self.times: dict[str, list[list[float]]] = {"subject": [], "floor": []}
        return self.take(f"make {number}") or {"rounds": 0, "floor": False}

    def turn(self, what: str) -> None:
        self.times[what] += filter(None, [self.take(what)])

    def finish(self) -> None:
        facts = self.take("facts") or {}
        self.facts = "".join(f" {name}={value}" for name, value in facts.items())

    def time(self, what: str = "subject") -> list[float]:
        """Medians of the time that passed and of the work of the process, in milliseconds."""
        return [median(values) for values in zip(*self.times[what])]


def measure(interpreters: list[Interpreter], number: int) -> None:
    """Measure a row in all interpreters, in turns."""
    plan, *_ = [interpreter.begin(number) for interpreter in interpreters]
    for _ in range(plan["rounds"]):
        for interpreter in interpreters:
            interpreter.turn("subject")
        if plan["floor"]:
            interpreters[0].turn("floor")
    for interpreter in interpreters:
        interpreter.finish()


def line(what: str, goal: str, ours: Interpreter, theirs: Interpreter | None = None) -> str:
    if ours.failure:
        return f"  {what:<58} failed: {ours.failure}"
    floor = ours.time("floor")
    text = f"  {what:<58} {_times(ours.time())}  floor {_times(floor) if floor else '-':<19}"
    text += f"  goal {goal:<36}{ours.facts}"
    if theirs is None:
        return text
    if theirs.failure:
        return f"{text}  other failed: {theirs.failure}"
    ratio = theirs.time()[0] / ours.time()[0]
    return f"{text}  other {_times(theirs.time())} = {ratio:.1f} x{theirs.facts}"


def _times(times: list[float]) -> str:
    return f"{times[0]:>9.2f} ({times[1]:>7.2f})"


def main() -> None:
    """Measure the groups asked for and print one table for each."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("groups", nargs="*", metavar="GROUP", help=", ".join(GROUPS))
    parser.add_argument("--against", metavar="PYTHON", help="an interpreter with another release")
    given = parser.parse_args()
    print(
        f"Python {sys.version.split()[0]}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}. "
        "Medians in ms of the time that passed and, in brackets, of the work of the process."
    )
    for group in given.groups or GROUPS:
        print(f"\n{group}", flush=True)
        pythons = filter(None, (sys.executable, given.against))
        interpreters = [Interpreter(python, group) for python in pythons]
        for number, (what, goal) in enumerate(interpreters[0].take("rows") or []):
            measure(interpreters, number)
            print(line(what, goal, *interpreters), flush=True)
        for interpreter in interpreters:
            interpreter.process.communicate()


if __name__ == "__main__":
    main()
