"""Where the platform offers something else than V1 did: what is done instead, said once."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from qiskit_ibm_runtime.exceptions import IBMInputValueError
from qiskit_ibm_runtime.utils.deprecation import caller_stacklevel

from .isa import each_step

if TYPE_CHECKING:
    from .device import Device
    from .runs import Work
    from .transpiling import Transpiled

_said: set[str] = set()
_MOST_TAGS, _LONGEST_TAG, _LONGEST_JOB = 8, 86, 10_800
EMBEDDED = "channel='local' runs it on this machine, without an account."


def warn_once(text: str) -> None:
    """Warn at the user's line, once in a process."""
    if text not in _said:
        _said.add(text)
        warnings.warn(text, UserWarning, stacklevel=caller_stacklevel())


def check_and_warn(inputs: dict[str, Any], work: Work) -> None:
    """Say what is done otherwise than V1 did it."""
    run_options = work.run_options
    if "shots" in run_options and run_options["shots"] is None:
        warn_once(
            f"shots=None asks for exact values, which no device gives: {work.shots} shots are used."
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
            f"The platform has no simulators: {', '.join(ignored)} of options.simulator count for "
            "nothing. " + EMBEDDED.replace("runs it", "runs simulations")
        )
    if work.program == "sampler" and work.level and not work.device.is_simulator:
        if not work.device.properties:
            warn_once(
                f"Readout errors are not mitigated: nothing is known of those of "
                f"{work.device.name!r}."
            )
        elif any(map(any, work.device.readout)):
            warn_once(
                "The platform mitigates no readout errors for the Sampler: at resilience level 1 "
                "they are corrected here, by what the calibration of the device says of each qubit."
            )
    if work.program == "estimator" and work.level >= 3:
        warn_once(
            "Resilience level 3 learns the noise of the device in each job, which takes minutes of "
            "its time."
        )


def wants_decoupling(work: Work) -> bool:
    """Whether idle qubits are to be decoupled, as V1 did from optimization level 1 on."""
    return work.optimization >= 1 and not work.device.is_simulator and not work.is_dynamic


def errors_of_bits(device: Device, transpiled: Transpiled) -> list[list[float]]:
    """Return for each classical bit of the user how often its 0 is read as 1, and its 1 as 0."""
    qubit_of: dict[int, int] = {}
    for step in each_step(transpiled.isa.steps):
        if step.name == "measure":
            qubit_of[step.clbits[0]] = step.qubits[0]
    known = dict(enumerate(device.readout))
    errors = [known.get(qubit_of.get(place, -1), (0.0, 0.0)) for place in transpiled.places]
    return [[round(one, 6), round(other, 6)] for one, other in errors]


def check_tags(tags: list[str] | None) -> None:
    """Refuse tags that the platform does not take.

    Raises:
        IBMInputValueError: If there are too many, or one is too long.
    """
    if len(tags or ()) > _MOST_TAGS or any(len(tag) > _LONGEST_TAG for tag in tags or ()):
        raise IBMInputValueError(
            f"The platform takes at most {_MOST_TAGS} tags of at most {_LONGEST_TAG} characters "
            f"for a job, not {tags!r}."
        )


def seconds_of_job(wanted: int | None) -> int | None:
    """Return the limit of a job in seconds, at most the platform's."""
    if wanted is not None and wanted > _LONGEST_JOB:
        warn_once(f"max_execution_time is {wanted}, but no job may take more than {_LONGEST_JOB}.")
        return _LONGEST_JOB
    return wanted
