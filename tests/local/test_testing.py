"""pytest plugin, used by tests that run in a pytest of their own."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
from tests.local.conftest import ScriptedExecutor

from qiskit_ibm_runtime.testing import RuntimeServer, ServerPool, recorder
from qiskit_ibm_runtime.testing.faults import Faults
from qiskit_ibm_runtime.testing.servers import LoopThread

pytest_plugins = ["pytester"]
PLUGIN = "qiskit_ibm_runtime.testing.pytest_plugin"

FIRST = """
import pytest
from qiskit import QuantumCircuit
from qiskit_ibm_runtime import Sampler, Estimator
from qiskit_ibm_runtime.testing.faults import Fault

@pytest.fixture
def bell():
    circuit = QuantumCircuit(2)
    circuit.h(0)
    circuit.cx(0, 1)
    circuit.measure_all()
    return circuit

@pytest.mark.parametrize("run", [1, 2])
def test_each_test_has_its_own_service(run, qiskit_runtime_service, bell):
    backend = qiskit_runtime_service.backend("ibmq_qasm_simulator")
    job = Sampler(session=backend).run(bell, shots=100)
    assert set(job.result().quasi_dists[0]) == {0, 3}
    assert len(qiskit_runtime_service.jobs()) == 1

@pytest.mark.qiskit_runtime(devices=["fake_lima", "fake_quito"], hubs=["a/b/c", "d/e/f"])
def test_marker_configures_the_server(qiskit_runtime_service):
    assert {one.name for one in qiskit_runtime_service.backends()} == {"fake_lima", "fake_quito"}
    assert qiskit_runtime_service.backends("fake_lima", instance="a/b/c")

def test_faults_and_requests(qiskit_runtime_server, qiskit_runtime_service):
    run = lambda: qiskit_runtime_service.run(
        "hello-world", {"iterations": 1}, options={"backend": "ibmq_qasm_simulator"})
    qiskit_runtime_server.faults.replace([Fault("status", status=503, path="/jobs$", times=1)])
    assert run().result() == "Hello, World!"
    submits = qiskit_runtime_server.requests.matching("POST", "/jobs$")
    assert [one.status for one in submits] == [503, 200]
    assert submits[0].json()["program_id"] == "hello-world"
    assert submits[0].headers["x-access-token"] == "redacted"
    token = qiskit_runtime_server.token
    assert not any(token in repr(one) for one in qiskit_runtime_server.requests.exchanges)

def test_shared_service_runs_a_job(qiskit_runtime_shared_service):
    qiskit_runtime_shared_service.run(
        "hello-world", {"iterations": 1}, options={"backend": "ibmq_qasm_simulator"}).result()

def test_shared_service_remembers_the_job(qiskit_runtime_shared_service):
    assert len(qiskit_runtime_shared_service.jobs()) == 1
"""

LEFT_OVER = """
import threading
import pytest
from qiskit import QuantumCircuit
from qiskit_ibm_runtime import IBMRuntimeError, Sampler
from qiskit_ibm_runtime.testing import ServerPool

OPTIONS = {"backend": "ibmq_qasm_simulator"}
services, called = [], []

def leave_a_job_with_a_callback(service):
    heard = threading.Event()
    def callback(*message):
        called.append(message)
        heard.set()
    service.run("hello-world", {"iterations": 100000}, options=OPTIONS, callback=callback)
    assert heard.wait(60)
    services.append(service)

def test_leave(qiskit_runtime_server):
    service = qiskit_runtime_server.service()
    Sampler(session=service.backend("ibmq_qasm_simulator"))
    leave_a_job_with_a_callback(service)

def test_service_of_a_stopped_server_fails_with_reason():
    number = len(called)
    with pytest.raises(IBMRuntimeError, match="test server has been stopped"):
        services[0].jobs()
    with pytest.raises(IBMRuntimeError, match="test server has been stopped"):
        services[0].run("hello-world", {}, options=OPTIONS)
    assert len(called) == number

def test_next_default_session_is_on_the_next_server(qiskit_runtime_server):
    from qiskit_ibm_runtime.session import get_default_session
    second = qiskit_runtime_server.service()
    session = get_default_session(second, "ibmq_qasm_simulator")
    assert session.service is second

def test_leave_one_on_the_shared_server(qiskit_runtime_shared_service):
    leave_a_job_with_a_callback(qiskit_runtime_shared_service)

def test_leave_a_server_that_runs(qiskit_runtime_server_pool):
    leave_a_job_with_a_callback(qiskit_runtime_server_pool.server().service())
"""


def documented() -> str:
    """Return the code of the documentation page, which is both a test file and a script."""
    page = Path(__file__).parents[2] / "docs" / "testing-with-the-embedded-runtime.md"
    blocks = re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    return "".join(blocks)


def test_fixtures_and_examples_work_and_leftovers_fail_fast_and_silently(
    pytester: pytest.Pytester,
) -> None:
    """
    They share the run, because starting workers takes longer than the tests.
    """
    files = {"test_1_documented": documented(), "test_2": FIRST, "test_3_left_over": LEFT_OVER}
    pytester.makepyfile(**files)
    pytester.makeini("[pytest]\nfilterwarnings = ignore")

    result = pytester.runpytest_subprocess("-p", PLUGIN, "-q", "--strict-markers", timeout=150)

    result.assert_outcomes(passed=15)
    assert re.fullmatch(r"15 passed in .*", result.outlines[-1])
    assert result.errlines in ([], [""])


def test_documented_script_runs(pytester: pytest.Pytester) -> None:
    printed = pytester.run(sys.executable, "-W", "ignore", "-c", documented())

    assert printed.outlines == ["['fake_lima']"]


def test_plugin_imports_nothing_until_it_is_used(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        "import sys\n"
        "def test_light(): assert not {'qiskit', 'starlette', 'requests'} & set(sys.modules)"
    )
    result = pytester.runpytest_subprocess("-p", PLUGIN, "-p", "no:hypothesispytest", "-q")
    result.assert_outcomes(passed=1)


def test_recorder_is_bounded(
    monkeypatch: pytest.MonkeyPatch, thread: LoopThread, executor: ScriptedExecutor
) -> None:
    monkeypatch.setattr(recorder, "_LARGEST", 5_000)
    with RuntimeServer(thread, executor, {}, Faults()) as server:
        service = server.service()
        for _ in range(10):
            service.backend("ibmq_qasm_simulator").configuration()
            service.run(
                "hello-world", {"iterations": 1}, options={"backend": "ibmq_qasm_simulator"}
            ).result()
            service.jobs()
        kept = server.requests.exchanges

        assert sum(len(one.body) + len(one.answer) for one in kept) <= 5_000
        assert server.requests.dropped > 0
        server.requests.clear()
        service.jobs()
        assert (len(server.requests.exchanges), server.requests.dropped) == (1, 0)


def test_former_name_of_the_server_pool_still_works() -> None:
    from qiskit_ibm_runtime.testing import Workshop

    assert Workshop is ServerPool
