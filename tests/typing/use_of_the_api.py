"""The API as typed code of users calls it. Nothing here runs: mypy reads it and must agree."""

from __future__ import annotations

from typing import Any

from qiskit import QuantumCircuit

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
