"""Progress display while waiting for a job."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace

import pytest
from qiskit.providers.jobstatus import JobStatus

from qiskit_ibm_runtime._jobs import progress
from qiskit_ibm_runtime._jobs.progress import NotebookBar, OneLine, Progress

OPTIONS = {"backend": "ibmq_qasm_simulator"}


@pytest.fixture
def run(qiskit_runtime_shared_service):
    return lambda: qiskit_runtime_shared_service.run("hello-world", {"iterations": 1}, OPTIONS)


def test_pipe_gets_one_line_per_change(run, capsys):
    job = run()

    job.result(timeout=60, progress=True)

    lines = capsys.readouterr().err.splitlines()
    assert all(line.startswith(f"job {job.job_id()}: ") for line in lines)
    assert lines[-1].startswith(f"job {job.job_id()}: DONE, 0:")
    assert len(lines) == len(set(lines))


def test_shows_nothing_by_default(run, capsys):
    run().result(timeout=60)

    assert capsys.readouterr() == ("", "")


def test_function_is_called_after_each_poll(run):
    seen: list[Progress] = []

    job = run()
    job.wait_for_final_state(timeout=60, progress=seen.append)

    assert seen[-1].status is JobStatus.DONE
    assert {each.job_id for each in seen} == {job.job_id()}
    assert [each.elapsed for each in seen] == sorted(each.elapsed for each in seen)


def test_queued_job_shows_its_position(qiskit_runtime_service):
    """A device runs one job at a time; the first ends once the second has a queue position."""
    options = {"backend": "fake_manila"}
    first = qiskit_runtime_service.run("hello-world", {"iterations": 100_000}, options)
    job = qiskit_runtime_service.run("hello-world", {"iterations": 1}, options)
    seen: list[Progress] = []

    def look(each):
        if each.position and not seen:
            seen.append(each)
            first.cancel()

    job.wait_for_final_state(timeout=60, progress=look)

    assert f", position {seen[0].position} in the queue" in str(seen[0])


def test_subclass_with_its_own_wait_still_works(run):
    job = run()
    job.wait_for_final_state(timeout=60)
    job.wait_for_final_state = lambda timeout: None  # noqa: ARG005

    assert job.result(timeout=60)


def test_terminal_gets_one_updating_line(capsys):
    line = OneLine()
    for status in (JobStatus.QUEUED, JobStatus.RUNNING):
        line.show(Progress("abc", status, 2 if status is JobStatus.QUEUED else None, 3661.0))
    line.close()

    text = capsys.readouterr().err
    assert text.count("\n") == 1
    assert "QUEUED, position 2 in the queue, 1:01:01" in text
    assert text.count("\r") == 2


class Bar:
    """Records calls of tqdm's progress bar."""

    made: list[Bar] = []

    def __init__(self, **_):
        self.n, self.said, self.closed = 0, [], False
        self.made.append(self)

    def set_description_str(self, text, refresh):
        self.said.append(text)

    def refresh(self):
        """Draw it."""

    def close(self):
        self.closed = True


def test_jupyter_gets_a_tqdm_bar(monkeypatch, run):
    shell = type("ZMQInteractiveShell", (), {})()
    notebook = ModuleType("tqdm.notebook")
    notebook.tqdm = Bar  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    monkeypatch.setitem(sys.modules, "ipywidgets", ModuleType("ipywidgets"))
    monkeypatch.setitem(sys.modules, "tqdm", ModuleType("tqdm"))
    monkeypatch.setitem(sys.modules, "tqdm.notebook", notebook)

    run().result(timeout=60, progress=True)

    (bar,) = Bar.made
    assert bar.closed
    assert bar.n == 2
    assert "DONE" in bar.said[-1]


def test_jupyter_without_tqdm_gets_lines(monkeypatch):
    shell = type("ZMQInteractiveShell", (), {})()
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    monkeypatch.setitem(sys.modules, "tqdm.notebook", None)

    assert not isinstance(progress._display(), NotebookBar)
