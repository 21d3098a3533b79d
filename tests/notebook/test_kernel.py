"""The embedded runtime in a real Jupyter kernel; ``nox -s notebook`` installs one."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from jupyter_client.manager import KernelManager

if TYPE_CHECKING:
    from qiskit_ibm_runtime.testing import RuntimeServer

SET_UP = """
import warnings
warnings.simplefilter("ignore")
from qiskit_ibm_runtime import QiskitRuntimeService
service = QiskitRuntimeService(channel="local")
options = {"backend": "ibmq_qasm_simulator"}
from qiskit_ibm_runtime.local import launcher
print(launcher._ours.process.pid)
"""
WAIT = """
inputs = {"iterations": 100}
job = service.run("hello-world", inputs, options=options)
print("waiting")
job.result()
"""
AGAIN = """
print(job.result(), len(service.jobs()))
"""
DEAD = """
import os, signal
os.kill(launcher._ours.process.pid, signal.SIGKILL)
job.status() and service.jobs()
"""
NOT_INSTALLED = """
import sys
sys.executable = "/bin/false"
QiskitRuntimeService(channel="local")
"""


SUBMIT = """
import warnings
warnings.simplefilter("ignore")
from qiskit_ibm_runtime import QiskitRuntimeService
service = QiskitRuntimeService()
inputs = {"iterations": 100000}  # outlives the tests
job = service.run("hello-world", inputs, options={"backend": "ibmq_qasm_simulator"})
print(job.job_id())
"""
LAST = """
import warnings
warnings.simplefilter("ignore")
from qiskit_ibm_runtime import QiskitRuntimeService
service = QiskitRuntimeService()
job = service.job("last")
print(job.job_id())
job.cancel()
"""


class Notebook:
    """A kernel, with the output and errors of its cells.

    Attributes:
        shown: The kinds of what cells displayed.
    """

    def __init__(self, folder: Path) -> None:
        self.shown: set[str] = set()
        self.manager = KernelManager()
        self.manager.start_kernel(cwd=str(folder))
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=60)

    def run(self, code: str, interrupt_at: str | None = None) -> tuple[str, str]:
        """Return the output and error of a cell, interrupting it once it prints a given string."""
        cell = self.client.execute(code)
        printed, error = "", ""
        while True:
            message: dict[str, Any] = self.client.get_iopub_msg(timeout=120)
            if message["parent_header"].get("msg_id") != cell:
                continue
            content = message["content"]
            if message["msg_type"] == "stream":
                printed += content["text"]
                if interrupt_at is not None and interrupt_at in printed:
                    interrupt_at = None
                    self.manager.interrupt_kernel()
            elif message["msg_type"] in ("display_data", "execute_result"):
                self.shown |= set(content["data"])
            elif message["msg_type"] == "error":
                error = f"{content['ename']}: {content['evalue']}"
            elif message["msg_type"] == "status" and content["execution_state"] == "idle":
                return printed, error

    def close(self) -> None:
        self.client.stop_channels()
        if self.manager.has_kernel:
            self.manager.shutdown_kernel(now=True)


@pytest.fixture
def notebook(tmp_path: Path) -> Iterator[Notebook]:
    notebook = Notebook(tmp_path)
    yield notebook
    notebook.close()


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def wait_for_the_end_of(pid: int) -> None:
    deadline = time.monotonic() + 30
    while alive(pid):
        assert time.monotonic() < deadline, f"process {pid} is still there"
        time.sleep(0.05)


def test_interrupt_stops_waiting_but_not_the_runtime(notebook: Notebook) -> None:
    printed, error = notebook.run(SET_UP)
    assert error == ""
    server = int(printed)

    for _ in range(3):
        printed, error = notebook.run(WAIT, interrupt_at="waiting")
        assert (printed, error) == ("waiting\n", "KeyboardInterrupt: ")
        assert alive(server)

    printed, error = notebook.run(AGAIN)
    assert (printed, error) == ("Hello, World! 3\n", "")


@pytest.mark.parametrize("how", ["shutdown", "restart", "kill"])
def test_runtime_stops_with_its_kernel(notebook: Notebook, how: str) -> None:
    server = int(notebook.run(SET_UP)[0])

    if how == "shutdown":
        notebook.client.shutdown()
    elif how == "restart":
        notebook.manager.restart_kernel(now=True)
    else:
        notebook.manager.provisioner.process.kill()

    wait_for_the_end_of(server)


def test_dead_runtime_and_failed_start_raise_clear_errors(notebook: Notebook) -> None:
    notebook.run(SET_UP)
    notebook.run(WAIT)

    assert "The embedded runtime has ended" in notebook.run(DEAD)[1]
    assert "did not start: process" in notebook.run(NOT_INSTALLED)[1]


def test_imports_no_module_from_the_notebooks_directory(notebook: Notebook, tmp_path: Path) -> None:
    for name in ("uvicorn", "starlette", "qiskit_aer", "multiprocessing"):
        (tmp_path / f"{name}.py").write_text(f"open({str(tmp_path / 'imported')!r}, 'w')\n")

    printed, error = notebook.run(SET_UP)

    assert error == ""
    assert printed.strip().isdigit()
    assert not (tmp_path / "imported").exists()


@pytest.fixture
def with_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, qiskit_runtime_server: RuntimeServer
) -> Iterator[Notebook]:
    """A kernel with its own journal, connected to a server that outlives it."""
    monkeypatch.setenv("QISKIT_IBM_CHANNEL", "local")
    monkeypatch.setenv("QISKIT_IBM_URL", qiskit_runtime_server.url)
    monkeypatch.setenv("QISKIT_IBM_TOKEN", qiskit_runtime_server.token)
    monkeypatch.setenv("QISKIT_IBM_RUNTIME_JOURNAL", str(tmp_path / "jobs.jsonl"))
    notebook = Notebook(tmp_path)
    yield notebook
    notebook.close()


def test_job_can_be_found_after_an_interrupt_and_a_restart(with_server: Notebook) -> None:
    job_id, error = with_server.run(SUBMIT)
    assert error == ""
    waiting = "print('waiting')\njob.result(progress=True)"
    assert with_server.run(waiting, interrupt_at="waiting")[1] == "KeyboardInterrupt: "
    assert with_server.run("job.status()")[1] == ""

    with_server.manager.restart_kernel(now=True)
    with_server.client.wait_for_ready(timeout=60)

    assert with_server.run(LAST) == (job_id, "")


def test_notebook_awaits_jobs_and_shows_progress_bars_and_cards(with_server: Notebook) -> None:
    with_server.run(SUBMIT.replace("100000", "1"))

    assert with_server.run("print(await job)") == ("Hello, World!\n", "")
    assert with_server.run("job.wait_for_final_state(progress=True)") == ("", "")
    assert "application/vnd.jupyter.widget-view+json" in with_server.shown
    for thing in ("service", "job", "service.jobs()", "service.active_account()"):
        with_server.shown.clear()
        assert with_server.run(thing)[1] == ""
        assert "text/html" in with_server.shown
