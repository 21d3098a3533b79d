"""A disk that is full for a while, and data that is damaged."""

from __future__ import annotations

import resource
import signal
import sqlite3
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.local.killing import Victim

from qiskit_ibm_runtime.local.app import create_app
from qiskit_ibm_runtime.local.settings import Settings, SettingsError
from qiskit_ibm_runtime.local.storage.job_records import Job
from qiskit_ibm_runtime.local.storage.store import Store
from qiskit_ibm_runtime.local.timestamps import new_id

needs_prlimit = pytest.mark.skipif(
    not hasattr(resource, "prlimit"), reason="limits of another process need Linux"
)
SIMULATOR = "ibmq_qasm_simulator"
DEVICE = "fake_lima"


class Machine:
    """A server whose disk can be filled: its files may grow no longer."""

    def __init__(self, folder: Path) -> None:
        self.victim = Victim(folder, stderr=subprocess.PIPE)
        self.waits = threading.Event()
        self.log = ""
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        for line in self.victim.process.stderr or ():
            self.log += line
            if "is waiting for the disk to be writable" in line:
                self.waits.set()

    def fill_the_disk(self) -> None:
        self._limit(4096)

    def free_the_disk(self) -> None:
        self._limit(resource.RLIM_INFINITY)

    def _limit(self, size: int) -> None:
        limits = (size, resource.RLIM_INFINITY)
        resource.prlimit(self.victim.process.pid, resource.RLIMIT_FSIZE, limits)

    def submit(self, backend: str = DEVICE, **params: Any) -> Any:
        body = {"program_id": "hello-world", "params": params, "backend": backend}
        return self.victim.session.post(f"{self.victim.url}/runtime/jobs", json=body, timeout=60)

    def status(self, job_id: str) -> str:
        return str(self.victim.get(f"/jobs/{job_id}").json()["status"])

    def wait(self, job_id: str, status: str) -> None:
        deadline = time.monotonic() + 60
        while self.status(job_id) != status:
            assert time.monotonic() < deadline, f"job {job_id} is {self.status(job_id)}"

    def end(self, number: int = signal.SIGTERM) -> None:
        self.victim.process.send_signal(number)
        self.victim.process.wait(60)
        self._reader.join()
        assert self.victim.process.stderr is not None
        self.victim.process.stderr.close()
        self.victim.close()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[], Machine]]:
    """Start servers on one folder, one after the other."""
    started: list[Machine] = []

    def start() -> Machine:
        started.append(Machine(tmp_path / "data"))
        return started[-1]

    yield start
    for machine in started:
        if machine.victim.process.returncode is None:
            machine.end(signal.SIGKILL)


@pytest.fixture
def machine(start: Callable[[], Machine]) -> Machine:
    return start()


@needs_prlimit
@pytest.mark.parametrize("size", [1, 2_000_000], ids=["row", "file"])
def test_a_full_disk_loses_no_job_and_stops_no_queue(
    machine: Machine, size: int, start: Callable[[], Machine]
) -> None:
    running = machine.submit(seconds=0.3, give="x" * size).json()["id"]
    waiting = machine.submit(give="second").json()["id"]
    machine.wait(running, "Running")

    machine.fill_the_disk()
    assert machine.waits.wait(60), machine.log
    refused = machine.submit()
    assert machine.status(running) == "Running"
    assert machine.status(waiting) == "Queued"

    machine.free_the_disk()
    machine.wait(running, "Completed")
    machine.wait(waiting, "Completed")
    later = machine.submit(give="third").json()["id"]
    machine.wait(later, "Completed")

    assert refused.status_code == 507
    assert "cannot store anything at the moment" in refused.text
    assert "Traceback" not in machine.log
    machine.end(signal.SIGKILL)
    again = start()
    assert again.victim.get(f"/jobs/{running}/results").json() == "x" * size
    assert again.victim.get(f"/jobs/{running}/interim_results").json() == ["0", "1", "2"]
    assert again.victim.get("/jobs").json()["count"] == 3


@needs_prlimit
def test_a_server_can_be_stopped_while_its_disk_is_full(
    machine: Machine, start: Callable[[], Machine]
) -> None:
    job = machine.submit(seconds=0.2).json()["id"]
    machine.wait(job, "Running")
    machine.fill_the_disk()
    assert machine.waits.wait(60), machine.log

    machine.end()

    assert "Traceback" not in machine.log
    again = start()
    assert again.status(job) == "Failed"


@needs_prlimit
def test_a_job_that_publishes_without_end_fails_while_the_disk_is_full(machine: Machine) -> None:
    job = machine.submit(seconds=60, publish=1_000_000).json()["id"]
    machine.wait(job, "Running")

    machine.fill_the_disk()
    assert machine.waits.wait(60), machine.log
    machine.free_the_disk()
    machine.wait(job, "Failed")

    assert "too many interim results" in machine.victim.get(f"/jobs/{job}/results").text


def folder_of_jobs(folder: Path) -> Path:
    """A folder of data with so many jobs that its tables have many pages."""
    store = Store(folder)
    with store.transaction():
        for _ in range(300):
            job = Job("alice", "h/g/p", "hello-world", SIMULATOR, id=new_id())
            store.jobs.add(job, b"{}" * 500)
    store.close()
    return folder / "runtime.sqlite"


def _file_for_folder(folder: Path) -> None:
    folder.write_text("not a folder")


def _folder_for_database(folder: Path) -> None:
    (folder / "runtime.sqlite").mkdir(parents=True)


def _file_for_payloads(folder: Path) -> None:
    folder.mkdir()
    (folder / "payloads").touch()


def _database_of_somebody_else(folder: Path) -> None:
    folder.mkdir()
    connection = sqlite3.connect(folder / "runtime.sqlite")
    connection.execute("CREATE TABLE jobs (title TEXT)")
    connection.close()


def _text_for_database(folder: Path) -> None:
    folder.mkdir()
    (folder / "runtime.sqlite").write_text("not a database, but longer than its head " * 100)


def _damaged_pages(folder: Path) -> None:
    path = folder_of_jobs(folder)
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(4096)  # behind the head, which says what is in the other pages
        file.write(b"\xa5" * (size - 4096))


def _cut(folder: Path) -> None:
    path = folder_of_jobs(folder)
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2)


@pytest.mark.parametrize(
    "spoil",
    [
        _file_for_folder,
        _folder_for_database,
        _file_for_payloads,
        _database_of_somebody_else,
        _text_for_database,
        _damaged_pages,
        _cut,
    ],
)
def test_data_that_cannot_be_used_is_one_sentence(spoil: Any, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    spoil(folder)

    with pytest.raises(SettingsError, match=f"{folder}.* cannot be used") as caught:
        create_app(Settings(data=folder))

    assert "another server" not in str(caught.value)
    assert "\n" not in str(caught.value)
