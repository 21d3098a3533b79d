"""The API as typed user code calls it. Nothing here runs: mypy and pyright check it."""

from __future__ import annotations

from typing import Any

import numpy as np
from qiskit import QuantumCircuit
from qiskit.quantum_info import Pauli, SparsePauliOp
from requests.adapters import HTTPAdapter
from typing_extensions import assert_type

from qiskit_ibm_runtime import (
    Estimator,
    IBMBackend,
    Options,
    QiskitRuntimeService,
    RuntimeEncoder,
    RuntimeJob,
    Sampler,
    Session,
    __version__,
)
from qiskit_ibm_runtime.api.http.settings import ResponseEvent
from qiskit_ibm_runtime.api.retry import RetryPolicy
from qiskit_ibm_runtime.exceptions import IBMError, RuntimeJobFailureError
from qiskit_ibm_runtime.options import ExecutionOptions, TranspilationOptions


def run_everything(circuit: QuantumCircuit) -> list[float]:
    service = QiskitRuntimeService(channel="local")
    backend: IBMBackend = service.least_busy(min_num_qubits=2)
    options = Options(resilience_level=0, execution=ExecutionOptions(shots=1000))
    with Session(service=service, backend=backend, max_time="1h") as session:
        sampler = Sampler(session=session, options=options)
        job: RuntimeJob = sampler.run(circuit, shots=10)
        estimator = Estimator(session=session, options={"resilience_level": 0})
        values: Any = estimator.run([circuit], ["ZZ"]).result(timeout=10).values
        print(session.session_id, job.job_id(), job.status(), job.tags)
    return [float(value) for value in values]


def find(service: QiskitRuntimeService) -> list[str]:
    jobs: list[RuntimeJob] = service.jobs(limit=None, pending=False)
    try:
        jobs[0].result()
    except RuntimeJobFailureError as error:
        print(error.message, error.failure and error.failure.status)
    except IBMError as error:
        print(error.message)
    return [backend.name for backend in service.backends(simulator=True)]


def facts() -> tuple[str, type[RuntimeEncoder]]:
    return __version__, RuntimeEncoder


def set_options() -> tuple[int | None, bool]:
    options = Options(simulator={"seed_simulator": 42}, environment=None)
    options.execution.shots = 100
    options.execution = {"shots": 200}
    options.transpilation = TranspilationOptions(initial_layout=[0, 1])
    options.resilience.noise_factors = (1, 2, 3)
    shots: int | None = options.execution.shots
    return shots, options.transpilation.skip_transpilation


class OwnSampler(Sampler):
    """A custom primitive."""


def know_what_constructors_make(service: QiskitRuntimeService) -> None:
    assert_type(Sampler(session="d"), Sampler)
    assert_type(Estimator(session="d"), Estimator)
    assert_type(OwnSampler(session="d"), OwnSampler)
    assert_type(Options(), Options)
    with QiskitRuntimeService(channel="local") as opened:
        assert_type(opened, QiskitRuntimeService)
    assert_type(service.backend("d"), IBMBackend)
    assert_type(service.job("j"), RuntimeJob)
    assert_type(service.job("j").backend(), "IBMBackend | None")


def run_with_every_form_of_input(circuit: QuantumCircuit) -> None:
    sampler, estimator = Sampler(session="d"), Estimator(session="d")
    assert_type(sampler.run(circuit, [0.1, 0.2]), RuntimeJob)
    sampler.run([circuit, circuit], [[0.1], [0.2]])
    sampler.run((circuit,), np.zeros((1, 3)))
    estimator.run(circuit, "ZZ", 0.5)
    estimator.run([circuit] * 2, [SparsePauliOp("ZZ"), Pauli("XX")], np.zeros((2, 1)))
    estimator.run(circuit, SparsePauliOp("ZZ"), shots=100)


class Upper:
    """A custom decoder."""

    @classmethod
    def decode(cls, data: str) -> str:
        return data.upper()


def decode(job: RuntimeJob, service: QiskitRuntimeService) -> None:
    job.result(decoder=Upper)
    job.interim_results(decoder=Upper())
    service.run("hello-world", {}, result_decoder=Upper)
    service.run("hello-world", {}, result_decoder=[Upper, Upper])


def log(event: ResponseEvent) -> None:
    print(event.request.method, event.request.url, event.status, event.seconds)


def choose_how_to_reach_the_service() -> QiskitRuntimeService:
    return QiskitRuntimeService(
        "ibm_quantum",
        transport=HTTPAdapter(),
        retry=RetryPolicy(total=1),
        timeout=(3, None),
        on_request=lambda event: print(event.attempt),
        on_response=log,
    )
