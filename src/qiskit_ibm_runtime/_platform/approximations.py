"""Warnings and limits where the platform can only approximate V1 behavior."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from qiskit_ibm_runtime.exceptions import IBMInputValueError
from qiskit_ibm_runtime.utils.deprecation import caller_stacklevel

from .isa import each_step

if TYPE_CHECKING:
    from .device import Device
    from .transpiling import Transpiled
    from .workload import Workload

_issued_warnings: set[str] = set()
_MOST_TAGS, _LONGEST_TAG, _LONGEST_JOB = 8, 86, 10_800
EMBEDDED = "channel='local' runs it on this machine, without an account."


def warn_once(text: str) -> None:
    """Warn at the caller's line, once per process for each message."""
    if text not in _issued_warnings:
        _issued_warnings.add(text)
        warnings.warn(text, UserWarning, stacklevel=caller_stacklevel())


def warn_of_approximations(inputs: dict[str, Any], work: Workload) -> None:
    """Warn about each way in which the job will differ from V1."""
    run_options = work.run_options
    if "shots" in run_options and run_options["shots"] is None:
        warn_once(
            f"shots=None requests exact values, which no device can return: using {work.shots} "
            "shots instead."
        )
    transpilation = inputs.get("transpilation_settings") or {}
    of_simulators = {
        "noise_model": run_options.get("noise_model"),
        "coupling_map": transpilation.get("coupling_map"),
        "basis_gates": transpilation.get("basis_gates"),
        "seed_simulator": None if work.device.is_simulator else run_options.get("seed_simulator"),
    }
    ignored = [name for name, value in of_simulators.items() if value is not None]
    if ignored:
        warn_once(
            f"The platform has no simulators: ignoring {', '.join(ignored)} of options.simulator. "
            + EMBEDDED.replace("runs it", "runs simulations")
        )
    if work.program == "sampler" and work.level and not work.device.is_simulator:
        if not work.device.properties:
            warn_once(
                f"Readout errors are not mitigated: backend {work.device.name!r} does not report "
                "them."
            )
        elif any(map(any, work.device.readout)):
            warn_once(
                "The platform does not mitigate readout errors for the Sampler: at resilience "
                "level 1 this package corrects them with the device's calibration of each qubit."
            )
    if work.program == "estimator" and work.level >= 3:
        warn_once(
            "Resilience level 3 learns the noise of the device in each job, which takes minutes of "
            "QPU time."
        )


def uses_dynamical_decoupling(work: Workload) -> bool:
    """Whether to apply dynamical decoupling, as V1 did from optimization level 1 on."""
    return work.optimization >= 1 and not work.device.is_simulator and not work.is_dynamic


def clbit_readout_errors(device: Device, transpiled: Transpiled) -> list[list[float]]:
    """Return P(read 1 | is 0) and P(read 0 | is 1) for each of the user's classical bits."""
    qubit_of: dict[int, int] = {}
    for step in each_step(transpiled.isa.steps):
        if step.name == "measure":
            qubit_of[step.clbits[0]] = step.qubits[0]
    known = dict(enumerate(device.readout))
    errors = [known.get(qubit_of.get(place, -1), (0.0, 0.0)) for place in transpiled.places]
    return [[round(one, 6), round(other, 6)] for one, other in errors]


def check_tags(tags: list[str] | None) -> None:
    """Reject tags that the platform does not accept.

    Raises:
        IBMInputValueError: If there are too many, or one is too long.
    """
    if len(tags or ()) > _MOST_TAGS or any(len(tag) > _LONGEST_TAG for tag in tags or ()):
        raise IBMInputValueError(
            f"A job can have at most {_MOST_TAGS} tags of at most {_LONGEST_TAG} characters, not "
            f"{tags!r}."
        )


def capped_job_seconds(wanted: int | None) -> int | None:
    """Return the time limit of a job in seconds, capped at the platform's maximum."""
    if wanted is not None and wanted > _LONGEST_JOB:
        warn_once(
            f"max_execution_time is {wanted} seconds, which exceeds the platform's limit: using "
            f"{_LONGEST_JOB} instead."
        )
        return _LONGEST_JOB
    return wanted
