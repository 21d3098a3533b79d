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


def _modules(code: str, baseline: str = "pass") -> int:
    count = "import sys; print(len(sys.modules))"
    return int(_run(f"{code}\n{count}")) - int(_run(f"{baseline}\n{count}"))


def _megabytes(code: str, baseline: str = "pass") -> float:
    """How much more memory an interpreter needs at most."""
    peak = "import resource; print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    more = int(_run(f"{code}\n{peak}")) - int(_run(f"{baseline}\n{peak}"))
    return round(more / 1024, 1)


@row("import qiskit_ibm_runtime, over the bare interpreter", "under 15 ms, no Qiskit, no requests")
def bare() -> Plan:
    return Plan(
        lambda: _run("import qiskit_ibm_runtime"),
        lambda: _run("pass"),
        rounds=15,
        facts=lambda: {
            "modules": _modules("import qiskit_ibm_runtime"),
            "MB": _megabytes("import qiskit_ibm_runtime"),
        },
    )


def _over_qiskit(code: str) -> Plan:
    code = f"import qiskit\n{code}"
    return Plan(
        lambda: _run(code),
        lambda: _run("import qiskit"),
        facts=lambda: {
            "modules": _modules(code, "import qiskit"),
            "MB": _megabytes(code, "import qiskit"),
        },
    )


@row("the five public names, over import qiskit", "at most what is below")
def names() -> Plan:
    return _over_qiskit(f"from qiskit_ibm_runtime import {NAMES}")


@row("requests, websocket and numpy parts, over import qiskit", "(the floor of the row above)")
def libraries() -> Plan:
    return _over_qiskit("import requests, websocket, numpy, dateutil.parser")
