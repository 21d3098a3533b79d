"""Self-check of the bridge against the live service, for anyone with an account.

``python -m qiskit_ibm_runtime._platform.check`` states the cost, asks for confirmation, runs one
Bell circuit for each encoding and transport, and prints a report. The report is safe to paste into
a bug report: it contains no token and no instance name.
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

from .client import ENCODING_VARIABLE, EXECUTOR, PRIMITIVES, TRANSPORT_VARIABLE
from .primitives import QASM3, QPY
from .urls import api_version

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SHOTS = 100
# Minimum the service charges per job, according to users.
_SECONDS_PER_JOB = 2
_CASES = [
    (transport, encoding) for transport in (PRIMITIVES, EXECUTOR) for encoding in (QPY, QASM3)
]
_TIMEOUT = 3600.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the check and return the number of jobs with wrong results, at most 100."""
    options = _parser().parse_args(arguments)
    service = qiskit_ibm_runtime.QiskitRuntimeService(
        channel="ibm_quantum_platform", name=options.account, instance=options.instance
    )
    backend = service.backend(options.backend) if options.backend else service.least_busy()
    say(_costs(backend.name))
    if not options.yes and input("Continue? [y/N] ").strip().lower() not in ("y", "yes"):
        say("No jobs were submitted.")
        return 0
    say("\n".join(["", "--- report ---", *_environment(backend)]))
    wrong = 0
    for transport, encoding in _CASES:
        line, correct = _run_case(backend, transport, encoding)
        wrong += not correct
        say(redact(line))
    say(f"--- end of report: {len(_CASES) - wrong} of {len(_CASES)} jobs correct ---")
    return min(wrong, 100)


def say(text: str) -> None:
    """Print a line and flush it."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m qiskit_ibm_runtime._platform.check",
        description="Run one Bell circuit per encoding and transport on IBM Quantum Platform.",
    )
    parser.add_argument("--account", help="name of a saved account (default: the channel's)")
    parser.add_argument("--instance", help="CRN or name of the service instance")
    parser.add_argument("--backend", help="backend to run on (default: the least busy one)")
    parser.add_argument("--yes", action="store_true", help="skip the confirmation prompt")
    return parser


def _costs(backend: str) -> str:
    jobs = len(_CASES)
    return (
        f"This submits {jobs} jobs of {SHOTS} shots to {backend}. Each uses about "
        f"{_SECONDS_PER_JOB} seconds of your instance's quota, {jobs * _SECONDS_PER_JOB} in total, "
        "and waits in the backend's queue first. Nothing else is submitted."
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


def _run_case(backend: Any, transport: str, encoding: str) -> tuple[str, bool]:
    bell = QuantumCircuit(2)
    bell.h(0)
    bell.cx(0, 1)
    bell.measure_all()
    began, job_id, label = time.monotonic(), "no job", f"{transport} / {encoding}"
    try:
        with _selected(transport, encoding):
            sampler = qiskit_ibm_runtime.Sampler(
                session=backend, options={"resilience_level": 0, "optimization_level": 1}
            )
            job = sampler.run(bell, shots=SHOTS)
        job_id = job.job_id()
        dist = job.result(timeout=_TIMEOUT).quasi_dists[0].binary_probabilities(2)
        usage = job.metrics().get("usage", {})
    except Exception as exc:  # noqa: BLE001  # the report covers any failure
        return f"{label}: FAILED, {job_id}: {type(exc).__name__}: {exc}", False
    equal_bits = dist.get("00", 0) + dist.get("11", 0)
    correct = equal_bits > 0.75 and 0.25 < dist.get("00", 0) < 0.75
    verdict = "correct" if correct else "WRONG"
    seconds = time.monotonic() - began
    return f"{label}: {verdict}, {job_id}, {seconds:.0f} s: {dist}, usage {usage}", correct


@contextmanager
def _selected(transport: str, encoding: str) -> Iterator[None]:
    selected = {TRANSPORT_VARIABLE: transport, ENCODING_VARIABLE: encoding}
    before = {name: os.environ.get(name) for name in selected}
    os.environ.update(selected)
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
