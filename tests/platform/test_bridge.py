"""V1 programs on the current platform, end to end over sockets."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.circuit import Parameter
from qiskit.quantum_info import SparsePauliOp
from tests.platform.expect_warning import expect_warning

from qiskit_ibm_runtime import (
    Estimator,
    IBMInputValueError,
    IBMRuntimeError,
    Options,
    QiskitRuntimeService,
    Sampler,
    Session,
)
from qiskit_ibm_runtime.testing.faults import Fault

from .conftest import PlatformClient

SHOTS = 10_000
CLOSE = 5 / math.sqrt(SHOTS)
"""More than five standard errors of a frequency."""


@pytest.fixture
def service(client: PlatformClient, monkeypatch: pytest.MonkeyPatch) -> QiskitRuntimeService:
    address = client.address
    for name, value in address.environment.items():
        monkeypatch.setenv(name, value)
    return QiskitRuntimeService(
        channel="ibm_quantum_platform",
        token=address.api_key,
        instance=address.instance,
        url=address.url,
    )


@pytest.fixture
def line(service: QiskitRuntimeService) -> Any:
    return service.backend("ideal_line")


@pytest.mark.parametrize("transport", ["primitives", "executor"])
@pytest.mark.parametrize("encoding", ["qpy", "qasm3"])
def test_sampler_and_estimator_match_exact_values(
    encoding: str,
    transport: str,
    line: Any,
    bell: QuantumCircuit,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("QISKIT_IBM_PLATFORM_ENCODING", encoding)
    monkeypatch.setenv("QISKIT_IBM_PLATFORM_TRANSPORT", transport)
    options = Options(resilience_level=0)
    options.execution.shots = SHOTS

    result = Sampler(session=line, options=options).run(bell).result()
    assert result.quasi_dists[0] == pytest.approx({0: 0.5, 3: 0.5}, abs=CLOSE)
    assert result.metadata[0]["shots"] == SHOTS

    angle = Parameter("angle")
    circuit = QuantumCircuit(3)
    circuit.ry(2 * angle, 0)
    circuit.cx(0, 2)  # needs routing on a line
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


def test_preserves_registers_conditions_and_run_order(line: Any) -> None:
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


@pytest.mark.parametrize("transport", ["primitives", "executor"])
def test_complex_observables_are_split_into_real_and_imaginary_parts(
    transport: str, line: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QISKIT_IBM_PLATFORM_TRANSPORT", transport)
    circuit = QuantumCircuit(1)
    observable = SparsePauliOp(["Z", "I"], [1j, 2.0])
    result = Estimator(session=line).run(circuit, observable).result()
    assert result.values.tolist() == [2 + 1j]


def test_session_is_opened_once_and_closing_it_cancels_no_jobs(
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


def test_results_of_earlier_jobs_can_be_read_by_another_service(
    service: QiskitRuntimeService, client: PlatformClient, line: Any, bell: QuantumCircuit
) -> None:
    job = Sampler(session=line, options={"environment": {"job_tags": ["mine"]}}).run(bell)
    result = job.result()
    address = client.address
    other = QiskitRuntimeService(
        channel="ibm_quantum_platform",
        token=address.api_key,
        instance=address.instance,
        url=address.url,
    )
    (found,) = other.jobs(job_tags=["mine"])
    assert found.job_id() == job.job_id()
    assert found.result() == result
    assert found.program_id == "sampler"
    assert found.inputs
    assert "timestamps" in found.metrics()


def test_unsupported_features_raise_before_submitting(
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


@pytest.mark.filterwarnings("ignore:The platform does not mitigate readout errors")
@pytest.mark.parametrize("transport", ["primitives", "executor"])
def test_readout_errors_are_mitigated_at_level_one(
    transport: str, service: QiskitRuntimeService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QISKIT_IBM_PLATFORM_TRANSPORT", transport)
    device = service.backend("fake_line")
    ones = QuantumCircuit(3, 3)
    ones.x(range(3))
    measured = ones.copy()
    measured.measure(range(3), range(3))
    layout = {"transpilation": {"initial_layout": [1, 2, 3]}}
    shots = {"execution": {"shots": SHOTS}, **layout}

    dists, values = [], []
    for level in (0, 1):
        options = {"resilience_level": level, **shots}
        result = Sampler(session=device, options=options).run(measured).result()
        dists.append(result.quasi_dists[0])
        estimate = Estimator(session=device, options=options).run(ones, "ZZZ").result()
        values.append(estimate.values[0])
    assert result.metadata[0]["readout_mitigation_overhead"] > 1
    # Only gate errors remain after mitigation, and readout errors are several times larger.
    assert abs(1 - dists[1][7]) < 0.3 * abs(1 - dists[0][7])
    assert abs(-1 - values[1]) < 0.4 * abs(-1 - values[0])


def test_falls_back_to_the_executor_when_a_program_is_retired(
    service: QiskitRuntimeService, client: PlatformClient, line: Any, bell: QuantumCircuit
) -> None:
    gone = '{"errors":[{"code":1211,"message":"The program sampler was removed."}]}'
    faults = client.server.faults
    faults.replace([Fault("status", "POST", "/jobs$", status=404, body=gone, times=1)])
    sampler = Sampler(session=line, options={"resilience_level": 0})
    try:
        with expect_warning("using the program 'executor' instead"):
            job = sampler.run(bell)
    finally:
        faults.replace([])
    assert job.result().quasi_dists[0].keys() == {0, 3}
    programs = [
        one.json()["program_id"] for one in client.server.requests.matching("POST", "/jobs$")
    ]
    assert programs[-2:] == ["sampler", "executor"]
    assert service.job(job.job_id()).result().quasi_dists[0].keys() == {0, 3}


def test_lists_and_reads_jobs_of_other_clients(
    service: QiskitRuntimeService, client: PlatformClient
) -> None:
    bell = """OPENQASM 3.0;
include "stdgates.inc";
qubit[1] q;
bit[1] c;
x q[0];
c[0] = measure q[0];
"""
    params = {"pubs": [[bell, None, 10]], "version": 2}
    plain = client.run("sampler", {**params, "support_qiskit": False})
    tagged = client.run("sampler", {**params, "support_qiskit": True})
    found = {job.job_id(): job for job in service.jobs(limit=None)}
    for one in (plain, tagged):
        job = found[one["id"]]
        assert job.result().quasi_dists == [{1: 1.0}]
        assert job.inputs["pubs"]
        assert job.status().name == "DONE"


def test_variational_loop_transpiles_once(
    line: Any, client: PlatformClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    from qiskit_ibm_runtime._platform import transpiling

    calls: list[Any] = []
    terra = transpiling.transpile  # type: ignore[attr-defined]
    monkeypatch.setattr(transpiling, "transpile", lambda *a, **k: calls.append(a) or terra(*a, **k))
    angle = Parameter("angle")
    circuit = QuantumCircuit(2)
    circuit.ry(angle, 0)
    circuit.cx(0, 1)
    estimator = Estimator(session=line)
    for value in (0.1, 0.2):
        estimator.run(circuit, "ZZ", [value])
        estimator.run(circuit.copy(), "XX", [value])
    assert len(calls) == 1
