"""Submit jobs, kill the server, and find the jobs again.

With ``--data``, the embedded runtime stores jobs in a folder. This script kills the server while
jobs are queued and starts another one on the same folder; a new service then finds all jobs by
their tag. Queued jobs run; a job that was running when the server was killed fails and says so.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import warnings
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from qiskit import QuantumCircuit

from qiskit_ibm_runtime import QiskitRuntimeService, Sampler

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def server(data: Path) -> Iterator[QiskitRuntimeService]:
    """Start a server that stores its jobs in a folder, and kill it at the end."""
    command = [sys.executable, "-m", "qiskit_ibm_runtime.local", "serve", "--data", str(data)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        said = dict(process.stdout.readline().strip().split(": ", 1) for _ in range(2))
        try:
            yield QiskitRuntimeService(channel="ibm_quantum", url=said["url"], token=said["token"])
        finally:
            process.kill()


def ghz(num_qubits: int) -> QuantumCircuit:
    """Entangle qubits in a chain, and measure them."""
    circuit = QuantumCircuit(num_qubits)
    circuit.h(0)
    for qubit in range(num_qubits - 1):
        circuit.cx(qubit, qubit + 1)
    circuit.measure_all()
    return circuit


def main() -> int:
    """Submit, kill, restart and fetch; return 0 if no job was lost."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        with server(data) as service:
            sampler = Sampler(session=service.backend("ibmq_qasm_simulator"))
            sampler.set_options(job_tags=["ghz-study"])
            submitted = {sampler.run(ghz(size)).job_id() for size in (2, 3, 4, 5)}
            print(f"submitted {len(submitted)} jobs; killing the server")

        with server(data) as service:
            print("the server is running again; jobs of the study:")
            found = service.jobs(job_tags=["ghz-study"], limit=None)
            for job in reversed(found):
                job.wait_for_final_state()
                print(f"  {job.creation_date:%H:%M:%S}  {job.status().name}", end="")
                if job.status().name == "DONE":
                    width = len(next(iter(job.result().quasi_dists[0].binary_probabilities())))
                    print(f"  {width} qubits: {job.result().quasi_dists[0]}")
                else:
                    print(f"  {job.error_message().splitlines()[-1]}")
            return 0 if {job.job_id() for job in found} == submitted else 1


if __name__ == "__main__":
    warnings.simplefilter("ignore", DeprecationWarning)  # from terra, about its own future
    sys.exit(main())
