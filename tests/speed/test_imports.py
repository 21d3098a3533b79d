"""What is imported: modules that are not Qiskit's or SciPy's, in a fresh interpreter."""

from __future__ import annotations

import subprocess
import sys

import pytest

NAMES = "QiskitRuntimeService, Sampler, Estimator, Session, Options"


# What terra loads for its own primitives differs by release: 0.23 takes opflow and SciPy along.
COUNTED = """
import sys
others = ("qiskit", "scipy", "numpy")
print(sum(name.partition(".")[0] not in others for name in sys.modules))
"""


def _modules(code: str) -> int:
    counted = f"{code}\n{COUNTED}"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", counted], capture_output=True, text=True, check=True
    )
    return int(done.stdout)


@pytest.mark.parametrize(
    ("beside", "code", "most"),
    [
        # Some thirty of the standard library; the numbers differ by the release of Python.
        ("pass", "import qiskit_ibm_runtime", 60),
        # Some seventy of ours, and no network library; 0.9.3 loaded 968.
        ("import qiskit", f"import qiskit\nfrom qiskit_ibm_runtime import {NAMES}", 100),
    ],
    ids=["package", "names"],
)
def test_imports_few_modules(beside, code, most):
    assert _modules(code) - _modules(beside) <= most
