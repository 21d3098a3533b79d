"""Jobs on an embedded runtime whose network fails; the long version is in ``tests/stress``."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from tests.jobs.fast_clock import until
from tests.jobs.faulty_runtime import FaultyRuntime

from qiskit_ibm_runtime import QiskitRuntimeService

STREAM_FAULTS: list[dict[str, Any]] = [
    {"kind": "refuse", "status": 503, "rate": 0.1},
    {"kind": "drop", "messages": 1, "rate": 0.2},
    {"kind": "drop", "messages": 2, "close_code": 0, "rate": 0.2},
]
REQUEST_FAULTS: list[dict[str, Any]] = [
    {"kind": "status", "status": 503, "method": "GET", "path": "/jobs/", "rate": 0.05},
    {"kind": "reset", "when": "after", "method": "GET", "path": "/jobs/", "rate": 0.05},
]
MESSAGES = 4


def one_job(service: QiskitRuntimeService) -> tuple[Any, list[Any]]:
    """Run a job with a callback; return its result and the messages received."""
    told: list[Any] = []
    job = service.run(
        "hello-world",
        inputs={"iterations": MESSAGES},
        options={"backend": "ibmq_qasm_simulator"},
        callback=lambda _job_id, message: told.append(message),
    )
    result = job.result(timeout=300)
    stream = job._stream
    assert stream is not None
    until(lambda: not stream.active)
    return result, told


def many_jobs(service: QiskitRuntimeService, count: int, threads: int) -> None:
    """Check that every job has its result, and got every message once and in order."""
    with ThreadPoolExecutor(threads) as pool:
        outcomes = list(pool.map(lambda _: one_job(service), range(count)))
    for result, told in outcomes:
        assert result == "Hello, World!"
        assert [message["iteration"] for message in told[:-1]] == list(range(MESSAGES))
        assert told[-1] == result


def test_results_and_messages_survive_network_faults(
    caplog: pytest.LogCaptureFixture,
) -> None:
    streams = "qiskit_ibm_runtime.api.clients.base"
    with (
        FaultyRuntime(*STREAM_FAULTS, *REQUEST_FAULTS) as service,
        caplog.at_level("DEBUG", logger=streams),
    ):
        many_jobs(service, count=4, threads=4)

    assert any(entry.name == streams and "broke" in entry.message for entry in caplog.records)

    for thread in threading.enumerate():
        if thread.name.startswith("job-"):
            thread.join(30)
            assert not thread.is_alive()
