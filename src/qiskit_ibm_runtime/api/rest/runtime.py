"""The runtime: programs, jobs, backends."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from qiskit_ibm_runtime._primitives.sent_inputs import as_sent
from qiskit_ibm_runtime.utils.json import RuntimeEncoder

from .base import RestAdapterBase, entry, read_json, records
from .cloud_backend import CloudBackend
from .program import Program
from .program_job import ProgramJob, check_record
from .runtime_session import RuntimeSession

if TYPE_CHECKING:
    from datetime import datetime as python_datetime

    from requests import Response

# Large jobs take long to be received and checked; connecting does not.
SUBMIT_TIMEOUT = (30.0, 900.0)
IDEMPOTENCY_HEADER = "Idempotency-Key"


class Runtime(RestAdapterBase):
    """Collections of the runtime API."""

    URL_MAP = {"programs": "/programs", "jobs": "/jobs", "backends": "/backends"}
    ASKED_OF_LISTINGS: dict[str, str] = {}

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
        """Submit a job once; :mod:`~qiskit_ibm_runtime.api.clients.submission` does so safely."""
        body = job_request(
            program_id,
            backend_name,
            params,
            image,
            hub,
            group,
            project,
            log_level,
            session_id,
            job_tags,
            max_execution_time,
            start_session,
            session_time,
        )
        return read_json(self.post_job(json.dumps(body, cls=RuntimeEncoder)), dict)  # type: ignore[no-any-return]

    def post_job(
        self, body: str | bytes, idempotency_key: str | None = None, *, idempotent: bool = False
    ) -> Response:
        """Send the text of a job's request.

        Args:
            body: What :func:`job_request` made, as JSON.
            idempotency_key: Name of this submit, the same whenever it is repeated.
            idempotent: Whether the service is known to make one job for one key.
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
        """List jobs."""
        response = self.jobs_response(
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
        page: dict[str, Any] = read_json(response, dict)
        found = records(page, "jobs")
        for record in found:
            check_record(record)
        return {**page, "jobs": found}

    def jobs_response(
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
        *,
        headers: dict[str, str] | None = None,
    ) -> Response:
        """List jobs, and return the whole answer."""
        params: dict[str, Any] = {
            **self.ASKED_OF_LISTINGS,
            "limit": limit,
            "offset": skip,
            "backend": backend_name,
            "program": program_id,
            "tags": job_tags,
            "session_id": session_id,
        }
        params = {key: value for key, value in params.items() if value}
        if pending is not None:
            params["pending"] = "true" if pending else "false"
        for key, moment in (("created_after", created_after), ("created_before", created_before)):
            if moment:
                params[key] = moment.isoformat()
        if not descending:
            params["sort"] = "ASC"
        if hub and group and project:
            params["provider"] = f"{hub}/{group}/{project}"
        return self.session.get(self.get_url("jobs"), params=params, headers=headers)


def job_request(
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
    """Return the request for a job with its wire names."""
    params = as_sent(program_id, params)
    body: dict[str, Any] = {"program_id": program_id, "params": params}
    optional = {
        "runtime": image,
        "log_level": log_level,
        "backend": backend_name,
        "session_id": session_id,
        "tags": job_tags,
        "cost": max_execution_time,
    }
    body.update({key: value for key, value in optional.items() if value})
    if start_session:
        body.update(start_session=True, session_time=session_time)
    if hub and group and project:
        body.update(hub=hub, group=group, project=project)
    return body
