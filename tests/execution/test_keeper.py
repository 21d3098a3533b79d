"""Keepers: no process of a job survives it, however it ends."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.execution.conftest import ExecutorThread, work
from tests.execution.test_workers import needs_pidfd, program, wait_for_exit

pytestmark = needs_pidfd
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere no process adopts orphans")

# A daemon, in its own session and without its parent.
_DAEMON = (
    "import subprocess as s; "
    "print(s.Popen(['sleep', '1000'], stdout=s.DEVNULL, start_new_session=True).pid)"
)
_DETACH = (
    "import os, subprocess, sys, time",
    f"daemon = subprocess.check_output([sys.executable, '-c', {_DAEMON!r}])",
    "user_messenger.publish([os.getpid(), os.getppid(), int(daemon)])",
)
_HOLD_THE_INTERPRETER = {
    "integer": ("3 ** (10 ** 10)",),
    "Aer": (
        "from qiskit import QuantumCircuit",
        "circuit = QuantumCircuit(24)",
        "for _ in range(2000): circuit.h(range(24))",
        "circuit.measure_all()",
        "backend.run(circuit, shots=1).result()",
    ),
}
_EXECUTOR = """
import asyncio, json, os, sys
from qiskit_ibm_runtime.local.execution.workers import WorkerPool
from tests.execution.conftest import work

def on_message(text):
    print(text, flush=True)

async def main():
    pool = WorkerPool(1)
    await pool.start()
    await pool.run(work(source=sys.stdin.read()), on_message)

asyncio.run(main())
"""


@pytest.fixture
def executor() -> Iterator[subprocess.Popen[str]]:
    """Killable process with a pool of one worker, which runs a program from standard input."""
    process = subprocess.Popen(
        [sys.executable, "-c", _EXECUTOR],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    yield process
    process.kill()
    process.communicate()


def start(executor: subprocess.Popen[str], source: str) -> list[int]:
    """Send the executor its program, and return the process ids that the program publishes."""
    assert executor.stdin is not None
    assert executor.stdout is not None
    executor.stdin.write(source)
    executor.stdin.close()
    executor.stdin = None
    pids: list[int] = json.loads(executor.stdout.readline())
    return pids


@pytest.mark.parametrize("holding", _HOLD_THE_INTERPRETER)
def test_busy_worker_ends_with_its_killed_executor(
    executor: subprocess.Popen[str], holding: str
) -> None:
    tell = ("import os", "user_messenger.publish([os.getpid(), os.getppid()])")
    pids = start(executor, program(*tell, *_HOLD_THE_INTERPRETER[holding]))

    executor.kill()

    for pid in pids:
        wait_for_exit(pid)


@on_linux
def test_detached_processes_end_with_their_killed_executor(
    executor: subprocess.Popen[str],
) -> None:
    pids = start(executor, program(*_DETACH, "time.sleep(1000)"))

    executor.kill()

    for pid in pids:
        wait_for_exit(pid)


@on_linux
@pytest.mark.parametrize(
    "end",
    [
        "return 'done'",
        "os._exit(3)",
        "os.kill(os.getpid(), 9)",
        "os.kill(os.getppid(), 9); time.sleep(9)",
    ],
)
def test_detached_processes_end_with_the_job(pool: ExecutorThread, end: str) -> None:
    pids: list[int] = []

    outcome = pool.run(
        work(source=program(*_DETACH, end)), lambda text: pids.extend(json.loads(text))
    )

    assert outcome.succeeded == end.startswith("return")
    for pid in pids:
        wait_for_exit(pid)


@on_linux
def test_cancels_job_that_stopped_its_keeper(pool: ExecutorThread) -> None:
    published = threading.Event()
    pids: list[int] = []

    def on_message(text: str) -> None:
        pids.extend(json.loads(text))
        published.set()

    stop = ("os.kill(os.getppid(), 19)", "time.sleep(1000)")
    running = pool.submit(work(source=program(*_DETACH, *stop)), on_message)
    assert published.wait(60)

    running.cancel()

    for pid in pids:
        wait_for_exit(pid)


def test_output_of_a_job_is_never_on_disk(pool: ExecutorThread) -> None:
    source = program(
        "import os, sys",
        "for _ in range(20): print('x' * 2**20)",
        "sys.stdout.flush()",
        "return [os.fstat(1).st_size, os.fstat(2).st_size]",
    )

    outcome = pool.run(work(source=source))

    assert json.loads(outcome.text) == [0, 0]
    assert "are omitted" in outcome.log[:100]
