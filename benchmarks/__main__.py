"""Print the tables: ``python -m benchmarks [GROUP ...] [--rows TEXT] [--against PYTHON]``.

``--against`` names the interpreter of an environment with another ``qiskit_ibm_runtime``. Both take
turns, round by round, and the last column says how many times longer the other takes. Rows that use
internals of this release fail there, and say so. Times are medians in ms of wall time and, in
parentheses, of the CPU time of the process.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

GROUPS = ("client", "encoding", "service", "waiting", "embedded", "cluster")
COLUMNS = ("what", "time (CPU)", "floor", "counts", "goal")
ROOT = Path(__file__).resolve().parents[1]


class Interpreter:
    """A process that measures the rows of one group."""

    def __init__(self, python: str, group: str, part: str) -> None:
        code = f"from benchmarks import rows; rows.serve({group!r}, {part!r})"
        places = [ROOT, ROOT / "src"] if python == sys.executable else [ROOT]
        self.process = subprocess.Popen(
            [python, "-W", "ignore", "-c", code],
            env={
                **os.environ,
                "BENCHMARKS_PYTHON": sys.executable,
                "PYTHONPATH": os.pathsep.join(map(str, places)),
            },
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def step(self) -> dict[str, Any] | None:
        """Measure one round; return the figures of a row after its last, and {} after all rows."""
        try:
            self.process.stdin.write("\n")
            self.process.stdin.flush()
            return json.loads(self.process.stdout.readline())
        except (OSError, ValueError):
            return {}


def next_row(interpreters: list[Interpreter]) -> list[dict[str, Any]]:
    """Measure a row in all interpreters, in turns; return the figures of each."""
    figures: list[Any] = [None] * len(interpreters)
    while None in figures:
        figures = [
            interpreter.step() if found is None else found
            for interpreter, found in zip(interpreters, figures)
        ]
    return figures


def line(ours: dict[str, Any], *others: dict[str, Any]) -> str:
    """Return a row in Markdown."""
    cells = [f"{ours['what']:<56}", *_cells(ours), ours["goal"]]
    for other in others:
        cells += _cells(other)
        if "subject" in ours and "subject" in other:
            cells.append(f"{other['subject'][0] / ours['subject'][0]:.2f} x")
    return f"| {' | '.join(cells)} |"


def _cells(figures: dict[str, Any]) -> list[str]:
    """Return the times and the counts of a row in one interpreter."""
    if "subject" not in figures:
        return [f"failed: {figures.get('failed', 'the interpreter ended')}", "", ""]
    times = [figures.get(name) for name in ("subject", "floor")]
    counts = [f"{name}={count}" for name, count in figures["counts"].items()]
    cells = ["{:,.2f} ({:,.2f})".format(*pair) if pair else "" for pair in times]
    return [*cells, " ".join(counts)]


def main() -> None:
    """Measure the groups asked for and print one table for each."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("groups", nargs="*", metavar="GROUP", help=", ".join(GROUPS))
    parser.add_argument("--against", metavar="PYTHON", help="an interpreter with another release")
    parser.add_argument("--rows", metavar="TEXT", default="", help="only rows with this text")
    given = parser.parse_args()
    if unknown := set(given.groups) - set(GROUPS):
        parser.error(f"there is no group {', '.join(unknown)}; choose from {', '.join(GROUPS)}")
    print(f"Python {sys.version.split()[0]}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    columns = [*COLUMNS, *(("other", "its floor", "its counts", "ratio") if given.against else ())]
    for group in given.groups or GROUPS:
        print(f"\n{group}\n\n| {' | '.join(columns)} |\n|{'---|' * len(columns)}", flush=True)
        pythons = filter(None, (sys.executable, given.against))
        interpreters = [Interpreter(python, group, given.rows) for python in pythons]
        while "what" in (figures := next_row(interpreters))[0]:
            print(line(*figures), flush=True)
        for interpreter in interpreters:
            interpreter.process.communicate()
            if interpreter.process.returncode:
                print(f"{interpreter.process.args[0]} ended early")


if __name__ == "__main__":
    main()
