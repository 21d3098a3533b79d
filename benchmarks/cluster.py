"""How jobs scale on a Dask cluster: ``python -m benchmarks.cluster [WORKERS ...]``.

Scheduler, workers (one job at a time each) and server are processes on this machine.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Callable

import numpy as np
from qiskit import QuantumCircuit
from qiskit.quantum_info import SparsePauliOp

from qiskit_ibm_runtime import Estimator, Options, QiskitRuntimeService, Sampler, Session

if TYPE_CHECKING:
    from collections.abc import Iterator


def circuit(qubits: int, seed: int) -> QuantumCircuit:
    random = np.random.default_rng(seed)
    made = QuantumCircuit(qubits)
    for _ in range(4):
        for qubit in range(qubits):
            made.u(*random.uniform(0, 6.28, 3), qubit)
        for qubit in range(qubits - 1):
            made.cx(qubit, qubit + 1)
    return made


@contextmanager
def service_on(workers: int) -> Iterator[QiskitRuntimeService]:
    """A service whose jobs run on so many Dask workers."""
    from distributed import SubprocessCluster

    os.environ.update(QISKIT_IBM_LOCAL_TOKEN="token", OMP_NUM_THREADS="1")
    one_job = {"nthreads": 1}
    with SubprocessCluster(
        n_workers=workers, worker_kwargs=one_job, dashboard_address=None
    ) as cluster:
        serve = ("-m", "qiskit_ibm_runtime.local", "serve", "--log-level", "WARNING")
        on_dask = ("--executor", "dask", "--scheduler", cluster.scheduler_address)
        command = [sys.executable, "-W", "ignore", *serve, *on_dask]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
            try:
                url = server.stdout.readline().split()[1]
                yield QiskitRuntimeService(channel="ibm_quantum", url=url, token="token")
            finally:
                server.terminate()


def kinds(session: Session) -> dict[str, Callable[[], Any]]:
    """What is measured."""
    options = Options(resilience_level=0, optimization_level=0)
    options.execution.shots, options.simulator.seed_simulator = 4000, 7
    sampler = Sampler(session=session, options=options)
    estimator = Estimator(session=session, options=options)
    wide = [circuit(14, seed).measure_all(inplace=False) for seed in range(40)]
    many = [circuit(6, seed).measure_all(inplace=False) for seed in range(400)]
    points = [circuit(6, 1)] * 300, [SparsePauliOp(["ZZZZZZ", "XXXXXX"], [1.0, 0.5])] * 300

    def jobs(number: int, circuits: Any) -> None:
        for job in [sampler.run(circuits) for _ in range(number)]:
            job.result()

    return {
        "6 Sampler jobs of 40 circuits, 14 qubits": lambda: jobs(6, wide),
        "1 Sampler job of 400 circuits, 6 qubits": lambda: jobs(1, many),
        "1 Estimator job of 300 points, 6 qubits": lambda: estimator.run(*points).result(),
        "60 Sampler jobs of 1 circuit, 6 qubits": lambda: jobs(60, many[0]),
    }


def measure(workers: int) -> dict[str, float]:
    """Seconds of each kind of work, the better of two."""
    found: dict[str, float] = {}
    with service_on(workers) as service, Session(service, "ibmq_qasm_simulator") as session:
        runs = kinds(session)
        list(runs.values())[-1]()  # every worker has imported what it needs
        for kind, run in runs.items():
            spent = []
            for _ in range(2):
                began = time.perf_counter()
                run()
                spent.append(time.perf_counter() - began)
            found[kind] = min(spent)
    return found


def main() -> None:
    numbers = [int(one) for one in sys.argv[1:]] or [1, 2]
    columns = [measure(number) for number in numbers]
    print(f"| seconds, with workers | {' | '.join(map(str, numbers))} |")
    print(f"|---|{'---:|' * len(numbers)}")
    for kind in columns[0]:
        print(f"| {kind} | {' | '.join(f'{column[kind]:.1f}' for column in columns)} |")


if __name__ == "__main__":
    main()
