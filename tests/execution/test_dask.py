"""Jobs on a Dask cluster: a scheduler and two workers, each in its own process on loopback."""

from __future__ import annotations

import json
import logging
import os
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from importlib.util import find_spec

import pytest
from qiskit import QuantumCircuit
from qiskit.quantum_info import SparsePauliOp

from qiskit_ibm_runtime.local.app import make_executor
from qiskit_ibm_runtime.local.serving.command_line import main
from qiskit_ibm_runtime.local.settings import Settings, SettingsError

from .conftest import ExecutorThread, work

pytestmark = [
    # Importing it takes a second, which processes that run none of these tests can save.
    pytest.mark.skipif(
        find_spec("distributed") is None,
        reason="distributed, of the extra `dask`, is not installed",
    ),
    pytest.mark.filterwarnings("ignore"),  # of distributed, and of what it runs on
]

# Forked from one process, as each import of distributed takes a second. It ends with its input.
CLUSTER = """
import asyncio, os, signal, sys
from distributed import Scheduler, Worker
from qiskit_ibm_runtime.local.execution import dask_executor

async def serve(address, write_end):
    if address:
        node = Worker(address, nthreads=1, host="127.0.0.1", dashboard=False, memory_limit=0)
    else:
        node = Scheduler(host="127.0.0.1", port=0, dashboard=False, dashboard_address=":0")
    async with node:
        os.write(write_end, node.address.encode())
        os.close(write_end)
        await node.finished()

def start(address=""):
    read_end, write_end = os.pipe()
    process = os.fork()
    if process == 0:
        asyncio.run(serve(address, write_end))
        os._exit(0)
    os.close(write_end)
    return process, os.read(read_end, 1000).decode()

scheduler, address = start()
nodes = [scheduler, *(start(address)[0] for _ in range(2))]
print(address, flush=True)
sys.stdin.read()
for node in nodes:
    os.kill(node, signal.SIGKILL)
    os.waitpid(node, 0)
"""


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    """Address of a scheduler with two workers, each in its own process."""
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", CLUSTER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    yield process.stdout.readline().strip()
    process.communicate()


@pytest.fixture(scope="module")
def dask(cluster: str) -> Iterator[ExecutorThread]:
    thread = ExecutorThread(lambda: make_executor(Settings(executor="dask", scheduler=cluster)))
    yield thread
    thread.close()


def program(*lines: str) -> str:
    return "import os, time\ndef main(backend, user_messenger, **kwargs):\n" + "".join(
        f"    {line}\n" for line in lines
    )


def test_runs_as_many_jobs_as_the_workers_have_threads(dask: ExecutorThread) -> None:
    while dask.executor.capacity != 2:  # the second worker may be starting still
        assert dask.run(work("hello-world", {"iterations": 0})).succeeded


def test_results_equal_those_of_local_workers_with_the_same_seed(
    dask: ExecutorThread, pool: ExecutorThread, bell: QuantumCircuit
) -> None:
    for level in (0, 1):
        given = work(
            "sampler",
            {
                "circuits": [bell] * 3,
                "resilience_settings": {"level": level},
                "run_options": {"seed_simulator": 5},
            },
            backend="fake_manila",
        )

        far, near = json.loads(dask.run(given).text), json.loads(pool.run(given).text)

        assert far["quasi_dists"] == near["quasi_dists"]


def test_split_job_on_a_cluster_matches_unsplit_result(
    dask: ExecutorThread, pool: ExecutorThread, bell: QuantumCircuit
) -> None:
    given = work(
        "estimator",
        {
            "circuits": [bell],
            "circuit_indices": [0] * 150,
            "observables": [SparsePauliOp(["ZZ", "XX"])],
            "observable_indices": [0] * 150,
            "run_options": {"seed_simulator": 5, "shots": 100},
        },
    )

    far, near = dask.run(given), pool.run(given)

    assert near.succeeded, near.text
    assert far == near


def test_delivers_interim_results_and_log(dask: ExecutorThread) -> None:
    published: list[str] = []
    source = program("for n in range(20): user_messenger.publish(n)", "print('seen')", "return 20")

    outcome = dask.run(work(source=source), published.append)

    assert (outcome.succeeded, outcome.text, outcome.log) == (True, "20", "seen\n")
    assert published == [str(n) for n in range(20)]


def test_failure_and_crash_fail_only_their_own_jobs(dask: ExecutorThread) -> None:
    faulty = dask.submit(work("hello-world", {"iterations": "many"}))
    crashing = dask.submit(work(source=program("os._exit(9)")))

    assert "Traceback" in faulty.result(60).text
    assert "exit code 9" in crashing.result(60).text
    assert dask.run(work("hello-world")).text == '"Hello, World!"'


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="watching other processes needs Linux")
def test_cancel_kills_the_job_on_its_worker(dask: ExecutorThread) -> None:
    started = threading.Event()
    pids: list[int] = []

    def on_message(text: str) -> None:
        pids.append(int(text))
        started.set()

    source = program("user_messenger.publish(os.getpid())", "time.sleep(1000)")
    waiting = dask.submit(work(source=source), on_message)
    assert started.wait(60)
    handle = os.pidfd_open(pids[0])

    assert waiting.cancel()

    assert select.select([handle], [], [], 60)[0]
    os.close(handle)
    assert dask.run(work("hello-world")).succeeded


def test_job_of_a_lost_dask_worker_runs_again(dask: ExecutorThread, tmp_path: object) -> None:
    """
    The first run blocks until its Dask worker is killed; the second detects that it was there.
    """
    started = threading.Event()
    published: list[str] = []

    def on_message(text: str) -> None:
        published.append(text)
        started.set()

    source = program(
        f"first = not os.path.exists({str(tmp_path)!r} + '/seen')",
        f"open({str(tmp_path)!r} + '/seen', 'w').close()",
        # The Dask worker is above the process that the keeper of this one was forked from.
        "def parent(process):",
        "    status = open(f'/proc/{process}/status').read()",
        "    return int(status.partition('PPid:')[2].split()[0])",
        "dask_worker = parent(parent(os.getppid()))",
        "user_messenger.publish(dask_worker)",
        "if first: time.sleep(1000)",
        "user_messenger.publish('again')",
        "return dask_worker",
    )
    running = dask.submit(work(source=source), on_message)
    assert started.wait(60)
    lost = int(published[0])

    os.kill(lost, signal.SIGKILL)
    outcome = running.result(120)

    assert outcome.succeeded, outcome.text
    assert int(outcome.text) != lost
    assert published == [str(lost), '"again"']


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="watching other processes needs Linux")
def test_job_ends_with_its_server(cluster: str) -> None:
    """The server is killed, so it cannot cancel its jobs."""
    source = program("user_messenger.publish(os.getpid())", "time.sleep(1000)")
    server = (
        "import asyncio, sys\n"
        "from qiskit_ibm_runtime.local.app import make_executor\n"
        "from qiskit_ibm_runtime.local.settings import Settings\n"
        "async def main():\n"
        "    executor = make_executor(Settings(executor='dask', scheduler=sys.argv[1]))\n"
        "    await executor.start()\n"
        "    job = {'program': 'mine', 'source': sys.argv[2], 'params': b'{}'}\n"
        "    job['backend'] = 'ibmq_qasm_simulator'\n"
        "    await executor.run(job, lambda text: print(text, flush=True))\n"
        "asyncio.run(main())\n"
    )
    with subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", server, cluster, source],
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        handle = os.pidfd_open(int(process.stdout.readline()))
        process.kill()

    assert select.select([handle], [], [], 60)[0]
    os.close(handle)


def test_dask_executor_requires_a_scheduler() -> None:
    with pytest.raises(SettingsError, match="address of a scheduler"):
        make_executor(Settings(executor="dask"))
    with pytest.raises(SettingsError, match=r"Invalid value for 'executor'.*'thread'"):
        Settings.values({"executor": "thread"})


@pytest.fixture
def loggers_as_before() -> Iterator[None]:
    """Restore loggers, because a server started here installs handlers on a captured stream."""
    loggers = [logging.getLogger(name) for name in ("qiskit_ibm_runtime.local", "uvicorn")]
    before = [(one.handlers, one.propagate, one.level) for one in loggers]
    yield
    for logger, (handlers, propagate, level) in zip(loggers, before):
        logger.handlers, logger.propagate = handlers, propagate
        logger.setLevel(level)


@pytest.mark.usefixtures("loggers_as_before")
@pytest.mark.parametrize(
    ("scheduler", "words"),
    [
        ("tls://127.0.0.1:1", "DASK_DISTRIBUTED__COMM__TLS__CA_FILE"),  # no certificates are set
        ("nowhere", "including tcp:// or tls://"),
    ],
)
def test_reports_unreachable_scheduler_in_one_line(
    scheduler: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["serve", "--executor", "dask", "--scheduler", scheduler]) == 2

    printed = capsys.readouterr().err
    assert f"Cannot connect to the Dask scheduler at {scheduler!r}" in printed
    assert words in printed
    assert "Traceback" not in printed
