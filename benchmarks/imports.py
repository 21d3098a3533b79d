"""What it costs to import the package."""

from __future__ import annotations

import subprocess
import sys
from functools import partial

from benchmarks.rows import Plan, Row

QISKIT = "import qiskit\n"
NAMES = "QiskitRuntimeService, Sampler, Estimator, Session, Options"
MODULES = "\nimport sys; print(len(sys.modules))"
KILOBYTES = "\nimport resource; print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"


def _run(code: str) -> str:
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, check=True
    ).stdout


def _plan(code: str, baseline: str = QISKIT, rounds: int = 7) -> Plan:
    code = baseline + code

    def more(figure: str) -> int:
        return int(_run(code + figure)) - int(_run(baseline + figure))

    return Plan(
        lambda: _run(code),
        lambda: _run(baseline),
        rounds,
        lambda: {"modules": more(MODULES), "MB": round(more(KILOBYTES) / 1024, 1)},
    )


ROWS = [
    Row(
        "import qiskit_ibm_runtime, over the bare interpreter",
        "under 15 ms, no Qiskit, no requests",
        partial(_plan, "import qiskit_ibm_runtime", "pass\n", rounds=15),
    ),
    Row(
        "the five public names, over import qiskit",
        "at most what is below",
        partial(_plan, f"from qiskit_ibm_runtime import {NAMES}"),
    ),
    Row(
        "requests, websocket and numpy parts, over import qiskit",
        "(the floor of the row above)",
        partial(_plan, "import requests, websocket, numpy, dateutil.parser"),
    ),
]
