"""Draw what people see as PNG files: notebook displays, terminal screens, plots.

    python benchmarks/pictures.py FOLDER

Needs Chromium (Debian: ``apt-get install chromium``) and the extras ``local``, ``cli`` and
``visualization``. Run it, and look at the pictures, after a change of `_display`, `cli` or
`visualization`.
"""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from qiskit import QuantumCircuit
from qiskit.circuit.library import RealAmplitudes

from qiskit_ibm_runtime import Estimator, Options, QiskitRuntimeService, Sampler, Session
from qiskit_ibm_runtime.testing import ServerPool

CHROMIUM = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    "--hide-scrollbars",
)
DEVICES = ["fake_manila", "fake_guadalupe", "fake_washington", "ibmq_qasm_simulator"]
BELL = """OPENQASM 2.0;
include "qelib1.inc";
qreg q[2];
creg c[2];
h q[0];
cx q[0], q[1];
measure q -> c;
"""


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with ServerPool() as pool, pool.server(devices=DEVICES) as server:
        service = server.service()
        jobs = run_jobs(service)
        notebook(folder, service, jobs)
        terminal(folder, server, jobs)
        plots(folder, jobs)
    print(*sorted(folder.glob("*.png")), sep="\n")


def run_jobs(service):
    bell = QuantumCircuit(2, name="bell")
    bell.h(0)
    bell.cx(0, 1)
    bell.measure_all()
    options = Options(resilience_level=0, environment={"job_tags": ["tour", "<b>bold</b>"]})
    options.simulator.seed_simulator = 7
    with Session(service=service, backend="fake_manila", max_time="10m") as session:
        sampled = Sampler(session=session, options=options).run(bell, shots=500)
        angles = [index / 3 for index in range(12)]
        ansatz = RealAmplitudes(2, reps=1)
        estimated = Estimator(session=session, options=options).run(
            [ansatz] * len(angles), ["ZZ"] * len(angles), [[a, 0.2, 0.3, 0.4] for a in angles]
        )
        sampled.result()
        estimated.result()
    failed = service.run("circuit-runner", {"circuits": 1}, {"backend": "fake_manila"})
    failed.wait_for_final_state()
    failed.error_message()
    return {
        "session": session,
        "options": options,
        "sampled": sampled,
        "estimated": estimated,
        "failed": failed,
        "angles": angles,
    }


def notebook(folder, service, jobs):
    with tempfile.TemporaryDirectory() as home:
        file = str(Path(home) / "accounts.json")
        for name in ("mine", "<script>alert(1)</script>"):
            QiskitRuntimeService.save_account(
                token="t" * 30 + name[:4], channel="ibm_quantum", name=name, filename=file
            )
        accounts = QiskitRuntimeService.saved_accounts(filename=file)
    things = {
        "service": [service],
        "backends": [service.backend("fake_manila"), service.backend("fake_guadalupe")],
        "large-backend": [service.backend("fake_washington")],
        "jobs": [jobs["sampled"], jobs["failed"], service.jobs()],
        "session-and-options": [jobs["session"], jobs["options"]],
        "accounts": [service.active_account(), accounts],
    }
    for name, shown in things.items():
        body = "".join(f"<p>{each._repr_html_()}</p>" for each in shown)
        for theme, colors in (("light", "#fff;color:#111"), ("dark", "#111;color:#ddd")):
            page = f"<body style='background:{colors};font:14px sans-serif;margin:20px'>{body}"
            photograph(page, folder / f"notebook-{name}-{theme}.png")


def terminal(folder, server, jobs):
    """Take the screens of the commands as rich draws them on a terminal of 100 columns."""
    from rich.console import Console
    from rich.text import Text

    os.environ.update(
        QISKIT_IBM_CHANNEL="local", QISKIT_IBM_TOKEN=server.token, QISKIT_IBM_URL=server.url
    )
    with tempfile.TemporaryDirectory() as home:
        circuit = Path(home) / "bell.qasm"
        circuit.write_text(BELL)
        job_id = jobs["sampled"].job_id()
        commands = [
            ["--help"],
            ["backends"],
            ["backend", "fake_manila"],
            ["run", str(circuit), "--backend", "fake_manila", "--shots", "1000"],
            ["jobs"],
            ["job", job_id],
            ["job", job_id, "--inputs"],
            ["job", jobs["failed"].job_id(), "--result"],
            ["doctor"],
        ]
        for number, words in enumerate(commands):
            screen = Console(record=True, width=100, file=io.StringIO(), force_terminal=True)
            shown = " ".join(words).replace(f"{home}/", "")
            screen.print(Text(f"$ qiskit-ibm-runtime {shown}", style="bold"))
            screen.print(Text.from_ansi(said(words)))
            markup = screen.export_html(inline_styles=True)
            name = words[0].strip("-") + ("" if len(words) < 3 else words[2])
            photograph(markup, folder / f"terminal-{number}-{name}.png")


def said(words):
    """Return what a command prints on a terminal, with its colors."""
    answer = subprocess.run(
        [
            "script",
            "-qec",
            " ".join([sys.executable, "-W", "ignore", "-m", "qiskit_ibm_runtime.cli", *words]),
            "/dev/null",
        ],
        capture_output=True,
        check=False,
        env={**os.environ, "COLUMNS": "100", "TERM": "xterm-256color"},
    )
    # Decoded here: as text, Python would take a carriage return for the end of a line.
    return screen_of(answer.stdout.decode())


def screen_of(output):
    """Return what is left on a terminal: spinners and progress write their lines again."""
    lines, row = [""], 0
    for part in re.split(r"(\r?\n|\r|\x1b\[2K|\x1b\[1A|\x1b\[\?25[lh])", output):
        if part in ("\n", "\r\n"):
            row += 1
            lines += [""] * (row + 1 - len(lines))
        elif part == "\x1b[1A":
            row -= 1
        elif part in ("\r", "\x1b[2K"):
            lines[row] = ""
        elif not part.startswith("\x1b[?25"):
            lines[row] += part
    return "\n".join(lines)


def plots(folder, jobs):
    from qiskit_ibm_runtime.visualization import (
        plot_backend,
        plot_distribution,
        plot_expectation,
        plot_timeline,
    )

    plot_distribution(jobs["sampled"].result()).savefig(folder / "plot-distribution.png")
    result = jobs["estimated"].result()
    plot_expectation(result, jobs["angles"], label="ZZ").savefig(folder / "plot-expectation.png")
    device = jobs["sampled"].backend()
    plot_backend(device).savefig(folder / "plot-backend.png")
    every = [jobs["sampled"], jobs["estimated"], jobs["failed"]]
    plot_timeline(every).savefig(folder / "plot-timeline.png")


def photograph(page, picture):
    """Draw a page with Chromium."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        raise SystemExit("Chromium is not installed: apt-get install chromium")
    with tempfile.TemporaryDirectory() as home:
        file = Path(home) / "page.html"
        file.write_text(f"<!doctype html><meta charset=utf-8>{page}")
        subprocess.run(
            [
                chromium,
                *CHROMIUM,
                f"--user-data-dir={home}/profile",
                "--window-size=1000,760",
                f"--screenshot={picture}",
                file.as_uri(),
            ],
            capture_output=True,
            check=True,
            timeout=120,
        )


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "pictures"))
