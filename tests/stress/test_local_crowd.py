"""Many concurrent clients: every job completes once, and the server's memory stays constant.

``CROWD=50x200`` sets the number of clients and jobs of each; the default is smaller.
"""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import pytest

from qiskit_ibm_runtime import QiskitRuntimeService

CLIENTS, JOBS = map(int, os.environ.get("CROWD", "20x20").split("x"))
SIMULATORS = ["ibmq_qasm_simulator", "simulator_statevector", "simulator_mps"]


def resident_megabytes(pid: int) -> float:
    fields = Path(f"/proc/{pid}/statm").read_text().split()
    return int(fields[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is read from /proc")
def test_many_clients_are_served_without_loss(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    token = secrets.token_urlsafe(16)
    arguments = ["serve", "--data", str(tmp_path / "data"), "--log-level", "ERROR"]
    process = subprocess.Popen(
        [sys.executable, "-m", "qiskit_ibm_runtime.local", *arguments],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "QISKIT_IBM_LOCAL_TOKEN": token},
    )
    assert process.stdout is not None
    url = process.stdout.readline().partition(": ")[2].strip()
    results: list[tuple[str, object]] = []
    memory: list[float] = []

    def client(number: int) -> None:
        service = QiskitRuntimeService(channel="ibm_quantum", url=url, token=token)
        options = {"backend": SIMULATORS[number % len(SIMULATORS)]}
        for _ in range(JOBS):
            job = service.run("hello-world", {"iterations": 1}, options)
            results.append((job.job_id(), job.result()))

    def everybody() -> float:
        threads = [threading.Thread(target=client, args=(number,)) for number in range(CLIENTS)]
        began = time.monotonic()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        memory.append(resident_megabytes(process.pid))
        return time.monotonic() - began

    seconds = [everybody() for _ in range(3)]
    service = QiskitRuntimeService(channel="ibm_quantum", url=url, token=token)
    listed = service.jobs(limit=None, pending=False)
    process.terminate()
    process.communicate()

    with capsys.disabled():
        print(
            f"\n3 rounds of {CLIENTS} x {JOBS} jobs: {[round(one, 1) for one in seconds]} s,"
            f" server {[round(one, 1) for one in memory]} MB"
        )
    assert len(results) == 3 * CLIENTS * JOBS
    assert {result for _, result in results} == {"Hello, World!"}
    assert max(Counter(job_id for job_id, _ in results).values()) == 1
    assert {job.job_id() for job in listed} == {job_id for job_id, _ in results}
    # From the second to the third round, nothing may grow with the number of jobs.
    assert memory[2] - memory[1] < 10
