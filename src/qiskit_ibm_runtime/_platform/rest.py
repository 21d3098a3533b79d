"""REST adapters of the platform."""

from __future__ import annotations

import gzip
import zlib
from typing import TYPE_CHECKING, Any

from qiskit_ibm_runtime.api.rest.base import RestAdapterBase, entry, read_json, records, segment
from qiskit_ibm_runtime.api.rest.cloud_backend import CloudBackend
from qiskit_ibm_runtime.api.rest.program_job import ProgramJob
from qiskit_ibm_runtime.api.rest.runtime import Runtime

from .backend_documents import v1_configuration, v1_properties, v1_status
from .job_records import v1_job_record

if TYPE_CHECKING:
    from qiskit_ibm_runtime.api.rest.runtime import JobQuery

_GZIP, _ZLIB = b"\x1f\x8b", b"\x78"
_MOST_BYTES = 2**31


class PlatformBackend(CloudBackend):
    """Endpoints of one backend."""

    def configuration(self) -> dict[str, Any]:
        """Return the configuration as a V1 document."""
        return v1_configuration(self.backend_name, super().configuration())

    def properties(self, datetime: Any = None) -> dict[str, Any]:
        """Return the calibration as a V1 document."""
        return v1_properties(self.backend_name, super().properties(datetime))

    def status(self) -> dict[str, Any]:
        """Return the status as a V1 document."""
        return v1_status(
            self.backend_name, read_json(self.session.get(self.get_url("status")), dict)
        )


class PlatformJob(ProgramJob):
    """Endpoints of one job."""

    def get(self, exclude_params: bool = False, hold: int = 0) -> dict[str, Any]:
        """Return the V1 record of the job; ``hold`` is ignored, as there is no long polling."""
        return v1_job_record(self.raw(exclude_params=exclude_params))

    def raw(self, *, exclude_params: bool = False) -> dict[str, Any]:
        """Return the record of the job as received."""
        params = {"exclude_params": "true"} if exclude_params else None
        return read_json(self.session.get(self.get_url("self"), params=params), dict)

    def results(self) -> str:
        """Return the result as JSON; empty if there is none."""
        return as_text(self.session.get(self.get_url("results")).content)


class PlatformSession(RestAdapterBase):
    """Endpoints of one session."""

    URL_MAP = {"self": ""}

    def __init__(self, session: Any, session_id: str) -> None:
        super().__init__(session, f"/sessions/{segment(session_id)}")

    def close(self) -> None:
        """Close the session; its queued jobs still run."""
        self.session.request(
            "PATCH", self.get_url("self"), json={"accepting_jobs": False}, idempotent=True
        )


class Platform(Runtime):
    """Endpoints of collections of the platform."""

    LISTING_PARAMS = {"exclude_params": "true"}

    def backend(self, backend_name: str) -> PlatformBackend:
        """Return the adapter of one backend."""
        return PlatformBackend(self.session, backend_name)

    def program_job(self, job_id: str) -> PlatformJob:
        """Return the adapter of one job."""
        return PlatformJob(self.session, job_id)

    def platform_session(self, session_id: str) -> PlatformSession:
        """Return the adapter of one session."""
        return PlatformSession(self.session, session_id)

    def open_session(self, mode: str, backend: str, crn: str | None, max_ttl: int | None) -> str:
        """Open a session and return its id."""
        body: dict[str, Any] = {"mode": mode, "backend": backend}
        optional = {"instance": crn, "max_ttl": max_ttl}
        body.update({key: value for key, value in optional.items() if value})
        answer = read_json(self.session.post("/sessions", json=body), dict)
        return entry(answer, "id", str)

    def list_jobs(self, query: JobQuery) -> dict[str, Any]:
        """Return one page of jobs, without their params, which are fetched on demand."""
        page = read_json(self.jobs_response(query), dict)
        return {**page, "jobs": [v1_job_record(record) for record in records(page, "jobs")]}


class _RawJob(PlatformJob):
    def get(self, exclude_params: bool = False, hold: int = 0) -> dict[str, Any]:
        return self.raw(exclude_params=exclude_params)


class Submits(Platform):
    """Endpoints used while submitting, where params of jobs are compared in raw form."""

    def program_job(self, job_id: str) -> PlatformJob:
        """Return an adapter of one job that does not convert its record."""
        return _RawJob(self.session, job_id)


def as_text(content: bytes) -> str:
    """Decode the bytes of a result, decompressing them if necessary."""
    try:
        if content[:2] == _GZIP:
            content = gzip.decompress(content)
        elif content[:1] == _ZLIB:
            content = zlib.decompressobj().decompress(content, _MOST_BYTES)
    except (OSError, EOFError, zlib.error):
        return content.decode("utf-8", "replace")
    return content.decode("utf-8", "replace")
