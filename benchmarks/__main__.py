"""Print the table: ``python -m benchmarks [GROUP ...] [--against PYTHON]``.

``--against`` names the interpreter of an environment that holds another ``qiskit_ibm_runtime``;
both are measured alternately, and the last column says how many times longer the other takes.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

GROUPS = (
    "imports",
    "header",
    "encoding",
    "options",
    "starting",
    "devices",
    "jobs",
    "waiting",
    "embedded",
)
HERE = Path(__file__).resolve().parent


def main() -> None:
    """Measure the groups asked for and print one table for each."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("groups", nargs="*", metavar="GROUP", help=", ".join(GROUPS))
    parser.add_argument("--against", metavar="PYTHON", help="an interpreter with another release")
    given = parser.parse_args()
    for group in given.groups or GROUPS:
        ours = _figures(sys.executable, group)
        theirs = _figures(given.against, group) if given.against else {}
        print(f"\n{group}\n" + "\n".join(_line(figure, theirs) for figure in ours.values()))


def _figures(python: str, group: str) -> dict[str, dict[str, Any]]:
    environment = {**os.environ, "PYTHONPATH": str(HERE.parent)}
    if python == sys.executable:
        environment["PYTHONPATH"] += os.pathsep + str(HERE.parent / "src")
    done = subprocess.run(
        [python, "-W", "ignore", "-m", "benchmarks.worker", group],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    figures = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    return {figure["what"]: figure for figure in figures}


def _line(figure: dict[str, Any], theirs: dict[str, dict[str, Any]]) -> str:
    if "failed" in figure:
        return f"  {figure['what']:<52} failed: {figure['failed']}"
    text = f"  {figure['what']:<52} {figure['median']:>9.2f} ms"
    text += f"  floor {figure['floor']:>9.2f} ms" if figure["floor"] else " " * 20
    text += f"  goal {figure['goal']:<34}"
    text += "".join(f" {name}={value}" for name, value in figure["facts"].items())
    other = theirs.get(figure["what"], {})
    if "median" in other:
        text += f"  other {other['median']:.2f} ms = {other['median'] / figure['median']:.1f} x"
    elif other:
        text += f"  other failed: {other['failed']}"
    return text


if __name__ == "__main__":
    main()
