"""Persistence of data across restarts and kill -9."""

from __future__ import annotations

import errno
import os
import sqlite3
import stat
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone
from pathlib import Path

import pytest

from qiskit_ibm_runtime.local.serving.command_line import main
from qiskit_ibm_runtime.local.settings import SettingsError
from qiskit_ibm_runtime.local.storage.job_records import SERVER_STOPPED, Job
from qiskit_ibm_runtime.local.storage.payloads import LARGEST_ROW
from qiskit_ibm_runtime.local.storage.program_records import Program
from qiskit_ibm_runtime.local.storage.session_records import Session
from qiskit_ibm_runtime.local.storage.store import Store
from qiskit_ibm_runtime.testing.servers import BackgroundServer, LoopThread

from .conftest import Client, ScriptedExecutor, quantum_client, read_stream
from .killing import Acknowledged, check, run_under_load_and_kill
from .test_programs import SOURCE, upload

Serve = Callable[..., BackgroundServer]


def test_data_survives_a_restart(serve: Serve, tmp_path: Path) -> None:
    first = serve(data=tmp_path)
    before = quantum_client(first)
    large = "x" * (2 * LARGEST_ROW)
    ended = before.submit(
        {"say": [1, 2], "give": large, "log": "line"}, headers={"Idempotency-Key": "k"}
    )
    session = before.submit({"give": 1}, start_session=True)
    before.wait(ended)
    before.wait(session)
    record = before.get(f"/jobs/{ended}")
    program_id = upload(before)
    first.stop()

    second = serve(data=tmp_path)
    after = Client(second, before.headers, "/runtime")  # the old access token is still valid

    assert after.get(f"/jobs/{ended}") == record
    assert after("GET", f"/jobs/{ended}/results").json() == large
    assert after("GET", f"/jobs/{ended}/logs").text == "line"
    assert read_stream(after.listen(ended))[0][1:3] == ["1", "2"]
    assert after.get(f"/programs/{program_id}")["data"] == SOURCE
    assert after.post(session_id=session).status_code == 200
    again = {"say": [1, 2], "give": large, "log": "line"}
    assert after.submit(again, headers={"Idempotency-Key": "k"}) == ended


def test_restart_fails_running_jobs_and_runs_queued_ones(
    serve: Serve, tmp_path: Path, executor: ScriptedExecutor
) -> None:
    first = serve(data=tmp_path, grace_seconds=0)
    before = quantum_client(first)
    running = before.submit({"say": ["x"], "gate": "never"})
    waiting = [before.submit({"give": n}) for n in range(2)]
    executor.wait_for(1)
    first.stop()

    after = quantum_client(serve(data=tmp_path))

    job = after.wait(running)
    assert job["state"] == {"status": "Failed", "reason": SERVER_STOPPED}
    assert after("GET", f"/jobs/{running}/results").text == SERVER_STOPPED
    assert after.get(f"/jobs/{running}/interim_results") == ['"x"']
    assert [after.wait(job_id)["status"] for job_id in waiting] == ["Completed"] * 2
    assert len(executor.killed) == 1


def test_stopping_server_gives_running_jobs_time_to_finish(
    serve: Serve, tmp_path: Path, executor: ScriptedExecutor
) -> None:
    first = serve(data=tmp_path, grace_seconds=60)
    client = quantum_client(first)
    job_id = client.submit({"gate": "g", "give": 1})
    executor.wait_for(1)
    executor.open("g")
    first.stop()

    assert quantum_client(serve(data=tmp_path)).get(f"/jobs/{job_id}")["status"] == "Completed"


def test_rejects_folder_of_another_server(
    thread: LoopThread, serve: Serve, tmp_path: Path, executor: ScriptedExecutor
) -> None:
    server = serve(data=tmp_path)

    with pytest.raises(SettingsError, match="another server"):
        BackgroundServer(thread, server.settings, executor)


def test_migrates_data_of_an_earlier_release(tmp_path: Path) -> None:
    """Format 1 stored payloads as text, large ones in folders, and had unique program names."""
    store, job = Store(tmp_path), Job("u", "a/b/c", "p", "b")
    with store.transaction():
        store.jobs.add(job, b"{}")
    store.close()
    connection = sqlite3.connect(tmp_path / "runtime.sqlite")
    with connection:
        connection.executescript(
            "DROP TABLE programs; CREATE TABLE programs (id TEXT PRIMARY KEY, user TEXT NOT NULL, "
            "name TEXT NOT NULL, public INTEGER NOT NULL, created TEXT NOT NULL, "
            "updated TEXT NOT NULL, details TEXT NOT NULL, UNIQUE (user, name)); "
            "INSERT INTO programs VALUES ('1', 'u', 'n', 0, '', '', '{}'); DROP TABLE payloads; "
            "CREATE TABLE payloads (owner TEXT NOT NULL, kind TEXT NOT NULL, text TEXT, "
            "file TEXT, PRIMARY KEY (owner, kind)); DROP TABLE sessions; "
            "CREATE TABLE sessions (id TEXT PRIMARY KEY, user TEXT NOT NULL, "
            "instance TEXT NOT NULL, backend TEXT NOT NULL, seconds REAL NOT NULL, started REAL, "
            "closed INTEGER NOT NULL); INSERT INTO sessions VALUES ('s', 'u', 'i', 'b', 9, 1, 0); "
            "PRAGMA user_version = 1;"
        )
        connection.executemany(
            "INSERT INTO payloads VALUES (?, ?, ?, ?)",
            [(job.id, "params", '{"é": 1}', None), (job.id, "result", None, "ab/cd")],
        )
    connection.close()
    (tmp_path / "payloads" / "ab").mkdir()
    (tmp_path / "payloads" / "ab" / "cd").write_text("large")

    store = Store(tmp_path)

    with store.transaction():
        store.programs.put(Program("2", "u", "n"))
    assert [one.id for one in store.programs.visible_to("u")] == ["1", "2"]
    assert store.jobs.with_status("Queued") == [job]
    assert store.sessions.get("s") == Session("s", "u", "i", "b", 9, 1)
    assert store.payloads.get(job.id, "params") == '{"é": 1}'.encode()
    assert store.payloads.get(job.id, "result") == b"large"
    with store.transaction():
        store.jobs.delete(job.id)
    assert not (tmp_path / "payloads" / "ab" / "cd").exists()
    store.close()


def test_rejects_data_of_a_newer_release(tmp_path: Path) -> None:
    Store(tmp_path).close()
    connection = sqlite3.connect(tmp_path / "runtime.sqlite")
    connection.execute("PRAGMA user_version = 99")
    connection.close()

    with pytest.raises(SettingsError, match="newer release"):
        Store(tmp_path)


def test_does_not_overwrite_file_that_is_not_a_database(tmp_path: Path) -> None:
    path = tmp_path / "runtime.sqlite"
    path.write_text("my notes, which are quite long" * 10)

    with pytest.raises(SettingsError, match=r"runtime\.sqlite"):
        Store(tmp_path)

    assert path.read_text().startswith("my notes")


def test_other_users_cannot_read_the_data(serve: Serve, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    client = quantum_client(serve(data=folder))
    client.wait(client.submit({"give": "x" * (2 * LARGEST_ROW)}))

    found = [folder, *folder.rglob("*")]

    assert any("payloads" in path.parts for path in found)
    assert all(stat.S_IMODE(path.stat().st_mode) & 0o077 == 0 for path in found)


def test_failed_transaction_leaves_no_row_or_file(tmp_path: Path) -> None:
    store = Store(tmp_path)

    def fail() -> None:
        with store.transaction():
            store.jobs.add(Job("u", "a/b/c", "p", "b"), b"x" * (2 * LARGEST_ROW))
            raise KeyError

    with pytest.raises(KeyError):
        fail()

    assert store.jobs.with_status("Queued") == []
    assert [path for path in (tmp_path / "payloads").rglob("*") if path.is_file()] == []
    store.close()


def test_purge_deletes_old_jobs_with_their_files(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = Store(tmp_path)
    with store.transaction():
        old, young, waiting = (Job("u", "a/b/c", "p", "b") for _ in range(3))
        for job in (old, young, waiting):
            store.jobs.add(job, b"x" * (2 * LARGEST_ROW))
        for job in (old, young):
            store.jobs.finish(job.id, "Completed", result="1")
        store._connection.execute(
            "UPDATE jobs SET finished = '2020-01-01T00:00:00.000000Z' WHERE id = ?", (old.id,)
        )
    store.close()

    assert main(["purge", "--data", str(tmp_path), "--days", "30"]) == 0

    assert capsys.readouterr().out == "removed: 1\n"
    store = Store(tmp_path)
    assert store.jobs.get(old.id) is None
    assert store.jobs.get(young.id) is not None
    assert store.jobs.get(waiting.id) is not None
    assert len([path for path in (tmp_path / "payloads").rglob("*") if path.is_file()]) == 2
    assert store.purge(datetime.now(timezone.utc)) == 1
    store.close()
    assert main(["purge", "--data", str(tmp_path / "none"), "--days", "1"]) == 2


def test_server_purges_jobs_older_than_its_retention(serve: Serve, tmp_path: Path) -> None:
    first = serve(data=tmp_path)
    client = quantum_client(first)
    job_id = client.submit({"give": 1})
    client.wait(job_id)
    first.stop()

    after = quantum_client(serve(data=tmp_path, retention_days=0.0))

    assert after("GET", f"/jobs/{job_id}").status_code == 404


class SlowDisk:
    """Replacement of fsync that delays syncs in one folder until ``ready``, and can fail."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
        self.ready, self.asked = threading.Event(), threading.Event()
        self.count, self.is_broken = 0, False
        self._folder, self._real = folder, os.fsync
        monkeypatch.setattr(os, "fsync", self)

    def __call__(self, file: int) -> None:
        here = [self._folder, *self._folder.rglob("*")]
        if not any(os.path.samestat(os.fstat(file), path.stat()) for path in here):
            self._real(file)  # of another test's server, which is still stopping
            return
        self.count += 1
        self.asked.set()
        assert self.ready.wait(60)
        if self.is_broken:
            raise OSError(errno.EIO, "broken")


@pytest.mark.parametrize("size", [1, 2 * LARGEST_ROW], ids=["a row", "a file"])
def test_acknowledges_after_sync_without_blocking_others(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    client = quantum_client(serve(data=tmp_path))
    slow = SlowDisk(monkeypatch, tmp_path)

    with ThreadPoolExecutor(8) as pool:
        submits = [pool.submit(client.submit, {"give": "x" * size}) for _ in range(8)]
        assert slow.asked.wait(60)
        assert client("GET", "/backends").status_code == 200
        assert not any(submit.done() for submit in submits)
        slow.ready.set()
        ids = {submit.result() for submit in submits}

    assert client.get("/jobs", limit=20)["count"] == len(ids) == 8


def test_concurrent_submits_share_a_sync(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = quantum_client(serve(data=tmp_path))
    slow = SlowDisk(monkeypatch, tmp_path)

    with ThreadPoolExecutor(16) as pool:
        first = pool.submit(client.submit)
        assert slow.asked.wait(60)
        others = [pool.submit(client.submit) for _ in range(15)]
        while client.get("/jobs", limit=1)["count"] < 16:
            pass
        slow.ready.set()
        assert len({submit.result() for submit in (first, *others)}) == 16

    assert slow.count == 2


def test_acknowledges_nothing_after_a_failed_sync(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    After a failed sync, a later one may succeed although earlier data is missing on disk.
    """
    client = quantum_client(serve(data=tmp_path))
    slow = SlowDisk(monkeypatch, tmp_path)
    slow.ready.set()
    assert client.post().status_code == 200

    slow.is_broken = True
    assert client.post().status_code == 500
    slow.is_broken = False

    assert client.post().status_code == 500


@pytest.mark.skipif(os.name == "nt", reason="kill -9 is a POSIX signal")
def test_killed_server_loses_no_acknowledged_job(tmp_path: Path) -> None:
    folder, known = tmp_path / "data", Acknowledged()

    for seed in range(3):
        run_under_load_and_kill(folder, known, seed)
    counts = check(folder, known)

    assert counts["Completed"] > 0
    assert sum(counts.values()) == len(known.jobs.keys() - known.deleted)
