"""The benchmark table, and the comparison of two releases."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from benchmarks.__main__ import GROUPS
from benchmarks.growth import Point, exponent
from benchmarks.payloads import make_result
from benchmarks.worker import Worker

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("group", GROUPS)
def test_every_group_has_rows_with_a_goal(group):
    rows = Worker(group).step("rows")

    assert rows
    assert all(what and goal for what, goal in rows)


def test_compares_another_interpreter_in_alternating_rounds():
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "benchmarks", "header", "--against", sys.executable],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"},
        capture_output=True,
        text=True,
        check=True,
    )

    rows = [line for line in done.stdout.splitlines() if line.startswith("  caller header")]
    assert len(rows) == 3
    assert all(" floor " in row and " goal " in row and " other " in row for row in rows)


def test_exponent_is_the_slope_of_the_curve():
    points = [Point(size, 0.0, 3e-6 * size**1.5, 0) for size in (1, 10, 100, 1000)]

    assert exponent(points) == pytest.approx(1.5)


@pytest.mark.parametrize("kind", ["text", "quasi", "array"])
def test_payloads_have_about_the_requested_size(kind):
    assert 0.9 < len(make_result(f"{kind} 1000000")) / 1_000_000 < 1.1
