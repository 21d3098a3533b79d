"""Sessions for the full matrix, benchmarks and documentation; daily checks are in ``.ci/run``."""

from __future__ import annotations

from pathlib import Path

import nox

nox.options.default_venv_backend = "venv"
nox.options.sessions = ["matrix"]
nox.options.error_on_missing_interpreters = True  # a cell that was passed over is not green

# Cells of terra, Python and what numpy is held to; pip chooses the newest numpy that fits.
#
# What cannot exist, with the embedded runtime and the tools of the tests installed:
# - Python 3.12 with terra 0.23 to 0.25: 0.23 and 0.24 have no wheels for it, and 0.24 and 0.25 need
#   symengine < 0.10, which has none either.
# - Python 3.13: the last Aer that runs on terra, 0.14, has no wheels for it.
# - numpy 2 with terra 0.45, which excludes it, and with 0.23 and 0.24, whose `qiskit` (0.42, 0.43)
#   brings qiskit-ibmq-provider with numpy < 1.24.
CELLS = {
    "0.23.3": ["3.9", "3.10", "3.11"],
    "0.24.2": ["3.9", "3.10", "3.11"],
    "0.25.3": ["3.9", "3.10", "3.11"],
    "0.45.3": ["3.9", "3.10", "3.11", "3.12"],
    "0.46.3": ["3.9", "3.10", "3.11", "3.12"],
}
# Where terra takes numpy 2, pip chooses it; these run with the one before as well.
ALSO_NUMPY_1 = [("3.9", "0.25.3"), ("3.9", "0.46.3"), ("3.12", "0.46.3")]
NEWEST = [(python, terra, "numpy") for terra, pythons in CELLS.items() for python in pythons]
OLDER = [(python, terra, "numpy<2") for python, terra in ALSO_NUMPY_1]


def _name(python: str, terra: str, numpy: str) -> str:
    return f"terra-{terra}-py-{python}" + ("-numpy-1" if numpy == "numpy<2" else "")


def _pytest(session: nox.Session, *arguments: str) -> None:
    """Run tests and leave nothing in the work tree, so that several sessions can run at once."""
    examples = str(Path(session.create_tmp()) / "hypothesis")
    session.run(
        "pytest",
        "-p",
        "no:cacheprovider",
        *arguments,
        *session.posargs,
        env={"HYPOTHESIS_STORAGE_DIRECTORY": examples},
    )


@nox.session(reuse_venv=True)
@nox.parametrize(
    ("python", "terra", "numpy"),
    NEWEST + OLDER,
    ids=[_name(*cell) for cell in NEWEST + OLDER],
)
def matrix(session: nox.Session, terra: str, numpy: str) -> None:
    """Run the whole suite against one version of terra on one Python."""
    session.install("-e", ".[test]", f"qiskit-terra=={terra}", numpy)
    _pytest(session)


# The last versions that take V1 primitives and accept terra 0.46.
DOWNSTREAM = [
    "qiskit==0.46.3",
    "qiskit-algorithms==0.3.1",
    "qiskit-finance==0.4.1",
    "qiskit-machine-learning==0.7.2",
    "qiskit-nature[pyscf]==0.7.2",
    "qiskit-optimization==0.6.1",
]


@nox.session(python="3.11", reuse_venv=True)
def downstream(session: nox.Session) -> None:
    """Run the packages that use us: VQE, QAOA, kernels, classifiers, amplitude estimation."""
    session.install("-e", ".[test]", *DOWNSTREAM)
    _pytest(session, "tests/downstream")


@nox.session(reuse_venv=True)
def stress(session: nox.Session) -> None:
    """Run what takes minutes: thousands of requests, killed processes, ten thousand trees."""
    session.install("-e", ".[test]")
    session.env["OPTION_TREES"] = "10000"
    long_ones = sorted(str(path) for path in Path("tests").glob("stress/test_*.py"))
    _pytest(session, "--timeout=1800", *long_ones, "tests/options/test_merge_properties.py")


@nox.session
def docs(session: nox.Session) -> None:
    """Build the documentation; a warning is an error."""
    session.install("-e", ".[docs,local]")
    session.run("sphinx-build", "-W", "-b", "html", "docs", "docs/_build")


@nox.session
def bench(session: nox.Session) -> None:
    """Print what each call costs beside its floor; ``-- --against PYTHON`` adds another release."""
    session.install("-e", ".[dev]")
    session.run("python", "-m", "benchmarks", *session.posargs)


@nox.session(reuse_venv=True)
def fuzz(session: nox.Session) -> None:
    """Let schemathesis search the embedded runtime for answers that its description excludes."""
    session.install("-e", ".[test]", "schemathesis>=4")
    session.run("python", "tests/stress/fuzz_local.py", *session.posargs)
