"""Measure one group in this interpreter and print one JSON object for each row."""

from __future__ import annotations

import importlib
import json
import sys
from dataclasses import asdict

from benchmarks.rows import Row, measure


def main(group: str) -> None:
    """Measure every row of a group; a row that fails says so and hurts no other."""
    module = importlib.import_module(f"benchmarks.{group}")
    for entry in list(vars(module).values()):
        if isinstance(entry, Row):
            try:
                answer = asdict(measure(entry))
            except Exception as exc:  # noqa: BLE001  # another release may lack what a row needs
                answer = {"what": entry.what, "failed": f"{type(exc).__name__}: {exc}"[:200]}
            print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
