"""How jobs scale on a Dask cluster whose scheduler, workers and server run on this machine."""

from __future__ import annotations

import atexit
import os
import subprocess
import sys
from functools import cache, partial
from typing import Any

import numpy as np
from qiskit import QuantumCircuit
from qiskit.quantum_info import SparsePauliOp

from benchmarks.embedded import PLAIN, on_a_simulator
from benchmarks.rows import Plan, row
from qiskit_ibm_runtime import QiskitRuntimeService

scaled = partial(row, goal="less with two workers than with one", sizes=(1, 2))


@cache
def service_on(workers: int) -> QiskitRuntimeService:
    """Return a service whose jobs run on so many Dask workers, of one job at a time each."""
    from distributed import SubprocessCluster

    os.environ.update(QISKIT_IBM_LOCAL_TOKEN="token", OMP_NUM_THREADS="1")
    cluster = SubprocessCluster(
        n_workers=workers, worker_kwargs={"nthreads": 1}, dashboard_address=None
    )
    atexit.register(cluster.close)
    serve = ("-m", "qiskit_ibm_runtime.local", "serve", "--log-level", "WARNING")
    on_dask = ("--executor", "dask", "--scheduler", cluster.scheduler_address)
    command = [sys.executable, "-W", "ignore", *serve, *on_dask]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    atexit.register(server.wait)
    atexit.register(server.terminate)  # the last one registered runs first
    url = server.stdout.readline().split()[1]
    return QiskitRuntimeService(channel="ibm_quantum", url=url, token="token")


def circuit(qubits: int, seed: int) -> QuantumCircuit:
    random = np.random.default_rng(seed)
    made = QuantumCircuit(qubits)
    for _ in range(4):
        for qubit in range(qubits):
            made.u(*random.uniform(0, 6.28, 3), qubit)
        for qubit in range(qubits - 1):
            made.cx(qubit, qubit + 1)
    return made


def primitive(name: str, workers: int) -> Any:
    how: dict[str, Any] = {"execution": {"shots": 4000}, "simulator": {"seed_simulator": 7}}
    return on_a_simulator(name, service_on(workers), **PLAIN, **how)


@scaled("6 Sampler jobs of 40 circuits, 14 qubits; workers: {}", jobs=6, circuits=40, qubits=14)
@scaled("a Sampler job of 400 circuits, 6 qubits; workers: {}", jobs=1, circuits=400, qubits=6)
@scaled("60 Sampler jobs of one circuit, 6 qubits; workers: {}", jobs=60, circuits=1, qubits=6)
def sampler_jobs(workers: int, jobs: int, circuits: int, qubits: int) -> Plan:
    sampler = primitive("Sampler", workers)
    measured = [circuit(qubits, seed).measure_all(inplace=False) for seed in range(circuits)]

    def run() -> None:
        for job in [sampler.run(measured) for _ in range(jobs)]:
            job.result()

    return Plan(run, rounds=3)


@scaled("an Estimator job of 300 points, 6 qubits; workers: {}")
def estimator_job(workers: int) -> Plan:
    points = [circuit(6, 1)] * 300, [SparsePauliOp(["ZZZZZZ", "XXXXXX"], [1.0, 0.5])] * 300
    estimator = primitive("Estimator", workers)
    return Plan(lambda: estimator.run(*points).result(), rounds=3)
