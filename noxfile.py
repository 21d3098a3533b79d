"""Sessions for the full matrix, benchmarks and documentation; daily checks are in ``.ci/run``."""

from __future__ import annotations

import nox

nox.options.default_venv_backend = "venv"
nox.options.sessions = ["matrix"]

# terra -> the Pythons for which it and its dependencies publish wheels.
# 0.25 and older need symengine < 0.10, which has none for Python 3.12.
CELLS = {
    "0.23.3": ["3.9", "3.10", "3.11"],
    "0.24.2": ["3.9", "3.10", "3.11"],
    "0.25.3": ["3.9", "3.10", "3.11"],
    "0.45.3": ["3.9", "3.10", "3.11", "3.12"],
    "0.46.3": ["3.9", "3.10", "3.11", "3.12"],
}


@nox.session
@nox.parametrize(
    ("python", "terra"),
    [(python, terra) for terra, pythons in CELLS.items() for python in pythons],
    ids=[f"terra-{terra}-py-{python}" for terra, pythons in CELLS.items() for python in pythons],
)
def matrix(session: nox.Session, terra: str) -> None:
    """Run the whole suite against one version of terra on one Python."""
    session.install("-e", ".[test]", f"qiskit-terra=={terra}")
    session.run("pytest", *session.posargs)


# The last versions that take V1 primitives and accept terra 0.46.
DOWNSTREAM = [
    "qiskit==0.46.3",
    "qiskit-algorithms<0.4",
    "qiskit-finance<0.5",
    "qiskit-machine-learning<0.8",
    "qiskit-nature[pyscf]<0.8",
    "qiskit-optimization<0.7",
]


@nox.session(python="3.11")
def downstream(session: nox.Session) -> None:
    """Run the packages that use us: VQE, QAOA, kernels, classifiers, amplitude estimation."""
    session.install("-e", ".[test]", *DOWNSTREAM)
    session.run("pytest", "tests/downstream", *session.posargs)


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


@nox.session
def stress(session: nox.Session) -> None:
    """Run the long versions: thousands of jobs, a hundred kills, fuzzing by the schema."""
    session.install("-e", ".[test]", "schemathesis")
    session.run("pytest", "--timeout", "3600", "tests/stress", *session.posargs)
