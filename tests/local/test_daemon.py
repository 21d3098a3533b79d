"""Persistent runtime: ``start``, ``stop`` and ``status``."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.local.test_launcher import ends

from qiskit_ibm_runtime.local import daemon
from qiskit_ibm_runtime.local.server_process import Announcement

_SIGNS_OF_A_TEST = ("PYTEST_CURRENT_TEST", "PYTEST_VERSION")
_RUN = """
from qiskit_ibm_runtime import QiskitRuntimeService
service = QiskitRuntimeService(channel="local")
print(len(service.jobs()))
service.run("hello-world", {}, options={"backend": "ibmq_qasm_simulator"}).result()
"""
_OUTLIVE = """
import os, signal, sys
from qiskit_ibm_runtime import IBMRuntimeError
os.kill(int(sys.argv[1]), signal.SIGKILL)
try:
    service.jobs()
except IBMRuntimeError as error:
    print(error.message)
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Empty home folder."""
    monkeypatch.setenv("HOME", str(tmp_path))
    yield tmp_path
    daemon.stop()


def runtime(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "qiskit_ibm_runtime.local", *arguments]


def python(*arguments: str, **environment: str) -> str:
    """Return the output of a program that cannot detect that it is part of a test."""
    inherited = {key: value for key, value in os.environ.items() if key not in _SIGNS_OF_A_TEST}
    return subprocess.run(
        [sys.executable, "-c", *arguments],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        env={**inherited, **environment},
    ).stdout


def process_in(output: str) -> int:
    """Parse the number in ``process: ...`` or ``stopped: process ...``."""
    found = re.search(r"process:? (\d+)", output)
    assert found is not None, output
    return int(found[1])


def test_persistent_runtime_and_its_jobs_outlive_processes(home: Path) -> None:
    # Of three concurrent starts, one starts the server and the others find it.
    starting = [
        subprocess.Popen(runtime("start", "--workers", "1"), stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    output = {one.communicate()[0] for one in starting}
    assert len(output) == 1
    pid = process_in(output.pop())
    assert os.getsid(pid) == pid
    file = next(home.glob(".qiskit/embedded-runtime/*/server.json"))
    assert file.stat().st_mode & 0o777 == 0o600
    assert "process" in subprocess.check_output(runtime("status"), text=True)

    assert python(_RUN) == "0\n"
    assert python(_RUN, PYTEST_CURRENT_TEST="a test") == "0\n", "a test has a runtime of its own"

    ended = python(_RUN + _OUTLIVE, str(pid))
    assert ended.startswith("1\n")
    assert "has ended. Its jobs are saved" in ended
    assert subprocess.run(runtime("status"), stdout=subprocess.PIPE, check=False).returncode == 1

    again = process_in(subprocess.check_output(runtime("start", "--workers", "1"), text=True))
    assert again != pid
    assert python(_RUN) == "2\n"
    assert process_in(subprocess.check_output(runtime("stop"), text=True)) == again
    assert file.read_text() == ""
    assert ends(again)
    assert "is not running" in subprocess.check_output(runtime("stop"), text=True)


def test_failed_start_reports_the_reason(home: Path) -> None:
    failed = subprocess.run(
        runtime("start", "--device", "fake_nothing"), stderr=subprocess.PIPE, text=True, check=False
    )

    assert failed.returncode == 2
    assert failed.stderr.startswith("error: ")
    assert "Unknown devices: fake_nothing" in failed.stderr


@pytest.fixture
def running(home: Path) -> Iterator[Announcement]:
    """Announcement in a locked file, as if a persistent runtime ran."""
    with daemon._claimed() as file:
        assert file is not None
        announcement = Announcement("http://127.0.0.1:1/api", "secret", os.getpid(), None)
        announcement.write(file)
        yield announcement
        daemon.withdraw(file)


def test_ignores_runtime_with_other_versions(
    running: Announcement, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    assert daemon.find_usable() is None
    for name in _SIGNS_OF_A_TEST:
        monkeypatch.delenv(name, raising=False)
    assert daemon.find_usable() == running

    monkeypatch.setattr(daemon, "versions", lambda: {**running.versions, "qiskit-aer": "0.99"})

    assert daemon.find_usable() is None
    assert "qiskit-aer 0.99" in caplog.text
    assert running.token not in caplog.text


def test_ignores_file_that_others_can_read(
    running: Announcement, caplog: pytest.LogCaptureFixture
) -> None:
    (daemon.folder() / "server.json").chmod(0o644)

    assert daemon.find() is None
    assert "others can read it" in caplog.text


def test_ignores_file_without_lock(home: Path) -> None:
    with daemon._claimed() as file:
        assert file is not None
        Announcement("http://127.0.0.1:1/api", "secret", os.getpid(), None).write(file)
    assert "secret" in (daemon.folder() / "server.json").read_text()

    assert daemon.find() is None
    assert daemon.stop() is None


def test_ignores_truncated_announcement(running: Announcement) -> None:
    path = daemon.folder() / "server.json"
    os.truncate(path, path.stat().st_size // 2)

    assert daemon.find(patience=0) is None


def test_interrupted_start_leaves_no_server(home: Path) -> None:
    slow = (
        "import os, signal, sys, threading\n"
        "from qiskit_ibm_runtime.local import daemon\n"
        "daemon._read = lambda file: os.kill(os.getpid(), signal.SIGINT)\n"
        "daemon.start([])\n"
    )

    interrupted = subprocess.run([sys.executable, "-c", slow], stderr=subprocess.PIPE, check=False)

    assert interrupted.returncode == -signal.SIGINT
    assert daemon.find() is None
