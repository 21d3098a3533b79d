"""Dry runs and reruns."""

from __future__ import annotations

import json

import pytest

from qiskit_ibm_runtime import RuntimeJobNotFound, Sampler, Session
from qiskit_ibm_runtime._jobs.submission import DryRun

SIMULATOR = "ibmq_qasm_simulator"


@pytest.fixture
def service(qiskit_runtime_service):
    return qiskit_runtime_service


@pytest.fixture
def requests(service, qiskit_runtime_server):
    """Record requests from now on; the simulator's configuration is already cached."""
    service.backend(SIMULATOR)
    qiskit_runtime_server.requests.clear()
    return qiskit_runtime_server.requests


def test_dry_run_of_a_primitive_sends_nothing(service, requests, bell):
    with Session(service=service, backend=SIMULATOR, max_time=600):
        dry = Sampler(options={"seed_simulator": 5}).run(bell, shots=321, dry_run=True)

    assert requests.exchanges == []
    assert isinstance(dry, DryRun)
    assert dry.size == len(dry.text.encode())
    assert dry.request["program_id"] == "sampler"
    assert (dry.request["start_session"], dry.request["session_time"]) == (True, 600)
    assert dry.inputs["run_options"]["shots"] == 321
    assert str(dry.size) in str(dry)


def test_dry_run_returns_what_would_be_sent(service, requests, bell):
    with Session(service=service, backend=SIMULATOR) as session:
        sampler = Sampler(session=session)
        dry = sampler.run(bell, dry_run=True)
        sampler.run(bell)

    (sent,) = [each for each in requests.exchanges if each.method == "POST"]
    assert json.loads(sent.body) == dry.request


def test_dry_run_rejects_what_run_rejects(service, requests, bell):
    with Session(service=service, backend=SIMULATOR), pytest.raises(ValueError, match="shots"):
        Sampler().run(bell, shots=0, dry_run=True)

    assert requests.exchanges == []


def test_program_supports_dry_run(service, requests):
    dry = service.run("hello-world", {"iterations": 3}, {"backend": SIMULATOR}, dry_run=True)

    assert dry.request["params"] == {"iterations": 3}
    assert requests.exchanges == []


def test_rerun_uses_the_same_inputs_and_tags(service, bell):
    options = {"seed_simulator": 11, "job_tags": ["again"]}
    with Session(service=service, backend=SIMULATOR):
        first = Sampler(options=options).run(bell, shots=1000)

    second = service.rerun(first)
    third = service.rerun(first.job_id())

    assert len({job.job_id() for job in (first, second, third)}) == 3
    assert second.tags == ["again"]
    assert second.backend().name == SIMULATOR
    assert second.session_id is None
    # The same seed gives the same counts.
    assert second.result(timeout=60) == first.result(timeout=60) == third.result(timeout=60)


def test_failed_job_can_be_rerun(service):
    metadata = {"name": "moody", "max_execution_time": 60}
    source = "def main(backend, user_messenger, **kwargs):\n    raise ValueError('today not')\n"
    program_id = service.upload_program(source, metadata)
    failed = service.run(program_id, {}, {"backend": SIMULATOR})
    failed.wait_for_final_state(timeout=60)

    service.update_program(
        program_id, data=source.replace("raise ValueError('today not')", "return 7")
    )

    assert service.rerun(failed).result(timeout=60) == 7


def test_unknown_job_cannot_be_rerun(service):
    with pytest.raises(RuntimeJobNotFound, match="no-such-job"):
        service.rerun("no-such-job")
