"""What a job's record says about its state."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qiskit.providers.jobstatus import JobStatus

from qiskit_ibm_runtime.constants import API_TO_JOB_ERROR_MESSAGE, API_TO_JOB_STATUS
from qiskit_ibm_runtime.exceptions import IBMError

if TYPE_CHECKING:
    from collections.abc import Mapping

RAN_TOO_LONG = "RAN TOO LONG"
RAN_TOO_LONG_CODE = 1305  # what later services send beside the words


@dataclass(frozen=True)
class JobState:
    """Status and reason of a job.

    Attributes:
        status: The status in terra's words.
        reason: Why, in the service's words; empty if it gave none.
        ran_too_long: Whether the service stopped the job because its time was over.
    """

    status: JobStatus
    reason: str = ""
    ran_too_long: bool = False


def read_state(record: Mapping[str, Any]) -> JobState:
    """Return the state in a job's record.

    Raises:
        IBMError: If the service uses a status that this release does not know.
    """
    state = record.get("state") or {}
    name = str(state.get("status") or record.get("status") or "")
    reason = str(state.get("reason") or "")
    word = name.upper().split(" ", 1)[0].rstrip("-")
    if word not in API_TO_JOB_STATUS:
        raise IBMError(f"Unknown status {name!r} of job {record.get('id')}.")
    status = API_TO_JOB_STATUS[word]
    too_long = status is JobStatus.CANCELLED and (
        RAN_TOO_LONG in f"{name} {reason}".upper() or state.get("reason_code") == RAN_TOO_LONG_CODE
    )
    return JobState(JobStatus.ERROR if too_long else status, reason, too_long)


def failure_text(job_id: str, state: JobState, result: str) -> str:
    """Return the message for a failed job: the remote traceback, if there is one."""
    start = result.rfind("Traceback")
    details = result[start:] if start >= 0 else result
    if state.ran_too_long:
        return API_TO_JOB_ERROR_MESSAGE["CANCELLED - RAN TOO LONG"].format(job_id, details)
    if state.reason:
        details = f"{state.reason}\n{details}" if details else state.reason
    return API_TO_JOB_ERROR_MESSAGE["FAILED"].format(job_id, details)
