"""Kill a server under load, restart it, and compare its data with what it acknowledged."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from qiskit_ibm_runtime.local.storage.job_records import SERVER_STOPPED

SCRIPT = Path(__file__).with_name("killable_server.py")
TIMEOUT = 60
# Larger than other results.
LARGE = 100_000


@dataclass
class Acknowledged:
    """Requests that the server acknowledged, whose effects must persist."""

    jobs: dict[str, Any] = field(default_factory=dict)
    finished: dict[str, str] = field(default_factory=dict)
    canceled: set[str] = field(default_factory=set)
    deleted: set[str] = field(default_factory=set)
    keys: dict[str, str] = field(default_factory=dict)


class KillableServer:
    """Server process that can be killed."""

    def __init__(self, folder: Path, stderr: int | None = None) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(SCRIPT), str(folder)],
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        )
        assert self.process.stdout is not None
        self.url = self.process.stdout.readline().strip()
        assert self.url, "the server did not start"
        self.session = requests.Session()
        self._log_in(self.session)

    def _log_in(self, session: requests.Session) -> None:
        login = session.post(
            f"{self.url}/api/users/loginWithToken", json={"apiToken": "token"}, timeout=TIMEOUT
        )
        session.headers["X-Access-Token"] = login.json()["id"]

    def load(self, known: Acknowledged, number: int, end: threading.Event) -> None:
        """Submit, cancel, delete and read jobs until the server has ended."""
        rng = random.Random(number)
        mine: list[str] = []
        with requests.Session() as session:
            try:
                self._log_in(session)
                while not end.is_set():
                    self._act(session, known, mine, rng)
            except requests.RequestException:
                return  # killed in the middle of a request, which was not acknowledged

    def _act(
        self,
        session: requests.Session,
        known: Acknowledged,
        mine: list[str],
        rng: random.Random,
    ) -> None:
        give = "x" * LARGE if rng.random() < 0.1 else rng.random()
        key = f"{rng.random()}"
        body = {
            "program_id": "hello-world",
            "params": {"give": give},
            "backend": rng.choice(["ibmq_qasm_simulator", "simulator_mps"]),
        }
        answer = session.post(
            f"{self.url}/runtime/jobs",
            json=body,
            headers={"Idempotency-Key": key},
            timeout=TIMEOUT,
        )
        job_id = answer.json()["id"]
        known.jobs[job_id] = give
        known.keys[key] = job_id
        mine.append(job_id)
        other = f"{self.url}/runtime/jobs/{rng.choice(mine)}"
        other_id = other.rpartition("/")[2]
        choice = rng.random()
        if choice < 0.1:
            # The job may be deleted even if the request is not acknowledged.
            known.deleted.add(other_id)
            session.delete(other, timeout=TIMEOUT)
        elif choice < 0.2:
            if session.post(f"{other}/cancel", timeout=TIMEOUT).status_code == 204:
                known.canceled.add(other_id)
        else:
            found = session.get(other, timeout=TIMEOUT)
            status = found.json().get("status") if found.status_code == 200 else None
            if status in ("Completed", "Failed", "Cancelled"):
                known.finished[other_id] = status

    def kill(self) -> None:
        """Kill the server, as the out-of-memory killer does."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.close()

    def close(self) -> None:
        self.session.close()
        assert self.process.stdout is not None
        self.process.stdout.close()

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(TIMEOUT)
        self.close()

    def get(self, path: str, **params: Any) -> requests.Response:
        return self.session.get(f"{self.url}/runtime{path}", params=params, timeout=TIMEOUT)


def run_under_load_and_kill(folder: Path, known: Acknowledged, seed: int, clients: int = 3) -> None:
    """Start a server, load it with some clients, and kill it at a random moment."""
    server = KillableServer(folder)
    end = threading.Event()
    threads = [
        threading.Thread(target=server.load, args=(known, 1000 * seed + number, end))
        for number in range(clients)
    ]
    for thread in threads:
        thread.start()
    time.sleep(random.Random(seed).uniform(0.02, 0.6))
    server.kill()
    end.set()
    for thread in threads:
        thread.join()


def check(folder: Path, known: Acknowledged) -> dict[str, int]:
    """Restart, wait until the queues are empty, and compare; return counts by status."""
    server = KillableServer(folder)
    deadline = time.monotonic() + TIMEOUT
    while server.get("/jobs", pending="true", limit=1).json()["count"]:
        assert time.monotonic() < deadline, "queued jobs are not run"
        time.sleep(0.05)
    counts: dict[str, int] = {}
    for job_id, give in known.jobs.items():
        if job_id in known.deleted:
            continue
        found = server.get(f"/jobs/{job_id}")
        assert found.status_code == 200, f"job {job_id} was acknowledged and is lost"
        job = found.json()
        status = job["status"]
        counts[status] = counts.get(status, 0) + 1
        assert job["params"] == {"give": give}
        assert known.finished.get(job_id, status) == status, "a final status changed"
        assert status == "Cancelled" or job_id not in known.canceled
        result = server.get(f"/jobs/{job_id}/results")
        if status == "Completed":
            assert result.json() == give
            assert len(server.get(f"/jobs/{job_id}/interim_results").json()) == 3
        if status == "Failed":
            assert job["state"]["reason"] == result.text == SERVER_STOPPED
    _check_keys(server, known)
    _check_files(folder)
    server.stop()
    return counts


def _check_keys(server: KillableServer, known: Acknowledged) -> None:
    total = server.get("/jobs", limit=1).json()["count"]
    for key, job_id in list(known.keys.items())[-20:]:
        body = {
            "program_id": "hello-world",
            "params": {"give": known.jobs[job_id]},
            "backend": "simulator_mps",
        }
        for backend in ("ibmq_qasm_simulator", "simulator_mps"):
            answer = server.session.post(
                f"{server.url}/runtime/jobs",
                json={**body, "backend": backend},
                headers={"Idempotency-Key": key},
                timeout=TIMEOUT,
            )
            assert answer.status_code == 409 or answer.json()["id"] == job_id
    assert server.get("/jobs", limit=1).json()["count"] == total, "a repeat created a second job"


def _check_files(folder: Path) -> None:
    """Check that every payload file belongs to a job."""
    import sqlite3

    copy = folder.parent / "copy.sqlite"
    for name in ("runtime.sqlite", "runtime.sqlite-wal"):
        if (folder / name).exists():
            target = copy.with_name(name.replace("runtime", "copy"))
            target.write_bytes((folder / name).read_bytes())
    connection = sqlite3.connect(copy)
    rows = connection.execute("SELECT file FROM payloads WHERE file IS NOT NULL").fetchall()
    connection.close()
    for path in folder.parent.glob("copy.sqlite*"):
        path.unlink()
    payloads = folder / "payloads"
    on_disk = {path.relative_to(payloads).as_posix() for path in payloads.iterdir()}
    assert on_disk == {file for (file,) in rows}
