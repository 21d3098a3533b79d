"""Programs and jobs on the embedded runtime, over both channels and several projects."""

from __future__ import annotations

import json
import threading
from importlib.resources import files
from typing import Any

import pytest
from qiskit.providers.exceptions import QiskitBackendNotFoundError
from qiskit.providers.jobstatus import JobStatus

from qiskit_ibm_runtime import (
    IBMInputValueError,
    IBMNotAuthorizedError,
    RuntimeJobNotFound,
    RuntimeOptions,
    RuntimeProgramNotFound,
    Session,
)
from qiskit_ibm_runtime._service.jobs import JobListing

SIMULATOR = "ibmq_qasm_simulator"
SOURCE = '''
def main(backend, user_messenger, circuit, repetitions=2, **kwargs):
    """Run a circuit several times."""
    for number in range(repetitions):
        counts = backend.run(circuit, shots=100).result().get_counts()
        user_messenger.publish({"number": number, "shots": sum(counts.values())})
    return {"qubits": circuit.num_qubits, "repetitions": repetitions}
'''
METADATA = {
    "name": "repeats",
    "max_execution_time": 600,
    "description": "Runs a circuit several times.",
    "spec": {
        "parameters": {
            "type": "object",
            "properties": {"circuit": {}, "repetitions": {"type": "integer"}},
            "required": ["circuit"],
        }
    },
}


@pytest.fixture
def uploaded(alice):
    program_id = alice.upload_program(SOURCE, METADATA)
    yield program_id
    alice.delete_program(program_id)


def test_custom_program_runs_with_parameters_and_messages(alice, uploaded, bell):
    form = alice.program(uploaded).parameters()
    with pytest.raises(IBMInputValueError, match="circuit"):
        alice.run(uploaded, form, {"backend": SIMULATOR})
    form.circuit = bell

    job = alice.run(uploaded, form, RuntimeOptions(backend=SIMULATOR, job_tags=["own"]))

    assert job.result(timeout=120) == {"qubits": 2, "repetitions": 2}
    assert [json.loads(message) for message in job.interim_results()] == [
        {"number": 0, "shots": 100},
        {"number": 1, "shots": 100},
    ]
    again = alice.job(job.job_id())
    assert again.program_id == uploaded
    assert again.inputs["circuit"] == bell
    assert again.tags == job.tags == ["own"]
    assert again.backend() is job.backend() is alice.backend(SIMULATOR)
    assert [found.job_id() for found in alice.jobs(program_id=uploaded)] == [job.job_id()]


def test_program_can_be_uploaded_updated_published_and_deleted(alice, uploaded):
    program = alice.program(uploaded)
    assert (program.name, program.max_execution_time) == ("repeats", 600)
    assert program.data == SOURCE
    assert not program.is_public
    assert uploaded in [known.program_id for known in alice.programs(limit=None)]

    alice.update_program(uploaded, data=SOURCE + "# new\n", description="changed")
    alice.set_program_visibility(uploaded, True)

    changed = alice.program(uploaded)
    assert (changed.data, changed.description) == (SOURCE + "# new\n", "changed")
    assert changed.is_public
    assert alice.program(uploaded, refresh=True).is_public


def test_names_may_repeat_and_a_deleted_program_is_gone(alice, uploaded):
    other = alice.upload_program(SOURCE, METADATA)

    alice.delete_program(other)

    assert alice.program(uploaded, refresh=True).name == METADATA["name"]

    for call in (alice.program, alice.delete_program):
        with pytest.raises(RuntimeProgramNotFound, match="Program not found"):
            call(other)
    with pytest.raises(RuntimeProgramNotFound, match="Program not found"):
        alice.run(other, {}, {"backend": SIMULATOR})


def test_other_users_see_public_programs_without_source(alice, login, uploaded):
    bob = login(alice.channel, user="bob")
    with pytest.raises(RuntimeProgramNotFound):
        bob.program(uploaded)

    alice.set_program_visibility(uploaded, True)

    with pytest.raises(IBMNotAuthorizedError, match="Only program authors"):
        _ = bob.program(uploaded).data


@pytest.mark.parametrize("name", ["hello_world", "circuit_runner"])
def test_sample_programs_can_be_uploaded_unchanged(login, bell, name):
    alice = login()
    folder = files(f"program_source.{name}")
    metadata = {**json.loads((folder / f"{name}.json").read_text()), "name": f"my-{name}"}
    program_id = alice.upload_program(str(folder / f"{name}.py"), metadata)
    inputs = {"iterations": 1} if name == "hello_world" else {"circuits": bell, "shots": 50}

    result = alice.run(program_id, inputs, {"backend": SIMULATOR}).result(timeout=120)

    alice.delete_program(program_id)
    if name == "hello_world":
        assert result == "Hello, World!"
    else:
        assert sum(result["results"][0]["data"]["counts"].values()) == 50


def test_template_and_metadata_can_be_uploaded_unchanged(login, bell):
    alice = login("ibm_cloud")
    folder = files("qiskit_ibm_runtime.program")
    program_id = alice.upload_program(
        str(folder / "program_template.py"), str(folder / "program_metadata_sample.json")
    )

    job = alice.run(program_id, {"circuits": [bell, bell]}, {"backend": SIMULATOR})

    assert job.result(timeout=120) == 2
    assert len(job.interim_results()) == 2
    alice.delete_program(program_id)


def test_job_runs_in_the_given_project_or_the_one_with_the_backend(login):
    alice = login()

    named = alice.run("hello-world", {}, {"backend": "fake_lima", "instance": "h/g/large"})
    found = alice.run("hello-world", {}, {"backend": "fake_quito"})
    backend = alice.backend(SIMULATOR, instance="ibm-q/open/main")
    brought = alice.run("hello-world", {}, RuntimeOptions(backend=backend))

    assert named.backend()._instance == "h/g/large"
    assert found.backend()._instance == "h/g/large"
    assert brought.backend() is backend
    for job in (named, found, brought):
        again = alice.job(job.job_id())
        assert again.backend()._instance == job.backend()._instance
        assert again.job_id() in [
            one.job_id() for one in alice.jobs(instance=job.backend()._instance)
        ]
    with pytest.raises(QiskitBackendNotFoundError, match="fake_quito cannot be found"):
        alice.run("hello-world", {}, {"backend": "fake_quito", "instance": "h/g/small"})


def test_every_filter_finds_jobs(alice):
    inputs = {"iterations": 0}
    with Session(alice, SIMULATOR) as session:
        first = session.run("hello-world", inputs, {"job_tags": ["a", "of-" + alice.channel]})
        second = session.run("hello-world", inputs, {"job_tags": ["b", "of-" + alice.channel]})
    for job in (first, second):
        job.wait_for_final_state(timeout=120)
    ours: dict[str, Any] = {"job_tags": ["of-" + alice.channel], "session_id": session.session_id}

    def found(**filters) -> list[str]:
        return [job.job_id() for job in alice.jobs(**{**ours, **filters})]

    both = [second.job_id(), first.job_id()]
    assert found() == found(pending=False, program_id="hello-world", backend_name=SIMULATOR) == both
    assert found(descending=False) == both[::-1]
    assert found(job_tags=["a"]) == [first.job_id()]
    assert found(skip=1) == found(limit=5, skip=1) == both[1:]
    assert found(pending=True) == found(backend_name="fake_lima") == found(skip=7) == []
    assert found(created_after=first.creation_date, created_before=second.creation_date) == both
    assert found(created_after=second.creation_date) == both[:1]
    assert [job.job_id() for job in JobListing(alice, **ours)] == both
    session.close()


def test_listed_job_supports_all_operations(alice):
    # So many that the job is still running when it is listed.
    job = alice.run("hello-world", {"iterations": 60}, {"backend": SIMULATOR, "job_tags": ["l"]})
    listed = alice.jobs(limit=1, job_tags=["l"])[0]
    told = threading.Event()

    listed.stream_results(lambda _, message: message == "Hello, World!" and told.set())

    assert listed.job_id() == job.job_id()
    assert listed.result(timeout=120) == "Hello, World!"
    assert told.wait(60)
    assert listed.inputs == {"iterations": 60}
    assert len(listed.interim_results()) == 60
    alice.delete_job(job.job_id())
    with pytest.raises(RuntimeJobNotFound, match="Job not found"):
        alice.job(job.job_id())


def test_listed_job_can_be_canceled(login):
    alice = login()
    job = alice.run("hello-world", {"iterations": 10_000}, {"backend": SIMULATOR})

    listed = next(one for one in alice.jobs(pending=True) if one.job_id() == job.job_id())
    listed.cancel()

    assert listed.status() is job.status() is JobStatus.CANCELLED


def test_cloud_chooses_a_backend(login):
    job = login("ibm_cloud").run("hello-world", {"iterations": 0})

    assert job.result(timeout=120) == "Hello, World!"
    assert job.backend().name
