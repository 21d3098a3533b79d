"""The pytest plug-in, used as another package would: its tests run in a pytest of their own."""

from __future__ import annotations

import re

import pytest

pytest_plugins = ["pytester"]
PLUGIN = "qiskit_ibm_runtime.testing.pytest_plugin"

FIRST = """
import pytest
from qiskit import QuantumCircuit
from qiskit_ibm_runtime import Sampler, Estimator
from qiskit_ibm_runtime.local.faults import Fault

@pytest.fixture
def bell():
    circuit = QuantumCircuit(2)
    circuit.h(0)
    circuit.cx(0, 1)
    circuit.measure_all()
    return circuit

@pytest.mark.parametrize("run", [1, 2])
def test_each_test_has_a_service_of_its_own(run, qiskit_runtime_service, bell):
    backend = qiskit_runtime_service.backend("ibmq_qasm_simulator")
    job = Sampler(session=backend).run(bell, shots=100)
    assert set(job.result().quasi_dists[0]) == {0, 3}
    assert len(qiskit_runtime_service.jobs()) == 1

@pytest.mark.qiskit_runtime(devices=["fake_lima", "fake_quito"], hubs=["a/b/c", "d/e/f"])
def test_a_marker_sets_it_up(qiskit_runtime_service):
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

def test_one_for_all_is_shared(qiskit_runtime_shared_service):
    qiskit_runtime_shared_service.run(
        "hello-world", {"iterations": 1}, options={"backend": "ibmq_qasm_simulator"}).result()

def test_one_for_all_remembers(qiskit_runtime_shared_service):
    assert len(qiskit_runtime_shared_service.jobs()) == 1
"""

RECORD = """
import pathlib
from qiskit_ibm_runtime import RuntimeJobFailureError

PATH = pathlib.Path(__file__).with_name("conversation.jsonl")

def talk(service):
    options = {"backend": "ibmq_qasm_simulator"}
    backends = service.backends()
    job = service.run("hello-world", {"iterations": 2}, options=options)
    result = job.result()
    failed = service.run("hello-world", {"iterations": "many"}, options=options)
    try:
        failed.result()
    except RuntimeJobFailureError as error:
        message = error.message
    return len(backends), job.job_id(), result, job.interim_results(), message

def test_record(qiskit_runtime_server):
    talk(qiskit_runtime_server.service())
    qiskit_runtime_server.save_recording(PATH)
    assert qiskit_runtime_server.token not in PATH.read_text()

def test_replay(qiskit_runtime_replay):
    first, second = (talk(qiskit_runtime_replay(PATH)) for _ in range(2))
    assert first == second
    assert first[2] == "Hello, World!"
    assert len(first[3]) == 2
    assert "Traceback" in first[4]
"""


def run(pytester: pytest.Pytester, source: str) -> pytest.RunResult:
    pytester.makepyfile(source)
    pytester.makeini("[pytest]\nfilterwarnings = ignore")
    return pytester.runpytest_subprocess("-p", PLUGIN, "-q", "--strict-markers", timeout=150)


def test_any_package_gets_a_service_without_set_up(pytester: pytest.Pytester) -> None:
    run(pytester, FIRST).assert_outcomes(passed=6)


def test_a_conversation_is_recorded_and_replayed(pytester: pytest.Pytester) -> None:
    run(pytester, RECORD).assert_outcomes(passed=2)
    text = (pytester.path / "conversation.jsonl").read_text()
    assert not re.search(r"127\.0\.0\.1:\d+", text)
    assert "server.recorded" in text


def test_the_plug_in_imports_nothing_until_it_is_used(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        "import sys\n"
        "def test_light(): assert not {'qiskit', 'starlette', 'requests'} & set(sys.modules)"
    )
    result = pytester.runpytest_subprocess("-p", PLUGIN, "-p", "no:hypothesispytest", "-q")
    result.assert_outcomes(passed=1)
