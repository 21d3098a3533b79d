"""Cached facts of a job's record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable

from qiskit_ibm_runtime.utils.converters import utc_to_local

from .decoding import decoded_inputs
from .questions import ask_record

if TYPE_CHECKING:
    from datetime import datetime

    from .state import JobState


class RecordedJob:
    """What was given when the job was made; what is not known here is asked for, once."""

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
        """Inputs of the program, decoded when first looked at.

        Raises:
            DecodeError: If they cannot be decoded here.
        """
        if self._params is None:
            encoded = self._encoded_params
            if not encoded:
                encoded = self._api_client.job_get(job_id=self.job_id()).get("params")
            self._params = decoded_inputs(encoded, self.program_id)
        return self._params

    @property
    def program_id(self) -> str:
        """Program of the job."""
        return self._program_id

    @property
    def session_id(self) -> str | None:
        """Session the job is in; ``None`` if it is in none."""
        if not self._session_id:
            self._session_id = self._fact("session_id")
        return self._session_id

    @property
    def tags(self) -> list[str]:
        """Words to find the job by."""
        if self._tags is None:
            self._tags = list(self._fact("tags") or [])
        return self._tags

    @property
    def creation_date(self) -> datetime | None:
        """When the job was made, in local time; ``None`` if the service does not say."""
        if not self._creation_date:
            self._creation_date = self._fact("created")
        return utc_to_local(self._creation_date) if self._creation_date else None

    def _fact(self, name: str) -> Any:
        """Return a constant field of the job record, fetched once."""
        if self._facts is None:
            record = ask_record(self._api_client, self.job_id())
            self._facts = {key: record.get(key) for key in ("session_id", "tags", "created")}
        return self._facts[name]
