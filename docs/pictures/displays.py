"""Draw what people see as PNG files: notebook displays, terminal screens, plots.

    python docs/pictures/displays.py FOLDER

Needs Chromium (Debian: ``apt-get install chromium``) and the extras ``local``, ``cli`` and
``visualization``. Run it, and look at the pictures, after a change of `_display`, `cli` or
`visualization`.
"""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qiskit import QuantumCircuit
from qiskit.circuit.library import RealAmplitudes
from rich.console import Console
from rich.text import Text

from qiskit_ibm_runtime import (
    Estimator,
    Options,
    QiskitRuntimeService,
    RuntimeJob,
    Sampler,
    Session,
    visualization,
)
from qiskit_ibm_runtime.testing import ServerPool

if TYPE_CHECKING:
    from collections.abc import Iterator

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or "chromium"
QUIET = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
DEVICES = ["fake_manila", "fake_guadalupe", "fake_washington", "ibmq_qasm_simulator"]
ANGLES = [index / 3 for index in range(12)]
THEMES = {"light": "#fff;color:#111", "dark": "#111;color:#ddd"}
# "{sampled}" and "{failed}" are ids of jobs.
COMMANDS = {
    "help": "--help",
    "backends": "backends",
    "backend": "backend fake_manila",
    "run": "run bell.qasm --backend fake_manila --shots 1000",
    "jobs": "jobs",
    "job": "job {sampled}",
    "job-inputs": "job {sampled} --inputs",
    "job-result": "job {failed} --result",
    "doctor": "doctor",
}


def run_jobs(session: Session, options: Options, bell: QuantumCircuit) -> dict[str, RuntimeJob]:
    """Run one job of each kind."""
    points = [[angle, 0.2, 0.3, 0.4] for angle in ANGLES]
    estimator = Estimator(session=session, options=options)
    ansatz, count = RealAmplitudes(2, reps=1), len(ANGLES)
    where = {"backend": "fake_manila"}
    jobs = {
        "sampled": Sampler(session=session, options=options).run(bell, shots=500),
        "estimated": estimator.run([ansatz] * count, ["ZZ"] * count, points),
        "failed": session.service.run("circuit-runner", {"circuits": 1}, where),
    }
    for job in jobs.values():
        job.wait_for_final_state()
    jobs["failed"].error_message()  # fetch what its display shows
    return jobs


def notebook(shown: dict[str, list[Any]]) -> Iterator[tuple[str, str]]:
    """Yield pages with the displays of objects, light and dark."""
    for name, things in shown.items():
        displays = "".join(f"<p>{each._repr_html_()}</p>" for each in things)
        for theme, colors in THEMES.items():
            style = f"background:{colors};font:14px sans-serif"
            yield f"notebook-{name}-{theme}", f"<body style='{style}'>{displays}"


def terminal(folder: Path, jobs: dict[str, RuntimeJob]) -> Iterator[tuple[str, str]]:
    """Yield pages with the screens of commands on a terminal of 100 columns."""
    ids = {name: job.job_id() for name, job in jobs.items()}
    for name, command in COMMANDS.items():
        words = command.format(**ids).split()
        said = subprocess.run(
            [sys.executable, "-W", "ignore", "-m", "qiskit_ibm_runtime.cli", *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            cwd=folder,
        ).stdout
        screen = Console(record=True, width=100, file=io.StringIO())
        screen.print(Text(f"$ qiskit-ibm-runtime {' '.join(words)}", style="bold"))
        screen.print(Text.from_ansi(said))
        yield f"terminal-{name}", screen.export_html(inline_styles=True)


def plots(jobs: dict[str, RuntimeJob]) -> Iterator[tuple[str, Any]]:
    """Yield one figure of each kind."""
    sampled, estimated = jobs["sampled"], jobs["estimated"]
    yield "distribution", visualization.plot_distribution(sampled.result())
    yield "expectation", visualization.plot_expectation(estimated.result(), ANGLES, label="ZZ")
    yield "backend", visualization.plot_backend(sampled.backend())
    yield "timeline", visualization.plot_timeline(list(jobs.values()))


def photograph(page: str, picture: Path, home: Path) -> None:
    """Draw a page with Chromium."""
    file = home / "page.html"
    file.write_text(f"<!doctype html><meta charset=utf-8>{page}")
    place = (f"--user-data-dir={home}/profile", f"--screenshot={picture.absolute()}")
    command = [CHROMIUM, *QUIET, "--window-size=1000,760", *place, file.as_uri()]
    subprocess.run(command, capture_output=True, check=True, timeout=120)


def main(folder: Path, home: Path, pool: ServerPool) -> None:
    """Draw everything."""
    os.environ.update(HOME=str(home), COLUMNS="100", FORCE_COLOR="1", TTY_INTERACTIVE="0")
    server = pool.server(devices=DEVICES)
    service, token, url = server.service(), server.token, server.url
    os.environ.update(QISKIT_IBM_CHANNEL="local", QISKIT_IBM_TOKEN=token, QISKIT_IBM_URL=url)
    bell = QuantumCircuit(2, name="bell")
    bell.h(0)
    bell.cx(0, 1)
    bell.measure_all()
    (home / "bell.qasm").write_text(bell.qasm())
    options = Options(resilience_level=0, environment={"job_tags": ["tour", "<b>bold</b>"]})
    options.simulator.seed_simulator = 7
    with Session(service=service, backend="fake_manila", max_time="10m") as session:
        jobs = run_jobs(session, options, bell)
    file = str(home / "accounts.json")
    for name in ("mine", "<script>alert(1)</script>"):
        account = {"token": "t" * 30 + name[:4], "channel": "ibm_quantum", "name": name}
        QiskitRuntimeService.save_account(**account, filename=file)
    shown = {
        "service": [service],
        "backends": [service.backend("fake_manila"), service.backend("fake_guadalupe")],
        "large-backend": [service.backend("fake_washington")],
        "jobs": [jobs["sampled"], jobs["failed"], service.jobs()],
        "session-and-options": [session, options],
        "accounts": [service.active_account(), QiskitRuntimeService.saved_accounts(filename=file)],
    }
    for name, page in (*notebook(shown), *terminal(home, jobs)):
        photograph(page, folder / f"{name}.png", home)
    for name, figure in plots(jobs):
        figure.savefig(folder / f"plot-{name}.png")
    print(*sorted(folder.glob("*.png")), sep="\n")


if __name__ == "__main__":
    pictures = Path(sys.argv[1] if len(sys.argv) > 1 else "pictures")
    pictures.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch, ServerPool() as servers:
        main(pictures, Path(scratch), servers)
