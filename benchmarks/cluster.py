"""How jobs scale on a Dask cluster: ``python -m benchmarks.cluster [WORKERS ...]``.

Scheduler, workers (one job at a time each) and server are processes on this machine.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np
from qiskit import QuantumCircuit
from qiskit.quantum_info import SparsePauliOp

from qiskit_ibm_runtime import Estimator, Options, QiskitRuntimeService, Sampler, Session

if TYPE_CHECKING:
    from collections.abc import Iterator

SIMULATOR = "ibmq_qasm_simulator"


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
    with TemporaryDirectory() as folder, ExitStack() as stack:

        def start(*command: str) -> subprocess.Popen[str]:
            process = subprocess.Popen(
                [sys.executable, "-W", "ignore", "-m", *command],
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                cwd=folder,
                env={**os.environ, "QISKIT_IBM_LOCAL_TOKEN": "token", "OMP_NUM_THREADS": "1"},
            )
            stack.enter_context(process)
            stack.callback(process.terminate)
            return process

        address = Path(folder) / "scheduler.json"
        local = ("--scheduler-file", str(address), "--host", "127.0.0.1", "--no-dashboard")
        start("distributed.cli.dask_scheduler", "--port", "0", *local)
        for _ in range(workers):
            start("distributed.cli.dask_worker", "--nthreads", "1", "--no-nanny", *local)
        while not address.exists():
            time.sleep(0.1)
        where = address.read_text().partition('"address": "')[2].partition('"')[0]
        serve = ("serve", "--executor", "dask", "--scheduler", where, "--log-level", "WARNING")
        server = start("qiskit_ibm_runtime.local", *serve)
        assert server.stdout is not None
        url = server.stdout.readline().split()[1]
        yield QiskitRuntimeService(channel="ibm_quantum", url=url, token="token")


def measure(workers: int) -> dict[str, float]:
    """Seconds of each kind of work, the better of two."""
    options = Options(resilience_level=0, optimization_level=0)
    options.execution.shots, options.simulator.seed_simulator = 4000, 7
    measured = [circuit(14, seed).measure_all(inplace=False) for seed in range(40)]
    many = [circuit(6, seed).measure_all(inplace=False) for seed in range(400)]
    observable = SparsePauliOp.from_list([("ZZZZZZ", 1.0), ("XXXXXX", 0.5)])
    found: dict[str, float] = {}
    with service_on(workers) as service, Session(service, SIMULATOR) as session:
        sampler = Sampler(session=session, options=options)
        estimator = Estimator(session=session, options=options)
        kinds = {
            "6 Sampler jobs of 40 circuits, 14 qubits": lambda: [
                job.result() for job in [sampler.run(measured) for _ in range(6)]
            ],
            "1 Sampler job of 400 circuits, 6 qubits": lambda: sampler.run(many).result(),
            "1 Estimator job of 300 points, 6 qubits": lambda: estimator.run(
                [circuit(6, 1)] * 300, [observable] * 300
            ).result(),
            "60 Sampler jobs of 1 circuit, 6 qubits": lambda: [
                job.result() for job in [sampler.run(many[0]) for _ in range(60)]
            ],
        }
        for job in [sampler.run(many[0]) for _ in range(4 * workers)]:
            job.result()  # every worker has imported what it needs
        for kind, run in kinds.items():
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
