"""Measures the rows of a group in this interpreter, one step for each line of its input.

The steps of a row are ``make N``, then ``subject`` and ``floor`` as often as wanted, and ``facts``.
Each is answered by one line of JSON, so that two interpreters can take turns.
"""

from __future__ import annotations

import gc
import importlib
import json
import sys
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from benchmarks.rows import Call, Plan, Row


class Worker:
    """One group, and the row of it that is being measured."""

    def __init__(self, group: str) -> None:
        self.rows: list[Row] = importlib.import_module(f"benchmarks.{group}").ROWS
        self.plan: Plan | None = None

    def step(self, name: str, number: str = "") -> Any:
        if name == "rows":
            return [[entry.what, entry.goal] for entry in self.rows]
        if name == "make":
            self.plan = None
            self.plan = self.rows[int(number)].make()
            return {"rounds": self.plan.rounds, "floor": self.plan.floor is not None}
        if name == "facts":
            try:
                return self.plan.counts()
            finally:
                self.plan.end()
        return milliseconds(self.plan.ready(name))


def milliseconds(call: Call) -> tuple[float, float]:
    """Time that passed, and time that the cores worked for this process."""
    gc.collect()
    started, worked = time.perf_counter(), time.process_time()
    call()
    worked = time.process_time() - worked
    return (time.perf_counter() - started) * 1000, worked * 1000


def main() -> None:
    """Answer steps until there are no more; a row that fails hurts no other."""
    channel, sys.stdout = sys.stdout, sys.stderr  # what a release prints must not mix in
    worker = Worker(sys.argv[1])
    for line in sys.stdin:
        try:
            answer = {"answer": worker.step(*line.split())}
        except Exception as exc:  # noqa: BLE001  # another release may lack what a row needs
            answer = {"failed": f"{type(exc).__name__}: {exc}"[:200]}
        print(json.dumps(answer), file=channel, flush=True)


if __name__ == "__main__":
    main()
