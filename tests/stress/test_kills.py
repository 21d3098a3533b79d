"""kill -9 of server, workers and clients at random moments loses no job and leaves no process.

``KILLS`` sets their number, ``OWNERS`` that of processes with their own embedded runtime.
"""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from tests.stress.submitting import Client

KILLS = int(os.environ.get("KILLS", "100"))
OWNERS = int(os.environ.get("OWNERS", "10"))
SEED = int(os.environ.get("SEED", "1"))
MARK = "QISKIT_STRESS_MARK"
TOKEN = "stress-token-0123456789"
CLIENTS = 3
ALLOWED_ENDS = (
    "The server was stopped while this job was running.",
    "was killed by SIG",
    "Cannot start a worker process",  # its fork server was killed twice in a row
)

pytestmark = [
    pytest.mark.timeout(24 * 3600),
    pytest.mark.skipif(sys.platform != "linux", reason="processes are found in /proc"),
]


def marked(mark: str) -> dict[int, str]:
    """Return processes that inherited a marker, with their command lines."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if f"{MARK}={mark}".encode() in (folder / "environ").read_bytes().split(b"\0"):
                line = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                if line:  # a zombie has none
                    found[int(folder.name)] = line
    return found


def wait_until(what: Any, seconds: float, told: Any) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, told()
        time.sleep(0.02)


def wait_until_all_have_ended(mark: str) -> None:
    wait_until(lambda: not marked(mark), 20, lambda: f"left: {marked(mark)}")


class Killer:
    """A server on a data folder, its clients, and the jobs it acknowledged."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder, self.chance = folder, random.Random(seed)
        self.mark, self.client_mark = uuid.uuid4().hex, uuid.uuid4().hex
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.acknowledged: dict[str, Any] = {}
        self.ends: Counter[str] = Counter()
        self.kills: Counter[str] = Counter()
        self._readers: list[threading.Thread] = []
        self._log = (folder / "log").open("ab")
        self.server = self._serve()
        self.clients = [self._submit() for _ in range(CLIENTS)]

    def _serve(self) -> subprocess.Popen[bytes]:
        data = ("--data", str(self.folder / "data"), "--port", str(self.port), "--workers", "2")
        return subprocess.Popen(
            [sys.executable, "-m", "qiskit_ibm_runtime.local", "serve", *data],
            env={**os.environ, MARK: self.mark, "QISKIT_IBM_LOCAL_TOKEN": TOKEN},
            stdout=subprocess.DEVNULL,
            stderr=self._log,
        )

    def _submit(self) -> subprocess.Popen[str]:
        script = Path(__file__).with_name("submitting.py")
        client = subprocess.Popen(
            [sys.executable, str(script), self.url, TOKEN, str(self.chance.random())],
            env={**os.environ, MARK: self.client_mark},
            stdout=subprocess.PIPE,
            text=True,
        )
        reader = threading.Thread(target=self._read, args=(client,))
        reader.start()
        self._readers = [one for one in self._readers if one.is_alive()] + [reader]
        return client

    def _read(self, client: subprocess.Popen[str]) -> None:
        assert client.stdout is not None
        with client.stdout as printed:
            for line in printed:
                if line.endswith("\n"):
                    job_id, _, give = line.partition(" ")
                    self.acknowledged[job_id] = json.loads(give)

    def kill_something(self) -> None:
        time.sleep(self.chance.uniform(0, 0.9))
        kind = self.chance.choice(["server", "worker", "worker", "worker", "client"])
        getattr(self, f"_kill_{kind}")()

    def _kill_server(self) -> None:
        self.server.kill()
        self.server.wait()
        self.kills["server"] += 1
        self._nothing_is_left()
        self.server = self._serve()

    def _kill_worker(self) -> None:
        """Pick a process below the server: a worker, a keeper, or the fork server."""
        below = [pid for pid in marked(self.mark) if pid != self.server.pid]
        if below:
            with suppress(ProcessLookupError):
                os.kill(self.chance.choice(below), signal.SIGKILL)
                self.kills["worker"] += 1

    def _kill_client(self) -> None:
        client = self.clients.pop(self.chance.randrange(len(self.clients)))
        client.kill()
        client.wait()
        self.kills["client"] += 1
        self.clients.append(self._submit())

    def _nothing_is_left(self) -> None:
        wait_until_all_have_ended(self.mark)

    def check(self) -> None:
        """Compare every acknowledged job with the server's records; forget finished ones."""
        client = Client(self.url, TOKEN)
        for job_id, give in list(self.acknowledged.items()):
            answer = client.ask("GET", f"/jobs/{job_id}", params={"exclude_params": "true"})
            assert answer.status_code == 200, f"job {job_id} was acknowledged and is lost"
            job = answer.json()
            if job["status"] in ("Queued", "Running"):
                continue
            self.ends[job["status"]] += 1
            text = client.ask("GET", f"/jobs/{job_id}/results").text
            if job["status"] == "Completed":
                assert json.loads(text) == give
            else:
                assert any(end in text for end in ALLOWED_ENDS), text
            del self.acknowledged[job_id]

    def stop_clients(self) -> None:
        for client in self.clients:
            client.kill()
            client.wait()
        for reader in self._readers:
            reader.join()

    def close(self) -> None:
        self.stop_clients()
        self.server.kill()
        self.server.wait()
        self._log.close()

    def settle(self) -> None:
        """Let all jobs finish, check them, and stop the server cleanly."""
        self.stop_clients()

        def is_empty() -> bool:
            self.check()
            return not self.acknowledged

        wait_until(is_empty, 300, lambda: f"never ended: {list(self.acknowledged)[:5]}")
        self.server.terminate()
        self.server.wait(60)
        self._nothing_is_left()


def test_kills_lose_no_job_and_leave_no_process(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    world = Killer(tmp_path, SEED)
    try:
        while sum(world.kills.values()) < KILLS:
            world.kill_something()
            if sum(world.kills.values()) % 20 == 0:
                world.check()
        world.settle()
    finally:
        world.close()

    with capsys.disabled():
        print(f"\nkills {dict(world.kills)}, jobs {dict(world.ends)}")
    _, _, traceback = (tmp_path / "log").read_text().partition("Traceback")
    assert traceback[:3000] == ""


OWNER = """
import sys
from qiskit_ibm_runtime import QiskitRuntimeService
service = QiskitRuntimeService(channel="local")
source = "def main(backend, user_messenger, **kwargs):\\n    {line}\\n"
program = service.upload_program(source.format(line=sys.argv[1]), metadata={"name": "p",
                                 "max_execution_time": 600})
options = {"backend": "ibmq_qasm_simulator"}
for _ in range(3):
    service.run(program, {}, options=options)
print("begun", flush=True)
service.run("hello-world", {"iterations": 1000}, options=options).result()
"""
LINES = (
    "import subprocess; subprocess.run(['sleep', '1000'])",
    "import subprocess; subprocess.Popen(['sleep', '1000'], start_new_session=True)",
    "3 ** (10 ** 10)",
)


def test_embedded_runtime_ends_with_its_killed_process(tmp_path: Path) -> None:
    chance = random.Random(SEED)
    for number in range(OWNERS):
        mark = uuid.uuid4().hex
        with subprocess.Popen(
            [sys.executable, "-W", "ignore", "-c", OWNER, chance.choice(LINES)],
            env={**os.environ, MARK: mark, "TMPDIR": str(tmp_path)},
            stdout=subprocess.PIPE,
        ) as owner:
            assert owner.stdout is not None
            if chance.random() < 0.7:  # otherwise also during startup
                owner.stdout.readline()
            time.sleep(chance.uniform(0, 2))
            owner.kill()

        wait_until_all_have_ended(mark)
        assert not list(tmp_path.iterdir()), f"after owner {number}"
