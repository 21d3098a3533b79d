"""Adapter of the collections of the runtime API: programs, jobs, backends."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from qiskit_ibm_runtime.utils.hgp import join_instance
from qiskit_ibm_runtime.utils.json import RuntimeEncoder

from .base import RestAdapterBase, entry, read_json, records
from .cloud_backend import CloudBackend
from .job_requests import JobQuery, JobRequest
from .program import Program
from .program_job import ProgramJob, check_record
from .runtime_session import RuntimeSession

if TYPE_CHECKING:
    from datetime import datetime as python_datetime

    from requests import Response

# Uploading and validating a large job may take long.
SUBMIT_TIMEOUT = (30.0, 900.0)
IDEMPOTENCY_HEADER = "Idempotency-Key"


class Runtime(RestAdapterBase):
    """Collections of the runtime API."""

    URL_MAP = {"programs": "/programs", "jobs": "/jobs", "backends": "/backends"}
    LISTING_PARAMS: dict[str, str] = {}

    def program(self, program_id: str) -> Program:
        """Return the adapter of one program."""
        return Program(self.session, program_id)

    def program_job(self, job_id: str) -> ProgramJob:
        """Return the adapter of one job."""
        return ProgramJob(self.session, job_id)

    def runtime_session(self, session_id: str) -> RuntimeSession:
        """Return the adapter of one session."""
        return RuntimeSession(self.session, session_id)

    def backend(self, backend_name: str) -> CloudBackend:
        """Return the adapter of one backend."""
        return CloudBackend(self.session, backend_name)

    def backends(self, hgp: str | None = None, timeout: float | None = None) -> dict[str, Any]:
        """List the names of backends."""
        params = {"provider": hgp} if hgp else None
        response = self.session.get(
            self.get_url("backends"), params=params, timeout=timeout and (timeout, timeout)
        )
        return read_json(response, dict)  # type: ignore[no-any-return]

    def list_programs(self, limit: int | None = None, skip: int | None = None) -> dict[str, Any]:
        """List programs."""
        params = {k: v for k, v in {"limit": limit, "offset": skip}.items() if v}
        page: dict[str, Any] = read_json(
            self.session.get(self.get_url("programs"), params=params), dict
        )
        return {**page, "programs": records(page, "programs", "id", "name")}

    def create_program(
        self,
        program_data: str,
        name: str,
        description: str,
        max_execution_time: int,
        is_public: bool = False,
        spec: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Create a program."""
        body = {
            "name": name,
            "data": program_data,
            "cost": max_execution_time,
            "description": description,
            "is_public": is_public,
        }
        if spec is not None:
            body["spec"] = spec
        record: dict[str, Any] = read_json(
            self.session.post(self.get_url("programs"), json=body), dict
        )
        return {**record, "id": entry(record, "id", str)}

    def program_run(
        self,
        program_id: str,
        backend_name: str | None,
        params: dict[str, Any],
        image: str | None = None,
        hub: str | None = None,
        group: str | None = None,
        project: str | None = None,
        log_level: str | None = None,
        session_id: str | None = None,
        job_tags: list[str] | None = None,
        max_execution_time: int | None = None,
        start_session: bool | None = False,
        session_time: int | None = None,
    ) -> dict[str, Any]:
        """Submit a job; for retries, see :mod:`~qiskit_ibm_runtime.api.clients.submission`."""
        request = JobRequest(
            program_id,
            backend_name,
            params,
            image,
            join_instance(hub, group, project),
            log_level,
            session_id,
            job_tags,
            max_execution_time,
            start_session,
            session_time,
        )
        body = json.dumps(request.body(), cls=RuntimeEncoder)
        return read_json(self.post_job(body), dict)  # type: ignore[no-any-return]

    def post_job(
        self, body: str | bytes, idempotency_key: str | None = None, *, idempotent: bool = False
    ) -> Response:
        """Send the encoded request of a job.

        Args:
            body: Body of a :class:`.JobRequest`, as JSON.
            idempotency_key: Key of the submission, the same for all retries.
            idempotent: Whether the service is known to create only one job per key.
        """
        headers = {"Content-Type": "application/json"}
        if idempotency_key:
            headers[IDEMPOTENCY_HEADER] = idempotency_key
        return self.session.request(
            "POST",
            self.get_url("jobs"),
            data=body,
            headers=headers,
            timeout=None if self.session.has_own_timeout else SUBMIT_TIMEOUT,
            idempotent=idempotent,
        )

    def jobs_get(
        self,
        limit: int | None = None,
        skip: int | None = None,
        backend_name: str | None = None,
        pending: bool | None = None,
        program_id: str | None = None,
        hub: str | None = None,
        group: str | None = None,
        project: str | None = None,
        job_tags: list[str] | None = None,
        session_id: str | None = None,
        created_after: python_datetime | None = None,
        created_before: python_datetime | None = None,
        descending: bool = True,
    ) -> dict[str, Any]:
        """List jobs; :meth:`list_jobs` takes the arguments as one object."""
        return self.list_jobs(
            JobQuery(
                limit,
                skip,
                backend_name,
                pending,
                program_id,
                hub,
                group,
                project,
                job_tags,
                session_id,
                created_after,
                created_before,
                descending,
            )
        )

    def list_jobs(self, query: JobQuery) -> dict[str, Any]:
        """Return one page of matching jobs."""
        page: dict[str, Any] = read_json(self.jobs_response(query), dict)
        found = records(page, "jobs")
        for record in found:
            check_record(record)
        return {**page, "jobs": found}

    def jobs_response(self, query: JobQuery, headers: dict[str, str] | None = None) -> Response:
        """Return the HTTP response of a job listing."""
        params = {**self.LISTING_PARAMS, **query.params()}
        return self.session.get(self.get_url("jobs"), params=params, headers=headers)
