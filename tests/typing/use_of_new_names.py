"""Additions to the 0.9.3 API, as typed user code calls them. Nothing here runs."""

from __future__ import annotations

from pathlib import Path

from qiskit import QuantumCircuit

from qiskit_ibm_runtime import (
    Estimator,
    QiskitRuntimeService,
    RuntimeJob,
    Sampler,
    Session,
    as_completed,
    total_usage,
)
from qiskit_ibm_runtime._jobs.progress import Progress
from qiskit_ibm_runtime._jobs.submission import DryRun
from qiskit_ibm_runtime.jobs import as_completed_async
from qiskit_ibm_runtime.visualization import plot_backend, plot_distribution, plot_timeline


def report(progress: Progress) -> None:
    print(progress.status.name, progress.position, f"{progress.elapsed:.0f} s")


def wait(jobs: list[RuntimeJob]) -> float:
    for job in as_completed(jobs, timeout=60.0):
        job.wait_for_final_state(progress=True)
        print(job.result(progress=report))
    return total_usage(jobs).seconds


async def wait_in_a_loop(jobs: list[RuntimeJob]) -> list[str]:
    print(await jobs[0], await jobs[1].result_async(timeout=10))
    await jobs[0].wait_for_final_state_async()
    return [job.job_id() async for job in as_completed_async(jobs)]


def look_first(circuit: QuantumCircuit, service: QiskitRuntimeService) -> int:
    with Session(service=service, backend="ibmq_qasm_simulator") as session:
        dry: DryRun = Sampler(session=session).run(circuit, dry_run=True)
        other: DryRun = Estimator(session=session).run(circuit, "ZZ", dry_run=True, shots=10)
        program: DryRun = service.run("hello-world", {}, {}, dry_run=True)
        inside: DryRun = session.run("hello-world", {}, dry_run=True)
        job: RuntimeJob = service.run("hello-world", {}, {"backend": "ibmq_qasm_simulator"})
    print(dry.request["program_id"], inside.inputs)
    return dry.size + other.size + program.size + len(job.tags)


def again(service: QiskitRuntimeService) -> RuntimeJob:
    failed: RuntimeJob = service.job("last")
    return service.rerun(failed)


def draw(service: QiskitRuntimeService, jobs: list[RuntimeJob], folder: Path) -> None:
    plot_timeline(jobs).savefig(folder / "timeline.png")
    plot_distribution(jobs[0].result(), 0).savefig(folder / "distribution.png")
    plot_backend(service.backend("fake_lima")).savefig(folder / "device.png")
