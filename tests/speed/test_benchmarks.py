"""The benchmark table, and the comparison of two releases."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from benchmarks.__main__ import GROUPS
from benchmarks.rows import Plan, exponent, measure, plans
from benchmarks.standin import make_result

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("group", GROUPS)
def test_every_group_has_rows_with_a_goal(group):
    rows = [row for plan in plans(group) for row in plan.rows]

    assert rows
    assert all(what and goal for what, goal, *_ in rows)


def test_compares_another_interpreter_in_alternating_rounds():
    part = "import qiskit_ibm_runtime"
    command = ["-m", "benchmarks", "client", "--rows", part, "--against", sys.executable]
    done = subprocess.run(
        [sys.executable, "-W", "ignore", *command],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"},
        capture_output=True,
        text=True,
        check=True,
    )

    (row,) = (line for line in done.stdout.splitlines() if line.startswith(f"| {part}"))
    assert row.endswith(" x |")


def test_rounds_of_subject_and_floor_alternate_with_pauses():
    log = []
    plan = Plan(lambda: log.append("subject"), lambda: log.append("floor"), rounds=2)
    measured = measure(plan)

    assert next(measured) is None
    assert log == ["subject", "floor"]
    assert next(measured) is None
    with pytest.raises(StopIteration) as ended:
        next(measured)
    assert log == ["subject", "floor"] * 2
    assert ended.value.value.keys() == {"subject", "floor", "counts"}


def test_exponent_is_the_slope_of_the_curve():
    costs = {size: 3e-6 * size**1.5 for size in (1, 10, 100, 1000)}

    assert exponent(costs) == pytest.approx(1.5)


@pytest.mark.parametrize("kind", ["text", "quasi", "array"])
def test_payloads_have_about_the_requested_size(kind):
    assert 0.9 < len(make_result(f"{kind} 1000000")) / 1_000_000 < 1.1
