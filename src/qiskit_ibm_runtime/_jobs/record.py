"""Job records: fetching them, reading their state, and errors of failed jobs."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Callable, cast

from qiskit.providers.jobstatus import JOB_FINAL_STATES, JobStatus

from qiskit_ibm_runtime._primitives.sent_inputs import with_repeats
from qiskit_ibm_runtime.api.clients.runtime import RuntimeClient
from qiskit_ibm_runtime.api.exceptions import RequestsApiError
from qiskit_ibm_runtime.constants import API_TO_JOB_ERROR_MESSAGE, API_TO_JOB_STATUS
from qiskit_ibm_runtime.exceptions import (
    Failure,
    IBMError,
    RuntimeInvalidStateError,
    RuntimeJobFailureError,
    RuntimeJobMaxTimeoutError,
)
from qiskit_ibm_runtime.utils.converters import utc_to_local
from qiskit_ibm_runtime.utils.json import RuntimeDecoder

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


JOB_GET = RuntimeClient.job_get
RAN_TOO_LONG = "RAN TOO LONG"
RAN_TOO_LONG_CODE = 1305  # error code that later services send as well


@dataclass(frozen=True)
class JobState:
    """Status and reason of a job.

    Attributes:
        status: Status, as terra's enum.
        reason: Reason given by the service; may be empty.
        ran_too_long: Whether the service stopped the job because it exceeded its time limit.
        code: Error code of the reason, from later services.
        solution: The service's advice.
    """

    status: JobStatus = JobStatus.INITIALIZING
    reason: str = ""
    ran_too_long: bool = False
    code: int | str | None = None
    solution: str = ""

    @property
    def failure(self) -> Failure:
        """Details for the exception."""
        return Failure(code=self.code, message=self.reason)


def read_state(record: Mapping[str, Any]) -> JobState:
    """Return the state in a job's record.

    Raises:
        IBMError: If the service uses a status that this release does not know.
    """
    state = record.get("state")
    if not isinstance(state, dict):
        state = {"status": state}
    name = str(state.get("status") or record.get("status") or "")
    reason, code = str(state.get("reason") or ""), state.get("reason_code")
    # Older services joined status and reason: "Cancelled - Ran too long".
    word = name.upper().replace("-", " ").split(" ", 1)[0]
    if word not in API_TO_JOB_STATUS:
        raise IBMError(
            f"Unknown status {name!r} of job {record.get('id')}. "
            "A later release of this package may know it."
        )
    status = API_TO_JOB_STATUS[word]
    too_long = status is JobStatus.CANCELLED and (
        RAN_TOO_LONG in f"{name} {reason}".upper() or code == RAN_TOO_LONG_CODE
    )
    return JobState(
        JobStatus.ERROR if too_long else status,
        reason,
        too_long,
        code if isinstance(code, (int, str)) else None,
        str(state.get("reason_solution") or ""),
    )


def final_state(record: Mapping[str, Any]) -> JobState | None:
    """Return the state in a job record if it is final."""
    try:
        state = read_state(record)
    except IBMError:
        return None
    return state if state.status in JOB_FINAL_STATES else None


def failure_text(job_id: str, state: JobState, result: str) -> str:
    """Return the message for a failed job.

    It includes the remote traceback, if any, and the service's reason, error code and advice.
    """
    start = result.rfind("Traceback")
    details = result[start:] if start >= 0 else result
    if state.ran_too_long:
        return API_TO_JOB_ERROR_MESSAGE["CANCELLED - RAN TOO LONG"].format(job_id, details)
    code = f"Error code {state.code}." if state.code is not None else ""
    parts = [" ".join(filter(None, (state.reason, code, state.solution))), details]
    return API_TO_JOB_ERROR_MESSAGE["FAILED"].format(job_id, "\n".join(filter(None, parts)))


def conclusion(message: str) -> str:
    """Return the last line of the traceback in an error message; empty without a traceback."""
    lines = message.splitlines()
    start = next((n for n, line in enumerate(lines) if line.startswith("Traceback")), len(lines))
    last = next((line for line in lines[start + 1 :] if line and not line[0].isspace()), "")
    kind, colon, text = last.partition(":")
    return kind.rpartition(".")[2] + colon + text


def failure_of(state: JobState, message: str) -> IBMError:
    """Return the exception for a failed job.

    Args:
        state: State of the job.
        message: Message from :func:`failure_text`.
    """
    if state.ran_too_long:
        return RuntimeJobMaxTimeoutError(message, failure=state.failure)
    advice = "" if state.solution else "\nSee job.logs() for details."
    summary = conclusion(message)
    first = f"{summary}\n\n" if summary else ""
    return RuntimeJobFailureError(
        f"{first}Unable to retrieve job result. {message}{advice}", failure=state.failure
    )


def cancellation_of(job_id: str, state: JobState) -> IBMError:
    """Return the exception for a canceled job."""
    text = f"Unable to retrieve the result of job {job_id}. Job was cancelled. {state.reason}"
    return RuntimeInvalidStateError(text.rstrip(), failure=state.failure)


def ask_record(api_client: Any, job_id: str, hold: int = 0) -> dict[str, Any]:
    """Return a job's record, without its inputs if client and service support that.

    The service may delay its response for up to ``hold`` seconds, until the job finishes.

    For test doubles, subclasses and patched clients, ``job_get`` is called, as in 0.9.3.
    """
    if getattr(api_client.job_get, "__func__", None) is JOB_GET:
        try:
            wish = {"hold": hold} if hold else {}
            return cast("dict[str, Any]", api_client.job_state(job_id=job_id, **wish))
        except RequestsApiError as exc:
            # An older service may reject the unknown parameter.
            if exc.status_code != 400:
                raise
    return cast("dict[str, Any]", api_client.job_get(job_id=job_id))


def decoded_inputs(encoded: Any, program_id: str) -> dict[str, Any]:
    """Decode the program inputs in a job record, given as an object, list or string.

    Inputs of a primitive have one entry per run, even if the record stores repeated entries once.

    Raises:
        DecodeError: If the inputs cannot be decoded.
    """
    if isinstance(encoded, list):
        encoded = encoded[0] if encoded else {}
    text = encoded if isinstance(encoded, str) else json.dumps(encoded or {})
    inputs: dict[str, Any] = json.loads(text, cls=RuntimeDecoder)
    return with_repeats(program_id, inputs)


class RecordedJob:
    """Properties from the job's record, which is fetched once if necessary."""

    job_id: Callable[[], str]
    _api_client: Any
    _program_id: str
    _image: str | None
    _params: dict[str, Any] | None
    _encoded_params: Any
    _session_id: str | None
    _tags: list[str] | None
    _creation_date: str | None
    _facts: dict[str, Any] | None
    _state: JobState

    @property
    def _reason(self) -> str | None:
        """Reason of the status in capitals, as in 0.9.3; ``None`` if the service gave none."""
        return self._state.reason.upper() or None

    @property
    def image(self) -> str | None:
        """Image the job runs on."""
        return self._image

    @property
    def inputs(self) -> dict[str, Any]:
        """Program inputs, decoded on first access.

        Raises:
            DecodeError: If they cannot be decoded.
        """
        if self._params is None:
            encoded = self._encoded_params
            if not encoded:
                encoded = self._api_client.job_get(job_id=self.job_id()).get("params")
            self._params = decoded_inputs(encoded, self.program_id)
        return self._params

    @property
    def program_id(self) -> str:
        """Id of the program."""
        return self._program_id

    @property
    def session_id(self) -> str | None:
        """Id of the session; ``None`` if the job is not in a session."""
        if not self._session_id:
            self._session_id = self._fact("session_id")
        return self._session_id

    @property
    def tags(self) -> list[str]:
        """Tags of the job."""
        if self._tags is None:
            self._tags = list(self._fact("tags") or [])
        return self._tags

    @property
    def creation_date(self) -> datetime | None:
        """Creation time in the local time zone; ``None`` if the service does not report it."""
        if not self._creation_date:
            self._creation_date = self._fact("created")
        return utc_to_local(self._creation_date) if self._creation_date else None

    def _fact(self, name: str) -> Any:
        """Return a constant field of the job record, fetched once."""
        if self._facts is None:
            record = ask_record(self._api_client, self.job_id())
            self._facts = {key: record.get(key) for key in ("session_id", "tags", "created")}
        return self._facts[name]
