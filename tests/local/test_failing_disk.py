"""Full disks and damaged data."""

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
from tests.local.killing import KillableServer

from qiskit_ibm_runtime.local.app import create_app
from qiskit_ibm_runtime.local.settings import Settings, SettingsError
from qiskit_ibm_runtime.local.storage.job_records import Job
from qiskit_ibm_runtime.local.storage.store import Store
from qiskit_ibm_runtime.local.timestamps import new_id

needs_prlimit = pytest.mark.skipif(
    not hasattr(resource, "prlimit"), reason="prlimit requires Linux"
)
SIMULATOR = "ibmq_qasm_simulator"
DEVICE = "fake_lima"


class LimitedServer:
    """Server with a limit on the size of its files, which simulates a full disk."""

    def __init__(self, folder: Path) -> None:
        self.server = KillableServer(folder, stderr=subprocess.PIPE)
        self.waits = threading.Event()
        self.log = ""
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        for line in self.server.process.stderr or ():
            self.log += line
            if "is waiting for the disk to be writable" in line:
                self.waits.set()

    def fill_the_disk(self) -> None:
        self._limit(4096)

    def free_the_disk(self) -> None:
        self._limit(resource.RLIM_INFINITY)

    def _limit(self, size: int) -> None:
        limits = (size, resource.RLIM_INFINITY)
        resource.prlimit(self.server.process.pid, resource.RLIMIT_FSIZE, limits)

    def submit(self, backend: str = DEVICE, **params: Any) -> Any:
        body = {"program_id": "hello-world", "params": params, "backend": backend}
        return self.server.session.post(f"{self.server.url}/runtime/jobs", json=body, timeout=60)

    def status(self, job_id: str) -> str:
        return str(self.server.get(f"/jobs/{job_id}").json()["status"])

    def wait(self, job_id: str, status: str) -> None:
        deadline = time.monotonic() + 60
        while self.status(job_id) != status:
            assert time.monotonic() < deadline, f"job {job_id} is {self.status(job_id)}"

    def end(self, number: int = signal.SIGTERM) -> None:
        self.server.process.send_signal(number)
        self.server.process.wait(60)
        self._reader.join()
        assert self.server.process.stderr is not None
        self.server.process.stderr.close()
        self.server.close()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[], LimitedServer]]:
    """Start consecutive servers on one folder."""
    started: list[LimitedServer] = []

    def start() -> LimitedServer:
        started.append(LimitedServer(tmp_path / "data"))
        return started[-1]

    yield start
    for server in started:
        if server.server.process.returncode is None:
            server.end(signal.SIGKILL)


@pytest.fixture
def server(start: Callable[[], LimitedServer]) -> LimitedServer:
    return start()


@needs_prlimit
@pytest.mark.parametrize("size", [1, 2_000_000], ids=["row", "file"])
def test_full_disk_loses_no_job_and_blocks_no_queue(
    server: LimitedServer, size: int, start: Callable[[], LimitedServer]
) -> None:
    running = server.submit(seconds=0.3, give="x" * size).json()["id"]
    waiting = server.submit(give="second").json()["id"]
    server.wait(running, "Running")

    server.fill_the_disk()
    assert server.waits.wait(60), server.log
    refused = server.submit()
    assert server.status(running) == "Running"
    assert server.status(waiting) == "Queued"

    server.free_the_disk()
    server.wait(running, "Completed")
    server.wait(waiting, "Completed")
    later = server.submit(give="third").json()["id"]
    server.wait(later, "Completed")

    assert refused.status_code == 507
    assert "cannot store anything at the moment" in refused.text
    assert "Traceback" not in server.log
    server.end(signal.SIGKILL)
    again = start()
    assert again.server.get(f"/jobs/{running}/results").json() == "x" * size
    assert again.server.get(f"/jobs/{running}/interim_results").json() == ["0", "1", "2"]
    assert again.server.get("/jobs").json()["count"] == 3


@needs_prlimit
def test_server_can_be_stopped_while_its_disk_is_full(
    server: LimitedServer, start: Callable[[], LimitedServer]
) -> None:
    job = server.submit(seconds=0.2).json()["id"]
    server.wait(job, "Running")
    server.fill_the_disk()
    assert server.waits.wait(60), server.log

    server.end()

    assert "Traceback" not in server.log
    again = start()
    assert again.status(job) == "Failed"


@needs_prlimit
def test_endless_publishing_fails_the_job_while_the_disk_is_full(server: LimitedServer) -> None:
    job = server.submit(seconds=60, publish=1_000_000).json()["id"]
    server.wait(job, "Running")

    server.fill_the_disk()
    assert server.waits.wait(60), server.log
    server.free_the_disk()
    server.wait(job, "Failed")

    assert "too many interim results" in server.server.get(f"/jobs/{job}/results").text


def folder_of_jobs(folder: Path) -> Path:
    """Create a data folder with enough jobs that its tables have many pages."""
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
        file.seek(4096)  # after the first page, which contains the schema
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
def test_unusable_data_folder_is_reported_in_one_line(spoil: Any, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    spoil(folder)

    with pytest.raises(SettingsError, match=f"{folder}.* cannot be used") as caught:
        create_app(Settings(data=folder))

    assert "another server" not in str(caught.value)
    assert "\n" not in str(caught.value)
