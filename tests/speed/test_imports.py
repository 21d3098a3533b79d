"""Number of modules loaded by an import in a fresh interpreter, without Qiskit and SciPy."""

from __future__ import annotations

import subprocess
import sys

import pytest

NAMES = "QiskitRuntimeService, Sampler, Estimator, Session, Options"


# What terra loads for its primitives differs by release: 0.23 also loads opflow and SciPy.
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
    ("baseline", "code", "most"),
    [
        # About thirty of the standard library; the number depends on the Python version.
        ("pass", "import qiskit_ibm_runtime", 60),
        # About seventy of this package, and no network library; 0.9.3 loaded 968.
        ("import qiskit", f"import qiskit\nfrom qiskit_ibm_runtime import {NAMES}", 100),
    ],
    ids=["package", "names"],
)
def test_imports_few_modules(baseline, code, most):
    assert _modules(code) - _modules(baseline) <= most
