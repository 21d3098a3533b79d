"""V1 programs on the platform of today, end to end over sockets."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.circuit import Parameter
from qiskit.quantum_info import SparsePauliOp

from qiskit_ibm_runtime import (
    Estimator,
    IBMInputValueError,
    IBMRuntimeError,
    Options,
    QiskitRuntimeService,
    Sampler,
    Session,
)

from .conftest import PlatformClient

SHOTS = 10_000
CLOSE = 5 / math.sqrt(SHOTS)
"""Five standard errors of a frequency, and more."""


@pytest.fixture
def service(client: PlatformClient, monkeypatch: pytest.MonkeyPatch) -> QiskitRuntimeService:
    face = client.face
    for name, value in face.environment.items():
        monkeypatch.setenv(name, value)
    return QiskitRuntimeService(
        channel="ibm_quantum_platform", token=face.api_key, instance=face.instance, url=face.url
    )


@pytest.fixture
def line(service: QiskitRuntimeService) -> Any:
    return service.backend("ideal_line")


@pytest.mark.parametrize("encoding", ["qpy", "qasm3"])
def test_sampler_and_estimator_give_right_numbers(
    encoding: str, line: Any, bell: QuantumCircuit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QISKIT_IBM_PLATFORM_ENCODING", encoding)
    options = Options(resilience_level=0)
    options.execution.shots = SHOTS

    result = Sampler(session=line, options=options).run(bell).result()
    assert result.quasi_dists[0] == pytest.approx({0: 0.5, 3: 0.5}, abs=CLOSE)
    assert result.metadata[0]["shots"] == SHOTS

    angle = Parameter("angle")
    circuit = QuantumCircuit(3)
    circuit.ry(2 * angle, 0)
    circuit.cx(0, 2)  # which a line has to route
    observable = SparsePauliOp(["IIZ", "ZII", "XIX", "III"], [1.0, 0.5, 2.0, 0.25])
    values = [[0.1], [0.4], [0.7]]
    estimates = (
        Estimator(session=line, options=options)
        .run([circuit] * 3, [observable] * 3, values)
        .result()
    )
    expected = [
        1.5 * math.cos(2 * x) + 2 * math.sin(2 * x) + 0.25 for x in np.array(values).ravel()
    ]
    assert estimates.values == pytest.approx(expected, abs=4 * CLOSE)
    assert [facts["shots"] for facts in estimates.metadata] == [SHOTS] * 3


def test_registers_conditions_and_order_of_runs_survive(line: Any) -> None:
    angle = Parameter("angle")
    turn = QuantumCircuit(2, 2)
    turn.rx(angle, 1)
    turn.measure([0, 1], [1, 0])

    one, other = ClassicalRegister(2, "meas 2"), ClassicalRegister(1, "for")
    flip = QuantumCircuit(QuantumRegister(2, "q"), other, one)
    flip.x(0)
    flip.measure(0, one[1])
    flip.x(1).c_if(one, 2)
    flip.measure(1, other[0])

    sampler = Sampler(session=line, options={"resilience_level": 0, "execution": {"shots": 100}})
    job = sampler.run([turn, flip, turn, flip], [[math.pi], [], [0.0], []])

    assert [dict(dist) for dist in job.result().quasi_dists] == [{1: 1}, {5: 1}, {0: 1}, {5: 1}]


def test_complex_observables_are_two_real_ones(line: Any) -> None:
    circuit = QuantumCircuit(1)
    observable = SparsePauliOp(["Z", "I"], [1j, 2.0])
    result = Estimator(session=line).run(circuit, observable).result()
    assert result.values.tolist() == [2 + 1j]


def test_sessions_are_opened_once_and_closed_without_cancelling(
    service: QiskitRuntimeService, line: Any, bell: QuantumCircuit
) -> None:
    with Session(service=service, backend=line, max_time="10m") as session:
        sampler = Sampler()
        jobs = [sampler.run(bell) for _ in range(2)]
        assert len({job.session_id for job in jobs}) == 1
        assert session.session_id == jobs[0].session_id
        session.close()
    assert all(job.result().quasi_dists for job in jobs)

    assert Sampler(session=line).run(bell).session_id is None


def test_jobs_of_the_past_give_their_results_to_any_process(
    service: QiskitRuntimeService, client: PlatformClient, line: Any, bell: QuantumCircuit
) -> None:
    job = Sampler(session=line, options={"environment": {"job_tags": ["mine"]}}).run(bell)
    result = job.result()
    face = client.face
    other = QiskitRuntimeService(
        channel="ibm_quantum_platform", token=face.api_key, instance=face.instance, url=face.url
    )
    (found,) = other.jobs(job_tags=["mine"])
    assert found.job_id() == job.job_id()
    assert found.result() == result
    assert found.program_id == "sampler"
    assert found.inputs
    assert "timestamps" in found.metrics()


def test_what_is_not_possible_today_says_so_before_anything_is_sent(
    service: QiskitRuntimeService, line: Any, bell: QuantumCircuit
) -> None:
    with pytest.raises(IBMInputValueError, match="channel='local'"):
        service.run("hello-world", {}, {"backend": "ideal_line"})
    with pytest.raises(IBMRuntimeError, match="channel='local'"):
        service.programs()
    with pytest.raises(IBMRuntimeError, match="channel='local'"):
        service.upload_program("def main(): pass", {"name": "p", "max_execution_time": 1})
    with pytest.raises(IBMRuntimeError, match="no interim results"):
        Sampler(session=line).run(bell).interim_results()
