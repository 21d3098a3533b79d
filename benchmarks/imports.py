"""What it costs to import the package."""

from __future__ import annotations

import subprocess
import sys

from benchmarks.rows import Plan, row

NAMES = "QiskitRuntimeService, Sampler, Estimator, Session, Options"


def _run(code: str) -> str:
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, check=True
    ).stdout


def _modules(code: str, beside: str = "pass") -> int:
    count = "import sys; print(len(sys.modules))"
    return int(_run(f"{code}\n{count}")) - int(_run(f"{beside}\n{count}"))


@row("import qiskit_ibm_runtime, over the bare interpreter", "under 15 ms, no Qiskit, no requests")
def bare() -> Plan:
    return Plan(
        lambda: _run("import qiskit_ibm_runtime"),
        lambda: _run("pass"),
        rounds=15,
        facts=lambda: {"modules": _modules("import qiskit_ibm_runtime")},
    )


@row("the five public names, over import qiskit", "at most +187 ms")
def names() -> Plan:
    return Plan(
        lambda: _run(f"import qiskit\nfrom qiskit_ibm_runtime import {NAMES}"),
        lambda: _run("import qiskit"),
        facts=lambda: {
            "modules": _modules(
                f"import qiskit\nfrom qiskit_ibm_runtime import {NAMES}", "import qiskit"
            )
        },
    )
