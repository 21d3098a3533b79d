"""A check of the bridge against the live service, for somebody with an account.

``python -m qiskit_ibm_runtime._platform.check`` says what it will cost, asks, runs one Bell circuit
for each encoding and transport, and prints a report that can be pasted into a bug report: it holds
no token and no name of an instance.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import time
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from qiskit import QuantumCircuit

import qiskit_ibm_runtime
from qiskit_ibm_runtime.api.http.redaction import redact

from .addresses import api_version
from .client import ENCODING_VARIABLE, EXECUTOR, PRIMITIVES, TRANSPORT_VARIABLE
from .primitives import QASM3, QPY

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SHOTS = 100
# Charged by the service for each job at least, as users report.
_SECONDS_OF_A_JOB = 2
_CELLS = [
    (transport, encoding) for transport in (PRIMITIVES, EXECUTOR) for encoding in (QPY, QASM3)
]
_WAIT = 3600.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the check; returns how many jobs went wrong, at most 100."""
    options = _parser().parse_args(arguments)
    service = qiskit_ibm_runtime.QiskitRuntimeService(
        channel="ibm_quantum_platform", name=options.account, instance=options.instance
    )
    backend = service.backend(options.backend) if options.backend else service.least_busy()
    say(_costs(backend.name))
    if not options.yes and input("Go on? [y/N] ").strip().lower() not in ("y", "yes"):
        say("Nothing was sent.")
        return 0
    say("\n".join(["", "--- report ---", *_environment(backend)]))
    wrong = 0
    for transport, encoding in _CELLS:
        line, fine = _outcome(backend, transport, encoding)
        wrong += not fine
        say(redact(line))
    say(f"--- end of the report: {len(_CELLS) - wrong} of {len(_CELLS)} jobs are right ---")
    return min(wrong, 100)


def say(text: str) -> None:
    """Print a text."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m qiskit_ibm_runtime._platform.check",
        description="Run one Bell circuit for each encoding and transport on IBM's platform.",
    )
    parser.add_argument("--account", help="name of a saved account; by default that of the channel")
    parser.add_argument("--instance", help="CRN or name of the service instance")
    parser.add_argument("--backend", help="the device; by default the least busy one")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    return parser


def _costs(backend: str) -> str:
    jobs = len(_CELLS)
    return (
        f"This submits {jobs} jobs of {SHOTS} shots to {backend}. Each is charged about "
        f"{_SECONDS_OF_A_JOB} seconds of the quota of your instance, {jobs * _SECONDS_OF_A_JOB} in "
        "all, and waits in the queue of the device first. Nothing else is sent."
    )


def _environment(backend: Any) -> list[str]:
    packages = []
    for name in ("qiskit-ibm-runtime", "qiskit-terra", "numpy", "requests", "urllib3"):
        try:
            packages.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            continue
    instructions = ", ".join(sorted(backend.target.operation_names))
    return [
        f"python {platform.python_version()} on {platform.platform()}",
        ", ".join(packages),
        f"API version {api_version()}",
        f"backend {backend.name}, {backend.num_qubits} qubits, instructions {instructions}",
    ]


def _outcome(backend: Any, transport: str, encoding: str) -> tuple[str, bool]:
    bell = QuantumCircuit(2)
    bell.h(0)
    bell.cx(0, 1)
    bell.measure_all()
    began, job_id, what = time.monotonic(), "no job", f"{transport} / {encoding}"
    try:
        with _chosen(transport, encoding):
            sampler = qiskit_ibm_runtime.Sampler(
                session=backend, options={"resilience_level": 0, "optimization_level": 1}
            )
            job = sampler.run(bell, shots=SHOTS)
        job_id = job.job_id()
        dist = job.result(timeout=_WAIT).quasi_dists[0].binary_probabilities(2)
        usage = job.metrics().get("usage", {})
    except Exception as exc:  # noqa: BLE001  # whatever goes wrong belongs into the report
        return f"{what}: FAILED, {job_id}: {type(exc).__name__}: {exc}", False
    alike = dist.get("00", 0) + dist.get("11", 0)
    fine = alike > 0.75 and 0.25 < dist.get("00", 0) < 0.75
    verdict = "right" if fine else "WRONG"
    seconds = time.monotonic() - began
    return f"{what}: {verdict}, {job_id}, {seconds:.0f} s: {dist}, usage {usage}", fine


@contextmanager
def _chosen(transport: str, encoding: str) -> Iterator[None]:
    chosen = {TRANSPORT_VARIABLE: transport, ENCODING_VARIABLE: encoding}
    before = {name: os.environ.get(name) for name in chosen}
    os.environ.update(chosen)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


if __name__ == "__main__":
    sys.exit(main())
