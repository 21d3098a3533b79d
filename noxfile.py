"""Sessions for long-running checks; daily checks are in ``.ci/run``.

``.ci/full`` runs all that are tagged ``full``.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import nox

nox.options.default_venv_backend = "venv"
nox.options.sessions = ["matrix"]
nox.options.error_on_missing_interpreters = True  # a skipped cell must not pass

# Combinations of terra and Python; pip chooses the newest numpy that fits.
#
# These combinations cannot be installed with the embedded runtime and the test tools:
# - Python 3.12 with terra 0.23 to 0.25: 0.23 and 0.24 have no wheels for it, and 0.24 and 0.25 need
#   symengine < 0.10, which has none either.
# - Python 3.13: the last Aer that runs on terra, 0.14, has no wheels for it.
# - numpy 2 with terra before 0.46: parts of terra fail, and the package warns.
CELLS = {
    "0.23.3": ["3.9", "3.10", "3.11"],
    "0.24.2": ["3.9", "3.10", "3.11"],
    "0.25.3": ["3.9", "3.10", "3.11"],
    "0.45.3": ["3.9", "3.10", "3.11", "3.12"],
    "0.46.3": ["3.9", "3.10", "3.11", "3.12"],
}
NEWEST = [
    (python, terra, "numpy" if terra == "0.46.3" else "numpy<2")
    for terra, pythons in CELLS.items()
    for python in pythons
]
# The oldest and the newest Python are also tested with numpy 1.
OLDER = [(python, "0.46.3", "numpy<2") for python in ("3.9", "3.12")]


def _name(python: str, terra: str, numpy: str) -> str:
    older = terra == "0.46.3" and numpy == "numpy<2"
    return f"terra-{terra}-py-{python}" + ("-numpy-1" if older else "")


def _pytest(session: nox.Session, *arguments: str) -> None:
    """Run tests without writing to the work tree, so that several sessions can run at once."""
    examples = str(Path(session.create_tmp()) / "hypothesis")
    session.run(
        "pytest",
        "-p",
        "no:cacheprovider",
        *arguments,
        *session.posargs,
        env={"HYPOTHESIS_STORAGE_DIRECTORY": examples},
    )


@nox.session(reuse_venv=True, tags=["full"])
@nox.parametrize(
    ("python", "terra", "numpy"),
    NEWEST + OLDER,
    ids=[_name(*cell) for cell in NEWEST + OLDER],
)
def matrix(session: nox.Session, terra: str, numpy: str) -> None:
    """Run the whole suite against one version of terra on one Python."""
    session.install("-e", ".[test]", f"qiskit-terra=={terra}", numpy)
    _pytest(session)


@nox.session(python=["3.9", "3.11", "3.12"], tags=["full"])
def without_extras(session: nox.Session) -> None:
    """Install the wheel without extras, and import and use every public name."""
    folder = Path(session.create_tmp()) / "wheel"
    shutil.rmtree(folder, ignore_errors=True)
    session.run("python", "-m", "pip", "--quiet", "wheel", "--no-deps", "-w", str(folder), ".")
    session.install(*map(str, folder.glob("*.whl")))
    surface = Path("../shared/spec/api_surface.json")
    session.run(
        *("python", "-W", "ignore::FutureWarning", "tests/packaging/without_extras.py"),
        *([str(surface)] if surface.exists() else []),
    )


# The last versions that use V1 primitives and accept terra 0.46.
DOWNSTREAM = [
    "qiskit==0.46.3",
    "qiskit-algorithms==0.3.1",
    "qiskit-finance==0.4.1",
    "qiskit-machine-learning==0.7.2",
    "qiskit-nature[pyscf]==0.7.2",
    "qiskit-optimization==0.6.1",
]


@nox.session(python="3.11", reuse_venv=True, tags=["full"])
def downstream(session: nox.Session) -> None:
    """Run packages that depend on this one: VQE, QAOA, kernels, classifiers, amplitude estimation.

    Then once more, as jobs of today's platform.
    """
    session.install("-e", ".[test]", *DOWNSTREAM)
    for over_the_bridge in ("0", "1"):
        session.env["DOWNSTREAM_OVER_THE_BRIDGE"] = over_the_bridge
        _pytest(session, "tests/downstream")


@nox.session(reuse_venv=True, tags=["full"])
def notebook(session: nox.Session) -> None:
    """Interrupt, stop and restart a real Jupyter kernel that uses the embedded runtime."""
    session.install("-e", ".[test,notebook]", "ipykernel", "jupyter_client")
    _pytest(session, "tests/notebook")


@nox.session(reuse_venv=True, tags=["full"])
def browser(session: nox.Session) -> None:
    """Test the web page of the embedded runtime in Chromium, if it is installed."""
    session.install("-e", ".[test]", "playwright>=1.40")
    _pytest(session, "tests/browser")


# Percent of lines and branches of the client; the whole suite covered 97 on 29 November 2026.
COVERED = 95
NOT_THE_CLIENT = ("local", "_platform", "cli", "testing", "_display")

# Both clients run on the terra of the original.
PERIOD = ["qiskit==0.42.1", "numpy<1.24", "setuptools<80", "websocket-client<1.9"]


@nox.session(python="3.10", reuse_venv=True, tags=["full"])
def differential(session: nox.Session) -> None:
    """Make the same calls with the original 0.9.3 and this package, and compare the outcomes."""
    session.install("-e", ".[local]", *PERIOD)
    original = Path(session.create_tmp()) / "original"
    python = original / "bin" / "python"
    if not python.exists():
        session.run("python", "-m", "venv", str(original))
    session.run(
        *(str(python), "-m", "pip", "--quiet", "install", "qiskit-ibm-runtime==0.9.3", *PERIOD),
        external=True,
    )
    session.run(
        *("python", "tests/differential/compare.py", "--official", str(python)),
        *("--ours", str(Path(session.bin) / "python"), *session.posargs),
    )


OFFICIAL = ["qiskit-ibm-runtime==0.51.0", "ibm-quantum-schemas", "pytest"]


@nox.session(python="3.12", reuse_venv=True, tags=["full"])
def platform(session: nox.Session) -> None:
    """Run V2 primitives of IBM's current client on the embedded runtime."""
    session.install(*OFFICIAL)
    ours = Path(session.create_tmp()) / "ours"
    python, pip = ours / "bin" / "python", ("-m", "pip", "--quiet", "install")
    if not python.exists():
        session.run("python", "-m", "venv", str(ours))
    session.run(str(python), *pip, "-e", ".[local]", external=True)
    folder = "tests/platform/official"
    session.run(
        *("pytest", "-p", "no:cacheprovider", "-c", "/dev/null", "--import-mode=importlib"),
        *("--rootdir", folder, "--confcutdir", folder, folder, *session.posargs),
        env={"FACE_PYTHON": str(python.absolute())},
    )


@nox.session(reuse_venv=True, tags=["full"])
def stress(session: nox.Session) -> None:
    """Run stress tests: thousands of requests, killed processes, ten thousand option trees."""
    session.install("-e", ".[test]")
    session.env["OPTION_TREES"] = "10000"
    files = Path("tests").glob("stress/test_*.py")
    others = ("test_random_circuits.py", "test_bridge_circuits.py")
    long_ones = sorted(str(path) for path in files if path.name not in others)
    _pytest(session, "--timeout=1800", *long_ones, "tests/options/test_merge_properties.py")


@nox.session(reuse_venv=True, tags=["full"])
@nox.parametrize(
    ("python", "terra"),
    [(pythons[-1], terra) for terra, pythons in CELLS.items()],
    ids=[f"terra-{terra}" for terra in CELLS],
)
def circuits(session: nox.Session, terra: str) -> None:
    """Send and run two thousand random circuits, and compare with an exact reference."""
    numpy = "numpy" if terra == "0.46.3" else "numpy<2"
    session.install("-e", ".[test]", f"qiskit-terra=={terra}", numpy)
    _pytest(session, "--timeout=1800", "tests/stress/test_random_circuits.py")


@nox.session(reuse_venv=True, tags=["full"])
def types(session: nox.Session) -> None:
    """Check typical user code with pyright; mypy checks it every day."""
    session.install("-e", ".[test]", "pyright")
    session.run("pyright", *map(str, sorted(Path("tests/typing").glob("*.py"))))


@nox.session(reuse_venv=True, tags=["full"])
def coverage(session: nox.Session) -> None:
    """Run the suite and require a minimum line and branch coverage of the client."""
    session.install("-e", ".[test]", "coverage>=7.10")
    session.run("coverage", "erase")
    # That server could not write its coverage to the disk that the test fills.
    full_disk = "--deselect=tests/local/test_failing_disk.py"
    pytest = ("-m", "pytest", "-p", "no:cacheprovider", full_disk)
    session.run("coverage", "run", *pytest, *session.posargs)
    session.run("coverage", "combine", "-q")
    session.run("coverage", "report")
    others = ",".join(f"*/qiskit_ibm_runtime/{name}/*" for name in NOT_THE_CLIENT)
    session.run("coverage", "report", f"--omit={others}", f"--fail-under={COVERED}")


@nox.session(reuse_venv=True, tags=["full"])
@nox.parametrize(
    ("python", "terra"),
    [(pythons[-1], terra) for terra, pythons in CELLS.items()],
    ids=[f"terra-{terra}" for terra in CELLS],
)
def bridge(session: nox.Session, terra: str) -> None:
    """Validate bridge requests with Qiskit 2 and IBM's published schemas."""
    numpy = "numpy" if terra == "0.46.3" else "numpy<2"
    session.install("-e", ".[test]", f"qiskit-terra=={terra}", numpy)
    reader = Path(session.create_tmp()) / "reader"
    python = reader / "bin" / "python"
    if not python.exists():
        session.run("python3.12", "-m", "venv", str(reader), external=True)
    of_today = ("qiskit==2.6.2", "qiskit-qasm3-import", "ibm-quantum-schemas")
    session.run(str(python), "-m", "pip", "--quiet", "install", *of_today, external=True)
    session.env["BRIDGE_READER"] = str(python)
    _pytest(session, "--timeout=3600", "tests/stress/test_bridge_circuits.py")


@nox.session
def docs(session: nox.Session) -> None:
    """Build the documentation with the stored notebook outputs; warnings are errors."""
    session.install("-e", ".[docs,local]")
    session.run("sphinx-build", "-W", "-b", "html", "docs", "docs/_build")


@nox.session(python="3.11", reuse_venv=True, tags=["full"])
def tutorials(session: nox.Session) -> None:
    """Run the notebooks and examples, and compare with the output shown."""
    session.install("-e", ".[docs,test]", "scipy")
    _pytest(session, "--timeout=1800", "tests/tutorials")


@nox.session
def bench(session: nox.Session) -> None:
    """Print the cost of each call and its floor; ``-- --against PYTHON`` adds another release."""
    session.install("-e", ".[dev]")
    session.run("python", "-m", "benchmarks", *session.posargs)


@nox.session(reuse_venv=True, tags=["full"])
def fuzz(session: nox.Session) -> None:
    """Fuzz the embedded runtime with Schemathesis, by its OpenAPI description."""
    session.install("-e", ".[test]", "schemathesis>=4")
    session.run("python", "tests/stress/fuzz_local.py", *session.posargs)
