"""What is imported: modules beside those of Qiskit, counted in a fresh interpreter."""

from __future__ import annotations

import subprocess
import sys

import pytest

NAMES = "QiskitRuntimeService, Sampler, Estimator, Session, Options"


def _modules(code: str) -> int:
    counted = f"{code}\nimport sys\nprint(len(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", counted], capture_output=True, text=True, check=True
    )
    return int(done.stdout)


@pytest.mark.parametrize(
    ("beside", "code", "most"),
    [
        # Some thirty of the standard library; the numbers differ by the release of Python.
        ("pass", "import qiskit_ibm_runtime", 60),
        # 140 of ours and a hundred of requests and urllib3; 0.9.3 loaded 968.
        ("import qiskit", f"import qiskit\nfrom qiskit_ibm_runtime import {NAMES}", 350),
    ],
    ids=["package", "names"],
)
def test_few_modules_are_loaded(beside, code, most):
    assert _modules(code) - _modules(beside) <= most
