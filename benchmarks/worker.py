"""Measures the rows of a group in this interpreter, one step for each line of its input.

The steps of a row are ``make N``, then ``subject`` and ``floor`` as often as wanted, ``facts`` and
``close``. Each is answered by one line of JSON, so that two interpreters can take turns.
"""

from __future__ import annotations

import gc
import importlib
import json
import sys
import time
from typing import TYPE_CHECKING, Any, TextIO

from benchmarks.rows import Row

if TYPE_CHECKING:
    from benchmarks.rows import Call, Plan


class Worker:
    """One group, and the row of it that is being measured."""

    def __init__(self, group: str) -> None:
        members = vars(importlib.import_module(f"benchmarks.{group}")).values()
        self.rows = [member for member in members if isinstance(member, Row)]
        self.plan: Plan | None = None

    def step(self, name: str, number: str = "") -> Any:
        if name == "rows":
            return [[entry.what, entry.goal] for entry in self.rows]
        if name == "make":
            self.plan = self.rows[int(number)].make()
            return {"rounds": self.plan.rounds, "floor": self.plan.floor is not None}
        plan = self.plan
        if name == "close":
            self.plan = None
            return plan.close() and None
        if name == "facts":
            return plan.facts()
        return _milliseconds(plan.subject if name == "subject" else plan.floor)


def _milliseconds(call: Call) -> tuple[float, float]:
    """Time that passed, and time that the cores worked for this process."""
    gc.collect()
    started, worked = time.perf_counter(), time.process_time()
    call()
    worked = time.process_time() - worked
    return (time.perf_counter() - started) * 1000, worked * 1000


def serve(group: str, steps: TextIO, answers: TextIO) -> None:
    """Answer steps until there are no more; a row that fails hurts no other."""
    worker = Worker(group)
    for line in steps:
        try:
            answer = {"answer": worker.step(*line.split())}
        except Exception as exc:  # noqa: BLE001  # another release may lack what a row needs
            answer = {"failed": f"{type(exc).__name__}: {exc}"[:200]}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    # What a release prints must not mix with the answers.
    channel, sys.stdout = sys.stdout, sys.stderr
    serve(sys.argv[1], sys.stdin, channel)
