"""The official client's V2 primitives get correct results from the embedded runtime."""

from __future__ import annotations

import math
from contextlib import nullcontext
from typing import Any

import numpy as np
import pytest
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister, transpile
from qiskit.circuit import Parameter, ParameterVector
from qiskit.circuit.library import efficient_su2
from qiskit.circuit.random import random_circuit
from qiskit.quantum_info import SparsePauliOp, Statevector
from qiskit_ibm_runtime.executor_sampler import SamplerV2 as ClientSideSampler

from qiskit_ibm_runtime import (
    Batch,
    EstimatorV2,
    Executor,
    QuantumProgram,
    SamplerV2,
    Session,
)
from qiskit_ibm_runtime.exceptions import IBMInputValueError, RuntimeJobFailureError

SHOTS = 20_000
FAR = 6
"""Tolerance in standard errors; wide enough that hundreds of checks all pass by chance."""

pytestmark = pytest.mark.filterwarnings("ignore")


def mode(kind: str, backend: Any) -> Any:
    if kind == "job":
        return nullcontext(backend)
    return Session(backend=backend) if kind == "session" else Batch(backend=backend)


def distance(counts: dict[str, int], exact: dict[str, float]) -> float:
    """The largest difference of a frequency, in standard errors."""
    shots = sum(counts.values())
    return max(
        abs(counts.get(key, 0) / shots - exact.get(key, 0.0))
        / math.sqrt(max(exact.get(key, 0.0) * (1 - exact.get(key, 0.0)), 1 / shots) / shots)
        for key in {*counts, *exact}
    )


@pytest.mark.parametrize("kind", ["job", "session", "batch"])
@pytest.mark.parametrize("name", ["ideal_line", "ideal_heron"])
def test_sampler_matches_exact_probabilities(service: Any, name: str, kind: str) -> None:
    backend = service.backend(name)
    circuits = [random_circuit(4, 4, max_operands=2, seed=seed) for seed in range(3)]
    measured = [circuit.measure_all(inplace=False) for circuit in circuits]
    isa = transpile(measured, backend, optimization_level=1, seed_transpiler=1)

    with mode(kind, backend) as where:
        result = SamplerV2(mode=where).run(isa, shots=SHOTS).result()

    for pub, circuit in zip(result, circuits):
        exact = Statevector(circuit).probabilities_dict()
        assert distance(pub.data.meas.get_counts(), exact) < FAR


@pytest.mark.parametrize("kind", ["job", "session", "batch"])
def test_estimator_matches_exact_values(service: Any, kind: str) -> None:
    backend = service.backend("ideal_heron")
    ansatz = efficient_su2(4, reps=2)
    isa = transpile(ansatz, backend, optimization_level=2, seed_transpiler=1)
    operators = [SparsePauliOp(["ZZII", "IXXI", "YIIY"], [1.0, -0.5, 0.25]), SparsePauliOp("ZIZI")]
    laid_out = [[operator.apply_layout(isa.layout)] for operator in operators]
    values = np.random.default_rng(7).uniform(-3, 3, (3, ansatz.num_parameters))

    with mode(kind, backend) as where:
        estimator = EstimatorV2(mode=where, options={"default_shots": SHOTS})
        (pub,) = estimator.run([(isa, laid_out, values)]).result()

    exact = [
        [Statevector(ansatz.assign_parameters(row)).expectation_value(one).real for row in values]
        for one in operators
    ]
    assert pub.data.evs.shape == (2, 3)
    assert (np.abs(pub.data.evs - exact) < FAR * np.maximum(pub.data.stds, 1e-3)).all()
    assert pub.data.stds.max() < 3 / math.sqrt(SHOTS)


def test_registers_and_conditions(service: Any) -> None:
    backend = service.backend("ideal_line")
    q, a, b = QuantumRegister(3, "q"), ClassicalRegister(1, "a"), ClassicalRegister(2, "b")
    circuit = QuantumCircuit(q, a, b)
    circuit.h(0)
    circuit.measure(0, a[0])
    with circuit.if_test((a[0], 1)) as otherwise:
        circuit.x(1)
    with otherwise:
        circuit.x(2)
    circuit.measure([1, 2], b)
    with circuit.if_test((b, 2)):
        circuit.x(0)
    circuit.measure(0, a[0])
    isa = transpile(circuit, backend, optimization_level=1)

    data = SamplerV2(mode=backend).run([isa], shots=2000).result()[0].data

    # a = 1 sets b to 01 and remains; a = 0 sets b to 10, which flips a.
    assert set(data.a.get_counts()) == {"1"}
    counts = data.b.get_counts()
    assert set(counts) == {"01", "10"}
    assert abs(counts["01"] - 1000) < FAR * math.sqrt(500)


def test_parameters_are_ordered_as_in_qiskit(service: Any) -> None:
    backend = service.backend("ideal_line")
    x, theta = Parameter("x"), ParameterVector("theta", 12)
    circuit = QuantumCircuit(1)
    for number, element in enumerate(theta):
        circuit.rx(element * (number + 1) / 10 - x / 3, 0)
        circuit.rz(2 * element + 0.1, 0)
    isa = transpile(circuit, backend, optimization_level=1)
    values = np.random.default_rng(3).uniform(-2, 2, 13)

    estimator = EstimatorV2(mode=backend, options={"default_shots": SHOTS})
    operator = SparsePauliOp(["X", "Y", "Z"], [0.3, 0.5, 0.7]).apply_layout(isa.layout)
    (pub,) = estimator.run([(isa, operator, values)]).result()

    bound = circuit.assign_parameters(values)
    exact = Statevector(bound).expectation_value(SparsePauliOp(["X", "Y", "Z"], [0.3, 0.5, 0.7]))
    assert abs(pub.data.evs - exact.real) < FAR * max(pub.data.stds, 1e-3)


def test_mitigation_reduces_errors(service: Any) -> None:
    backend = service.backend("fake_line")
    circuit = QuantumCircuit(3)
    circuit.ry(0.4, 0)
    for _ in range(3):
        circuit.cx(0, 1)
        circuit.cx(1, 2)
        circuit.cx(0, 1)
    isa = transpile(circuit, backend, optimization_level=0, seed_transpiler=1)
    operator = SparsePauliOp("IZZ")
    exact = Statevector(circuit).expectation_value(operator).real

    errors = {}
    for level in (0, 1, 2):
        estimator = EstimatorV2(mode=backend, options={"default_shots": 4000})
        estimator.options.resilience_level = level
        job = estimator.run([(isa, operator.apply_layout(isa.layout))])
        errors[level] = abs(job.result()[0].data.evs - exact)
    assert errors[1] < errors[0]
    assert errors[2] < errors[0]


def test_zne_returns_values_per_noise_factor(service: Any) -> None:
    backend = service.backend("fake_line")
    circuit = transpile(QuantumCircuit(2), backend)
    operator = SparsePauliOp("Z" + "I" * (circuit.num_qubits - 1))
    estimator = EstimatorV2(mode=backend, options={"default_shots": 1000, "resilience_level": 2})
    estimator.options.resilience.zne.extrapolator = ["linear", "polynomial_degree_2", "fallback"]
    data = estimator.run([(circuit, operator)]).result()[0].data
    assert data.evs_noise_factors.shape == (3,)
    assert data.evs_extrapolated.shape == data.stds_extrapolated.shape == (3, 4)
    assert data.evs_extrapolated[0, 0] == pytest.approx(data.evs)
    assert data.evs_extrapolated[1, 1:] == pytest.approx(data.evs_noise_factors)
    assert data.evs_extrapolated[2] == pytest.approx(data.evs_noise_factors[0])


def test_non_isa_circuits_fail_with_the_service_error(service: Any) -> None:
    backend = service.backend("ideal_line")
    circuit = QuantumCircuit(5)
    circuit.cz(0, 4)
    circuit.measure_all()
    with pytest.raises(IBMInputValueError):
        SamplerV2(mode=backend).run([circuit])

    # Bypass the client's own check, like clients that have none.
    job = service._run(
        program_id="sampler",
        options={"backend": backend},
        inputs={"pubs": [(circuit, None, 10)], "options": {}, "version": 2},
    )
    with pytest.raises(RuntimeJobFailureError, match="cz"):
        job.result()
    assert job._reason_code == 1517


def test_lists_jobs_and_reports_their_usage(service: Any) -> None:
    backend = service.backend("ideal_line")
    circuit = QuantumCircuit(1, 1)
    circuit.measure(0, 0)
    job = SamplerV2(mode=backend, options={"environment": {"job_tags": ["listed"]}}).run([circuit])
    job.result()

    assert job.status() == "DONE"
    assert job.usage() >= 0
    assert job.metrics()["usage"]["status"] == "complete"
    assert job.job_id() in [one.job_id() for one in service.jobs(job_tags=["listed"])]
    again = service.job(job.job_id())
    assert again.result()[0].data.c.get_counts() == {"0": 4096}
    assert set(job.inputs) >= {"pubs", "version"}
    job.update_tags(["other"])
    service.delete_job(job.job_id())


def test_sessions_report_their_details(service: Any) -> None:
    backend = service.backend("ideal_line")
    circuit = QuantumCircuit(1, 1)
    circuit.measure(0, 0)
    with Session(backend=backend, max_time=600) as session:
        job = SamplerV2(mode=session).run([circuit])
        job.result()
        details = session.details()
        assert details["mode"] == "dedicated"
        assert details["max_time"] == 600
        assert session.status() in ("In progress, accepting new jobs", "Pending")
        assert job.session_id == session.session_id
    assert "not accepting" in session.status() or session.status() == "Closed"


def test_executor_and_its_client_side_sampler(service: Any) -> None:
    backend = service.backend("ideal_line")
    theta = Parameter("t")
    circuit = QuantumCircuit(3, 3)
    circuit.ry(theta, 0)
    circuit.x(1)
    circuit.measure(range(3), range(3))
    isa = transpile(circuit, backend, optimization_level=1)
    angles = np.array([0.0, 1.0, math.pi])

    program = QuantumProgram(shots=SHOTS)
    program.append_circuit_item(isa, circuit_arguments=angles[:, None])
    (item,) = Executor(mode=backend).run(program).result()
    assert item["c"].shape == (3, SHOTS, 3)
    means = item["c"].mean(axis=1)
    assert np.abs(means[:, 0] - np.sin(angles / 2) ** 2).max() < FAR * 0.5 / math.sqrt(SHOTS)
    assert (means[:, 1] == 1).all()
    assert (means[:, 2] == 0).all()

    (pub,) = ClientSideSampler(mode=backend).run([(isa, [1.0], SHOTS)]).result()
    exact = {"010": math.cos(0.5) ** 2, "011": math.sin(0.5) ** 2}
    assert distance(pub.data.c.get_counts(), exact) < FAR


def test_noiseless_circuit_of_100_qubits(service: Any) -> None:
    backend = service.backend("ideal_heron")
    circuit = QuantumCircuit(100)
    circuit.h(0)
    for qubit in range(99):
        circuit.cx(qubit, qubit + 1)
    circuit.measure_all()
    isa = transpile(circuit, backend, optimization_level=1, seed_transpiler=1)
    counts = SamplerV2(mode=backend).run([(isa, None, 1000)]).result()[0].data.meas.get_counts()
    assert set(counts) == {"0" * 100, "1" * 100}
