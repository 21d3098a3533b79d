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

from benchmarks.standin import PYTHON

GROUPS = (
    "imports",
    "header",
    "encoding",
    "options",
    "starting",
    "devices",
    "jobs",
    "submitting",
    "waiting",
    "results",
    "embedded",
    "inprocess",
)
HERE = Path(__file__).resolve().parent


class StepError(Exception):
    """A step of a row failed, which ends the row there."""


class Interpreter:
    """A worker of one group in an interpreter, and what it measured of the present row."""

    def __init__(self, python: str, group: str) -> None:
        places = [str(HERE.parent)]
        if python == sys.executable:
            places.append(str(HERE.parent / "src"))
        self._process = subprocess.Popen(
            [python, "-W", "ignore", "-m", "benchmarks.worker", group],
            env={**os.environ, PYTHON: sys.executable, "PYTHONPATH": os.pathsep.join(places)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, step: str) -> Any:
        """Let the worker take a step.

        Raises:
            StepError: If it cannot.
        """
        try:
            self._process.stdin.write(f"{step}\n")
            self._process.stdin.flush()
            answer = json.loads(self._process.stdout.readline())
        except (OSError, ValueError) as exc:
            raise StepError(f"The interpreter ended while it was asked for {step!r}.") from exc
        if "failed" in answer:
            raise StepError(answer["failed"])
        return answer["answer"]

    def end(self) -> None:
        self._process.communicate()


class Measured:
    """One row in one interpreter."""

    def __init__(self, interpreter: Interpreter, number: int) -> None:
        self._interpreter, self._number = interpreter, number
        self.times: dict[str, list[tuple[float, float]]] = {"subject": [], "floor": []}
        self.facts: dict[str, Any] = {}
        self.failure = ""
        self.rounds, self.has_floor = 0, False
        made = self._try(f"make {number}")
        if made:
            self.rounds, self.has_floor = made["rounds"], made["floor"]

    def _try(self, step: str) -> Any:
        if not self.failure:
            try:
                return self._interpreter.ask(step)
            except StepError as exc:
                self.failure = str(exc)
        return None

    def turn(self, what: str) -> None:
        spent = self._try(what)
        if spent is not None:
            self.times[what].append(spent)

    def finish(self) -> None:
        self.facts = self._try("facts") or {}
        if self.rounds:
            try:
                self._interpreter.ask("close")
            except StepError as exc:
                self.failure = self.failure or str(exc)

    def time(self, what: str = "subject") -> tuple[float, float] | None:
        """Medians of the time that passed and of the work of the process, in milliseconds."""
        if self.failure or not self.times[what]:
            return None
        passed, worked = zip(*self.times[what])
        return median(passed), median(worked)


def main() -> None:
    """Measure the groups asked for and print one table for each."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("groups", nargs="*", metavar="GROUP", help=", ".join(GROUPS))
    parser.add_argument("--against", metavar="PYTHON", help="an interpreter with another release")
    given = parser.parse_args()
    _print_machine()
    for group in given.groups or GROUPS:
        print(f"\n{group}", flush=True)
        pythons = [sys.executable, *([given.against] if given.against else [])]
        interpreters = [Interpreter(python, group) for python in pythons]
        for number, (what, goal) in enumerate(interpreters[0].ask("rows")):
            print(_line(what, goal, *_measured(interpreters, number)), flush=True)
        for interpreter in interpreters:
            interpreter.end()


def _measured(interpreters: list[Interpreter], number: int) -> list[Measured]:
    """Measure a row in all interpreters, in turns."""
    rows = [Measured(interpreter, number) for interpreter in interpreters]
    for _ in range(rows[0].rounds):
        for measured in rows:
            measured.turn("subject")
        if rows[0].has_floor:
            rows[0].turn("floor")
    for measured in rows:
        measured.finish()
    return rows


def _print_machine() -> None:
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    print(
        f"Python {sys.version.split()[0]}, {os.cpu_count()} cores{load}. Medians in ms of the time "
        "that passed and, in brackets, of the work of the process."
    )


def _line(what: str, goal: str, ours: Measured, theirs: Measured | None = None) -> str:
    spent = ours.time()
    if spent is None:
        return f"  {what:<58} failed: {ours.failure}"
    floor = ours.time("floor")
    text = f"  {what:<58} {_times(spent)}  floor {_times(floor) if floor else '-':<19}"
    text += f"  goal {goal:<36}{_facts(ours)}"
    if theirs is None:
        return text
    other = theirs.time()
    if other is None:
        return f"{text}  other failed: {theirs.failure}"
    return f"{text}  other {_times(other)} = {other[0] / spent[0]:.1f} x{_facts(theirs)}"


def _times(times: tuple[float, float]) -> str:
    return f"{times[0]:>9.2f} ({times[1]:>7.2f})"


def _facts(measured: Measured) -> str:
    return "".join(f" {name}={value}" for name, value in measured.facts.items())


if __name__ == "__main__":
    main()
