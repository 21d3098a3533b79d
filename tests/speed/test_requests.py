"""Number of requests and bytes per call."""

from __future__ import annotations

import pytest
from benchmarks.encoding import parameterized
from benchmarks.service import sampler_on
from benchmarks.standin import StandIn
from qiskit.providers.jobstatus import JobStatus

from qiskit_ibm_runtime._primitives import sent_inputs


@pytest.fixture(scope="module")
def standin():
    standin = StandIn(latency=0, inputs=10_000)
    yield standin
    standin.stop()


def test_a_hundred_circuits_are_one_request(standin):
    sampler = sampler_on(standin)
    sampler.run(parameterized(1), [[0.1] * 60])
    standin.reset()

    sampler.run(parameterized(100), [[0.1] * 60] * 100)

    assert standin.counts()["requests"] == 1


def test_repeated_circuit_is_sent_once(standin):
    sampler = sampler_on(standin)
    (circuit,) = parameterized(1)
    sampler.run(circuit, [0.1] * 60)
    standin.reset()
    sampler.run(circuit, [0.1] * 60)
    single = standin.counts()["received"]
    standin.reset()

    sampler.run([circuit.copy() for _ in range(100)], [[0.1] * 60] * 100)

    values = 99 * 60 * len("0.1, ")
    assert standin.counts()["received"] < single + 1.1 * values + 1000


def test_circuits_with_other_parameters_are_not_compared_in_detail(monkeypatch):
    looked_at = []
    look = vars(sent_inputs)["content"]
    monkeypatch.setattr(
        sent_inputs, "content", lambda circuit: looked_at.append(circuit) or look(circuit)
    )
    circuits = parameterized(20)
    alike = parameterized(1)[0]
    again = alike.copy()

    inputs = {"circuits": [*circuits, alike, again], "circuit_indices": list(range(22))}
    sent = sent_inputs.as_sent("sampler", inputs)

    assert len(sent["circuits"]) == 21
    assert sent["circuit_indices"] == [*range(21), 20]
    # Each has its own parameters, so only the two copies can be equal.
    assert list(map(id, looked_at)) == [id(alike), id(again)]


def test_finished_job_from_a_listing_is_not_polled(standin):
    service = standin.service()
    standin.reset()

    jobs = service.jobs(limit=300)

    assert {job.status() for job in jobs} == {JobStatus.DONE}
    assert standin.counts()["requests"] == 2

    standin.reset()
    assert service.job("job0").result() == "x" * 1000
    assert standin.counts()["requests"] == 2
    assert standin.counts()["received"] == 0
