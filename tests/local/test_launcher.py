"""Lifetime of the embedded runtime that ``channel="local"`` starts."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.local.conftest import ScriptedExecutor

from qiskit_ibm_runtime.exceptions import IBMRuntimeError
from qiskit_ibm_runtime.local import launcher
from qiskit_ibm_runtime.local.settings import Settings, SettingsError
from qiskit_ibm_runtime.testing.servers import BackgroundServer, LoopThread

_START = """
from qiskit_ibm_runtime.local import launcher
from qiskit_ibm_runtime.local.launcher import ensure_running

def process():
    return launcher._ours.process

server = ensure_running()
print(process().pid, flush=True)
"""
_WAIT_FOR_A_JOB = """
import signal
from qiskit_ibm_runtime import QiskitRuntimeService

for number in (signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
    signal.signal(number, signal.default_int_handler)
service = QiskitRuntimeService(channel="local")
inputs = {"iterations": 60}
job = service.run("hello-world", inputs, options={"backend": "ibmq_qasm_simulator"})
for number in range(3):
    try:
        print("waiting", flush=True)
        job.result()
    except KeyboardInterrupt:
        print("interrupted", flush=True)
print(job.result(), flush=True)
"""

_RUN_A_JOB = """
from qiskit_ibm_runtime import QiskitRuntimeService
service = QiskitRuntimeService(channel="local")
print(service.run("hello-world", {}, options={"backend": "ibmq_qasm_simulator"}).result())
"""
_OUTLIVE_THE_RUNTIME = """
import logging, threading
logging.basicConfig(format="%(message)s")
from qiskit import QuantumCircuit
from qiskit_ibm_runtime import IBMRuntimeError, QiskitRuntimeService, Sampler
from qiskit_ibm_runtime.local import launcher

def run(callback=None):
    options = {"backend": "ibmq_qasm_simulator"}
    return service.run("hello-world", {"iterations": 1000}, options=options, callback=callback)

circuit = QuantumCircuit(1)
circuit.measure_all()
service = QiskitRuntimeService(channel="local")
heard = threading.Event()
job = run(lambda *message: heard.set())
Sampler(session=service.backend("ibmq_qasm_simulator")).run(circuit).result()
heard.wait()
launcher._ours.process.kill()
asked = {
    "result": job.result,
    "result in time": lambda: job.result(timeout=1),
    "status": job.status,
    "run": run,
}
for what, ask in asked.items():
    try:
        print(what, ask())
    except IBMRuntimeError as error:
        print(what, error.message, flush=True)
while job._stream.active:
    threading.Event().wait(0.05)
service = QiskitRuntimeService(channel="local")
Sampler(session=service.backend("ibmq_qasm_simulator")).run(circuit).result()
print("another job" if run().job_id() != job.job_id() else "")
"""


@contextmanager
def python(*arguments: str, **options: Any) -> Iterator[subprocess.Popen[str]]:
    """Run Python in a process group of its own, as a shell does."""
    with subprocess.Popen(
        [sys.executable, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
        **options,
    ) as process:
        yield process


def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def ends(pid: int, seconds: float = 20) -> bool:
    """Return whether a process that is not a child of this one ends in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        if Path(f"/proc/{pid}/stat").exists() and _is_zombie(pid):
            return True
        time.sleep(0.05)
    return False


def _is_zombie(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def test_terminal_signals_end_the_wait_but_not_the_runtime() -> None:
    with python("-c", _WAIT_FOR_A_JOB) as process:
        for number in (signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
            assert line(process) == "waiting"
            # Python drops an interrupt that arrives during the callback of a weak reference.
            for _ in range(5):
                os.killpg(process.pid, number)
                if select.select([process.stdout], [], [], 0.8)[0]:  # type: ignore[type-var]
                    break
            assert line(process) == "interrupted"

        assert line(process) == "Hello, World!"


@pytest.mark.parametrize(
    "end",
    [
        "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
        "import os; os.execv('/bin/sleep', ['sleep', '60'])",
        # A forked child keeps every pipe of its parent open.
        "import os, time\nif os.fork(): os._exit(0)\nelse: time.sleep(60)",
    ],
    ids=["kill", "exec", "fork"],
)
def test_runtime_ends_with_its_process(end: str) -> None:
    with python("-c", _START + end) as process:
        server = int(line(process))

        assert ends(server)
        os.killpg(process.pid, signal.SIGKILL)


def test_exit_of_a_forked_child_does_not_stop_the_runtime() -> None:
    fork = "import os, sys\npid = os.fork()\nif pid == 0: sys.exit()\nos.waitpid(pid, 0)\n"
    with python("-c", f"{_START}{fork}print(server.why_ended())") as process:
        line(process)

        assert line(process) == "None"


def test_dead_runtime_fails_fast_and_the_next_service_starts_another() -> None:
    with python("-c", _OUTLIVE_THE_RUNTIME, stderr=subprocess.STDOUT) as process:
        printed = process.stdout.read() if process.stdout else ""

    assert "goes on" not in printed
    assert "still there" not in printed
    lines = printed.splitlines()
    failures = [line for line in lines if "SIGKILL" in line and "its jobs are lost" in line]
    for what in ("result", "result in time", "status", "run", "Streaming of job"):
        assert any(line.startswith(what) for line in failures), printed
    assert lines[-1] == "another job"


def test_imports_nothing_from_the_working_folder(tmp_path: Path) -> None:
    """Covers the server, its workers, and a server started by hand in that folder."""
    script = tmp_path / "elsewhere" / "script.py"
    script.parent.mkdir()
    script.write_text(_RUN_A_JOB)
    mark = tmp_path / "imported"
    spy = f"open({str(mark)!r}, 'a').write(__name__)\n"
    for name in ("json", "multiprocessing", "sitecustomize", "uvicorn", "qiskit_aer", "numpy"):
        (tmp_path / f"{name}.py").write_text(spy)

    with python("-I", str(script), cwd=tmp_path) as process:
        assert line(process) == "Hello, World!"
    (tmp_path / "json.py").unlink()  # `python -m` imports it before our code runs
    with python(*["-m", "qiskit_ibm_runtime.local", "--until-eof"], cwd=tmp_path) as process:
        assert line(process).startswith("url: ")

    assert not mark.exists()


def test_tolerates_output_of_the_interpreter_at_start_and_logs_progress(tmp_path: Path) -> None:
    wrapper = _wrapper(tmp_path, f"echo 'module python loaded'\nexec '{sys.executable}' \"$@\"")
    setting = (
        f"import logging, sys; sys.executable = {wrapper!r}\n"
        "logging.basicConfig(level='INFO', stream=sys.stdout)\n"
    )
    with python("-c", setting + _START) as process:
        assert "Starting the embedded runtime" in line(process)
        assert "is ready at http://127.0.0.1:" in line(process)
        assert line(process).isdigit()


def test_failed_start_reports_the_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launcher, "_ours", None)
    monkeypatch.setattr(sys, "executable", _wrapper(tmp_path, "echo 'no quota' >&2\nexit 3"))

    with pytest.raises(IBMRuntimeError, match=r"process \d+ ended with exit code 3\. no quota"):
        launcher.ensure_running()


def test_reports_missing_extra(tmp_path: Path) -> None:
    (tmp_path / "starlette.py").write_text(
        "raise ModuleNotFoundError(\"No module named 'starlette'\", name='starlette')"
    )
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    with python("-c", _START, env=environment, stderr=subprocess.PIPE) as process:
        assert process.stderr is not None
        printed = process.stderr.read()

    assert "error: No module named" in printed
    assert "pip install" in printed


def test_reports_executor_that_does_not_start(thread: LoopThread) -> None:
    class Broken(ScriptedExecutor):
        async def start(self) -> None:
            raise OSError("no process is left for workers")

    with pytest.raises(SettingsError, match="OSError: no process is left for workers"):
        BackgroundServer(thread, Settings(), Broken())


def test_interrupted_start_leaves_no_process() -> None:
    interrupt = (
        "import select, signal\n"
        "signal.signal(signal.SIGALRM, signal.default_int_handler)\n"
        "signal.setitimer(signal.ITIMER_REAL, 0.05)\n"
        "try: launcher.ensure_running()\n"
        "except KeyboardInterrupt: print('interrupted')\n"
        "import os\n"
        "while True: os.waitpid(-1, 0)\n"  # a process that was just being started ends by itself
    )
    imports = "from qiskit_ibm_runtime.local import launcher\n"
    with python("-c", imports + interrupt, stderr=subprocess.PIPE) as process:
        assert line(process) == "interrupted"
        assert process.stderr is not None
        assert "ChildProcessError" in process.stderr.read()  # no child is left


def test_reports_missing_interpreter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launcher, "_ours", None)
    monkeypatch.setattr(sys, "executable", "/nowhere/python")

    with pytest.raises(IBMRuntimeError, match="/nowhere/python"):
        launcher.ensure_running()


def test_reports_unsupported_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launcher, "_ours", None)
    with monkeypatch.context() as patch:
        patch.setattr(os, "name", "nt")
        with pytest.raises(IBMRuntimeError, match="Linux and macOS only"):
            launcher.ensure_running()


def _wrapper(folder: Path, commands: str) -> str:
    path = folder / "python"
    path.write_text(f"#!/bin/sh\n{commands}\n")
    path.chmod(0o700)
    return str(path)
