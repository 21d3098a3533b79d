"""Waiting for several jobs, with threads or asyncio, and their total usage."""

from __future__ import annotations

import asyncio
import threading

import pytest
from qiskit.providers.jobstatus import JobStatus

from qiskit_ibm_runtime import (
    RuntimeJobFailureError,
    RuntimeJobTimeoutError,
    as_completed,
    total_usage,
)
from qiskit_ibm_runtime.jobs import as_completed_async

OPTIONS = {"backend": "ibmq_qasm_simulator"}
SLEEPER = """
import os, time
def main(backend, user_messenger, seconds=0.0, fail=False, until=""):
    time.sleep(seconds)
    while until and not os.path.exists(until):
        time.sleep(0.01)
    if fail:
        raise ValueError("as told")
    return seconds
"""


@pytest.fixture(scope="module")
def service(qiskit_runtime_shared_server):
    return qiskit_runtime_shared_server.service()


@pytest.fixture(scope="module")
def start(service):
    metadata = {"name": "sleeper", "max_execution_time": 60}
    program_id = service.upload_program(SLEEPER, metadata)

    def run(**inputs):
        return service.run(program_id, inputs, OPTIONS)

    return run


def test_yields_jobs_in_the_order_they_finish(start, tmp_path):
    slow, fast = start(until=str(tmp_path / "go")), start()
    failing = start(fail=True)
    ended = []

    for job in as_completed([slow, fast, failing], timeout=60):
        ended.append(job)
        if len(ended) == 2:
            (tmp_path / "go").touch()

    assert {job.job_id() for job in ended[:2]} == {fast.job_id(), failing.job_id()}
    assert ended[2:] == [slow]
    assert failing.status() is JobStatus.ERROR


def test_finished_jobs_need_no_thread(start):
    job = start()
    job.result(timeout=60)
    before = set(threading.enumerate())

    assert list(as_completed([job])) == [job]
    assert "job-watcher" not in {each.name for each in set(threading.enumerate()) - before}


def test_timeout_error_names_unfinished_jobs(start):
    job = start(seconds=30.0)

    with pytest.raises(RuntimeJobTimeoutError, match=job.job_id()):
        list(as_completed([job], timeout=0.2))

    job.cancel()


def test_no_jobs_means_no_wait():
    assert list(as_completed([])) == []


def test_await_does_not_block_the_event_loop(start):
    async def both():
        ticks = 0

        async def tick():
            nonlocal ticks
            while True:
                ticks += 1
                await asyncio.sleep(0.01)

        ticking = asyncio.ensure_future(tick())
        results = await asyncio.gather(start(seconds=0.4), start(seconds=0.2))
        ticking.cancel()
        return results, ticks

    results, ticks = asyncio.run(both())

    assert results == [0.4, 0.2]
    assert ticks > 5


def test_await_raises_what_result_raises(start):
    async def failing():
        await start(fail=True)

    with pytest.raises(RuntimeJobFailureError, match="as told"):
        asyncio.run(failing())


def test_await_times_out_and_cleans_up(start):
    job = start(seconds=30.0)

    with pytest.raises(RuntimeJobTimeoutError, match=job.job_id()):
        asyncio.run(job.result_async(timeout=0.2))
    with pytest.raises(RuntimeJobTimeoutError):
        asyncio.run(job.wait_for_final_state_async(timeout=0.1))

    from qiskit_ibm_runtime.jobs import WATCHER

    assert WATCHER._watches == []
    job.cancel()


def test_async_for_yields_jobs_as_they_finish(start, tmp_path):
    async def ended(jobs):
        found = []
        async for job in as_completed_async(jobs, timeout=60):
            found.append(job)
            (tmp_path / "go").touch()
        return found

    slow, fast = start(until=str(tmp_path / "go")), start()

    assert asyncio.run(ended([slow, fast])) == [fast, slow]


def test_async_for_times_out(start):
    async def ended(jobs):
        return [job async for job in as_completed_async(jobs, timeout=0.1)]

    job = start(seconds=30.0)
    with pytest.raises(RuntimeJobTimeoutError):
        asyncio.run(ended([job]))
    job.cancel()


def test_many_jobs_share_one_thread_and_few_requests(start, qiskit_runtime_shared_server):
    jobs = [start(seconds=0.05) for _ in range(12)]
    before = len(qiskit_runtime_shared_server.requests.exchanges)

    names = set()
    for _ in as_completed(jobs, timeout=60):
        names |= {thread.name for thread in threading.enumerate()}

    assert "job-watcher" in names
    # Per job: the first status, its stream, the last status, and one or two in between.
    asked = len(qiskit_runtime_shared_server.requests.exchanges) - before
    assert asked <= 5 * len(jobs)


def test_total_usage_sums_jobs(start):
    jobs = [start(seconds=0.2), start(seconds=0.1)]
    for _ in as_completed(jobs, timeout=60):
        pass

    usage = total_usage(jobs)

    assert usage.jobs == 2
    assert usage.unknown == ()
    assert usage.seconds == pytest.approx(sum(each.metrics()["usage"]["seconds"] for each in jobs))
    assert usage.seconds >= 0.3
