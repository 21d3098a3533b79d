"""The same guarantees on the embedded runtime, from the service to the result."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from qiskit_ibm_runtime.api.clients.submission import LEDGER
from qiskit_ibm_runtime.testing.faults import Fault, Faults
from qiskit_ibm_runtime.testing.servers import RuntimeServer, ServerPool


@pytest.fixture(scope="module")
def server(qiskit_runtime_server_pool: ServerPool) -> Iterator[RuntimeServer]:
    """An embedded runtime."""
    with qiskit_runtime_server_pool.server() as server:
        yield server


@pytest.fixture
def faults(server: RuntimeServer) -> Faults:
    server.faults.replace([])
    return server.faults


@pytest.fixture
def runtime(server: RuntimeServer, faults: Faults) -> Any:
    return server.service(channel="ibm_quantum")


@pytest.mark.parametrize("known", [True, False], ids=["known to honor keys", "unknown"])
@pytest.mark.parametrize(
    "fault",
    [
        Fault("reset", when="after", method="POST", path="/jobs$", times=1),
        Fault("status", status=502, when="after", method="POST", path="/jobs$", times=6),
    ],
    ids=["reset after accept", "six 502 after accept"],
)
def test_one_run_creates_one_job(runtime: Any, faults: Faults, fault: Fault, known: bool) -> None:
    tag = f"{fault.kind}-{fault.status}-{fault.when}-{known}"
    if known:
        LEDGER.record_honoring(runtime._api_client._session.base_url)
    faults.replace([fault])
    options = {"backend": "ibmq_qasm_simulator", "job_tags": [tag]}
    job = runtime.run("hello-world", inputs={"iterations": 1}, options=options)
    hits = len(faults.done)
    found = runtime._api_client.jobs_get(limit=50, job_tags=[tag])["jobs"]

    assert [entry["id"] for entry in found] == [job.job_id()]
    assert hits >= 1
    assert "Hello" in str(job.result(timeout=60))


def test_run_outlives_its_token(runtime: Any, faults: Faults) -> None:
    faults.replace([Fault("expire", path="/jobs", nth=[1])])
    job = runtime.run(
        "hello-world", inputs={"iterations": 1}, options={"backend": "ibmq_qasm_simulator"}
    )

    assert "Hello" in str(job.result(timeout=60))
