"""Worker processes: warm start, isolation, limits and replacement."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from qiskit import QuantumCircuit

from qiskit_ibm_runtime.local.execution import job, workers
from qiskit_ibm_runtime.local.execution.starting import CAN_FORK
from qiskit_ibm_runtime.local.execution.workers import Worker, WorkerPool

from .conftest import ExecutorThread, work

HEAD = "def main(backend, user_messenger, **kwargs):\n"


def program(*lines: str) -> str:
    return HEAD + "".join(f"    {line}\n" for line in lines)


def wait_for_exit(process: int) -> None:
    """Wait until a process that is not our child has ended, or fail after a minute."""
    try:
        handle = os.pidfd_open(process)
    except ProcessLookupError:
        return
    try:
        assert select.select([handle], [], [], 60)[0], f"process {process} is still there"
    finally:
        os.close(handle)


needs_fork = pytest.mark.skipif(not CAN_FORK, reason="workers are forked on Linux only")
needs_pidfd = pytest.mark.skipif(
    not hasattr(os, "pidfd_open"), reason="waiting for the end of other processes needs Linux"
)


def test_built_in_program_runs_in_a_warm_process(
    pool: ExecutorThread, bell: QuantumCircuit
) -> None:
    outcome = pool.run(work("sampler", {"circuits": [bell]}))

    assert outcome.succeeded
    assert set(json.loads(outcome.text)["quasi_dists"][0]) == {"00", "11"}


@dataclass
class Output:
    """Messages, result and log of one program that exercises many features."""

    published: list[Any]
    result: dict[str, Any]
    log: str


@pytest.fixture(scope="module")
def output(pool: ExecutorThread) -> Output:
    source = program(
        "import logging, os, qiskit, subprocess, sys, warnings",
        "from qiskit import transpile",
        "qiskit.left_over = True",
        "for n in range(50): user_messenger.publish({'n': n})",
        "print('to the output')",
        "print('to the errors', file=sys.stderr)",
        "subprocess.run(['echo', 'from a child'])",
        "warnings.warn('take care')",
        "for level in ('debug', 'info', 'warning', 'error'):",
        "    getattr(logging.getLogger('mine'), level)('a %s', level)",
        "counts = backend.run(transpile(kwargs['circuit'], backend), shots=100).result()",
        "return {'sum': sum(counts.get_counts().values()), 'value': 1j, 'on': backend.name(),",
        "        'environment': dict(os.environ), 'process': os.getpid()}",
    )
    circuit = QuantumCircuit(1)
    circuit.measure_all()
    published: list[str] = []
    with pytest.MonkeyPatch.context() as patched:
        for name in ("QISKIT_IBM_LOCAL_TOKEN", "QISKIT_IBM_TOKEN"):
            patched.setenv(name, "planted-secret")
        outcome = pool.run(
            work(
                source=source,
                inputs={"circuit": circuit},
                backend="fake_manila",
                log_level="INFO",
            ),
            published.append,
        )
    assert outcome.succeeded, outcome.text
    return Output([json.loads(text) for text in published], json.loads(outcome.text), outcome.log)


def test_interim_results_arrive_in_order(output: Output) -> None:
    assert [message["n"] for message in output.published] == list(range(50))


def test_decodes_inputs_and_encodes_results(output: Output) -> None:
    assert output.result["sum"] == 100
    assert output.result["value"] == {"__type__": "complex", "__value__": [0.0, 1.0]}
    assert output.result["on"] == "fake_manila"


def test_program_cannot_see_the_tokens_of_the_server(output: Output) -> None:
    assert output.result["environment"]
    assert "planted-secret" not in output.result["environment"].values()


def test_log_contains_output_and_records_from_the_log_level_up(output: Output) -> None:
    for text in ("to the output", "to the errors", "from a child", "take care"):
        assert text in output.log
    levels = ("debug", "info", "warning", "error")
    assert [f"a {level}" in output.log for level in levels] == [False, True, True, True]


def test_final_message_is_the_result_if_nothing_is_returned() -> None:
    given = work(source=program("user_messenger.publish([1, 2], final=True)"))

    assert job.run(given, print) == ("result", "[1, 2]")


def test_log_of_one_job_does_not_reach_the_next(pool: ExecutorThread) -> None:
    circuit = QuantumCircuit(1, 1)
    circuit.measure(0, 0)
    chatty = work("sampler", {"circuits": [circuit]}, log_level="INFO")

    first, second = pool.run(chatty).log, pool.run({**chatty, "log_level": "WARNING"}).log

    assert "Running 1 circuits" in first
    assert second == ""


def test_log_keeps_its_last_mebibyte(pool: ExecutorThread) -> None:
    source = program(
        "import logging",
        "for n in range(3_000): print('line', n, 'x' * 1000)",
        "for level in ('warning', 'error'):",
        "    getattr(logging.getLogger('mine'), level)('a %s', level)",
        "print('the end')",
    )

    log = pool.run(work(source=source, log_level="error")).log

    assert log.endswith("the end\n")
    assert "are omitted" in log[:100]
    assert len(log) < 2**20 + 100
    assert ("a error" in log, "a warning" in log) == (True, False)


def test_each_uploaded_program_runs_in_a_fresh_process(
    pool: ExecutorThread, output: Output
) -> None:
    source = program("import os, qiskit", "return os.getpid(), hasattr(qiskit, 'left_over')")

    process, left_over = json.loads(pool.run(work(source=source)).text)

    assert process != output.result["process"]
    assert not left_over


def test_each_uploaded_program_has_its_own_random_numbers(pool: ExecutorThread) -> None:
    source = program(
        "import random, numpy, sympy.core.random, uuid",
        "drawn = [random.random(), numpy.random.rand(), numpy.random.default_rng().random(),",
        "         sympy.core.random.rng.random(), numpy.random.normal(), uuid.uuid4().hex]",
        "return drawn",
    )

    drawn = [json.loads(pool.run(work(source=source)).text) for _ in range(3)]

    for numbers in zip(*drawn):
        assert len(set(numbers)) == 3, numbers


@needs_fork
def test_uploaded_program_uses_preloaded_imports(pool: ExecutorThread) -> None:
    source = program("import sys, time", "return 'qiskit_aer' in sys.modules, time.process_time()")

    is_there, seconds = json.loads(pool.run(work(source=source)).text)

    assert is_there
    assert seconds < 0.5  # of work in this process; the imports take more than one


@needs_fork
def test_preloaded_process_has_a_single_thread(pool: ExecutorThread) -> None:
    assert pool.run(work("hello-world")).succeeded

    process = pool.executor._starter._origin.process  # type: ignore[attr-defined]

    threads = [task.name for task in Path(f"/proc/{process.pid}/task").iterdir()]
    assert threads == [str(process.pid)]


@needs_fork
def test_restarts_killed_preloaded_process(pool: ExecutorThread) -> None:
    started = threading.Event()
    running = pool.submit(work("hello-world", {"iterations": 1_000_000}), lambda _: started.set())
    assert started.wait(60)

    pool.executor._starter._origin.process.kill()  # type: ignore[attr-defined]

    assert "SIGKILL" in running.result(60).text
    assert pool.run(work(source=program("return 1"))).text == "1"
    assert pool.run(work("hello-world")).succeeded


def test_workers_are_spawned_where_forking_is_unsafe(
    monkeypatch: pytest.MonkeyPatch, bell: QuantumCircuit
) -> None:
    monkeypatch.setattr(workers, "CAN_FORK", False)
    spawning = ExecutorThread(lambda: WorkerPool(1))

    assert spawning.run(work("sampler", {"circuits": [bell]})).succeeded
    assert "exit code 3" in spawning.run(work(source=program("import os", "os._exit(3)"))).text
    spawning.close()


def test_traceback_shows_only_lines_of_the_program() -> None:
    source = "def divide(a, b):\n    return a / b  # here\n\n" + program("return divide(1, 0)")

    kind, text = job.run(work("halves-abc", source=source), print)

    assert kind == "failure"
    assert "return a / b  # here" in text
    assert 'File "<program halves-abc>", line 2, in divide' in text
    assert text.endswith("ZeroDivisionError: division by zero\n")
    assert "qiskit_ibm_runtime" not in text


def test_inputs_that_violate_the_schema_fail_the_job() -> None:
    schema = {"properties": {"n": {"type": "integer"}}, "required": ["n"]}
    source = program("return kwargs['n']")

    assert job.run(work(source=source, inputs={"n": 1}, parameters=schema), print)[1] == "1"
    kind, text = job.run(work(source=source, inputs={"n": "one"}, parameters=schema), print)

    assert kind == "failure"
    assert "n: 'one' is not of type 'integer'" in text


@pytest.mark.parametrize(
    ("source", "output"),
    [
        ("x = 1", "has no function main"),
        ("def main(:", "SyntaxError"),
        (program("raise SystemExit(3)"), "SystemExit: 3"),
        (program("return object()"), "of type object"),
        ("def main(backend, user_messenger, wanted):\n    pass", "wanted"),
    ],
    ids=["no main", "no Python", "exit", "no JSON", "missing input"],
)
def test_reports_unusable_program(source: str, output: str) -> None:
    kind, text = job.run(work(source=source), print)

    assert kind == "failure"
    assert text.startswith("Traceback")
    assert output in text


@pytest.mark.parametrize(
    ("line", "output"),
    [
        ("os._exit(7)", "exit code 7"),
        ("os.kill(os.getpid(), 11)", "SIGSEGV"),
    ],
)
def test_crash_fails_only_its_job(
    pool: ExecutorThread, bell: QuantumCircuit, line: str, output: str
) -> None:
    source = program("import os", "print('so far', flush=True)", line)

    crashing = pool.submit(work(source=source))
    concurrent = pool.submit(work("sampler", {"circuits": [bell]}))
    outcome = crashing.result(60)

    assert not outcome.succeeded
    assert output in outcome.text
    assert "so far" in outcome.log
    assert concurrent.result(60).succeeded
    assert pool.run(work("sampler", {"circuits": [bell]})).succeeded


@pytest.fixture(scope="module")
def alone() -> Iterator[ExecutorThread]:
    """Pool with one worker."""
    background = ExecutorThread(lambda: WorkerPool(1))
    yield background
    background.close()


async def first_worker(executor: Any) -> Worker:
    worker: Worker = await executor._warm[0]
    return worker


def test_replaces_warm_process_that_ended_between_jobs(alone: ExecutorThread) -> None:
    worker = alone.call(first_worker(alone.executor)).result(60)
    os.kill(worker.process.pid, 9)
    alone.call(worker.process.wait()).result(60)

    outcome = alone.run(work("hello-world"))

    assert outcome.succeeded, outcome.text


def test_failed_process_start_fails_the_job_and_is_retried(
    monkeypatch: pytest.MonkeyPatch, alone: ExecutorThread
) -> None:
    if CAN_FORK:
        alone.executor._starter._origin.process.kill()  # type: ignore[attr-defined]
    with monkeypatch.context() as patched:
        patched.setattr(sys, "executable", "/no/such/python")
        outcome = alone.run(work(source=program("return 1")))
    after = alone.run(work("hello-world"))

    assert "Cannot start a worker process" in outcome.text
    assert after.succeeded, after.text


def test_stop_kills_running_job_and_rejects_the_next() -> None:
    started = threading.Event()
    endless = work("hello-world", {"iterations": 1_000_000})
    stopped = ExecutorThread(lambda: WorkerPool(1))
    running = stopped.submit(endless, lambda _: started.set())
    waiting = stopped.submit(endless)
    assert started.wait(60)

    stopped.call(stopped.executor.stop()).result(60)

    assert "SIGKILL" in running.result(60).text
    assert "stopped before" in waiting.result(60).text
    stopped.close()


@needs_pidfd
def test_cancel_kills_only_the_job_and_its_descendants(
    pool: ExecutorThread, bell: QuantumCircuit
) -> None:
    started = threading.Event()
    pids: list[int] = []

    def heard(text: str) -> None:
        pids.extend(json.loads(text))
        started.set()

    source = program(
        "import os, subprocess",
        "child = subprocess.Popen(['sleep', '1000'])",
        "user_messenger.publish([os.getpid(), child.pid])",
        "child.wait()",
    )
    waiting = pool.submit(work(source=source), heard)
    assert started.wait(60)
    concurrent = pool.submit(work("sampler", {"circuits": [bell]}))

    assert waiting.cancel()

    for process in pids:
        wait_for_exit(process)
    assert concurrent.result(60).succeeded


def test_job_above_its_memory_limit_fails(pool: ExecutorThread, bell: QuantumCircuit) -> None:
    source = program("import numpy", "return float(numpy.ones(2**30).sum())")  # 8 GiB

    outcome = pool.run(work(source=source))

    assert not outcome.succeeded
    assert "MemoryError" in outcome.text
    assert "exceeded the memory limit of its worker" in outcome.text
    assert pool.run(work("sampler", {"circuits": [bell]})).succeeded


@needs_pidfd
def test_workers_end_with_the_process_that_started_them() -> None:
    script = (
        "import asyncio, os\n"
        "from qiskit_ibm_runtime.local.execution.workers import WorkerPool\n"
        "async def main():\n"
        "    pool = WorkerPool(1)\n"
        "    await pool.start()\n"
        "    print((await pool._warm[0]).process.pid, flush=True)\n"
        "    os.kill(os.getpid(), 9)\n"
        "asyncio.run(main())\n"
    )

    output = subprocess.run([sys.executable, "-c", script], stdout=subprocess.PIPE, check=False)

    wait_for_exit(int(output.stdout))


def test_wide_circuit_uses_all_cores_without_busy_waiting(pool: ExecutorThread) -> None:
    source = program(
        "import os",
        "from qiskit import QuantumCircuit",
        "circuit = QuantumCircuit(18)",
        "for qubit in range(18): circuit.rx(0.3, qubit)",
        "circuit.measure_all()",
        "result = backend.run(circuit, shots=10).result()",
        "threads = result.results[0].metadata['parallel_state_update']",
        "return threads, os.environ['OMP_WAIT_POLICY']",
    )

    outcome = pool.run(work(source=source))

    assert outcome.succeeded, outcome.text
    assert json.loads(outcome.text) == [os.cpu_count(), "PASSIVE"]
