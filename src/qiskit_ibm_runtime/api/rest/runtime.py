"""Adapter of the collections of the runtime API: programs, jobs, backends."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qiskit_ibm_runtime._primitives.sent_inputs import as_sent
from qiskit_ibm_runtime.utils.hgp import from_instance_format, join_instance
from qiskit_ibm_runtime.utils.json import RuntimeEncoder

from .base import RestAdapterBase, check_job, entry, read_json, records
from .cloud_backend import CloudBackend
from .program import Program
from .program_job import ProgramJob
from .runtime_session import RuntimeSession

if TYPE_CHECKING:
    from datetime import datetime

    from requests import Response

    from qiskit_ibm_runtime._primitives.sent_inputs import BackendLimits

# Uploading and validating a large job may take long.
SUBMIT_TIMEOUT = (30.0, 900.0)
IDEMPOTENCY_HEADER = "Idempotency-Key"


@dataclass(frozen=True)
class JobRequest:
    """A job to submit; the fields are the arguments of ``RuntimeClient.program_run``.

    Without a backend name, the service chooses a backend. The instance, as ``hub/group/project``,
    is ``None`` on ``ibm_cloud``. Times are in seconds.
    """

    program_id: str
    backend_name: str | None
    params: Any
    image: str | None = None
    hgp: str | None = None
    log_level: str | None = None
    session_id: str | None = None
    job_tags: list[str] | None = None
    max_execution_time: int | None = None
    start_session: bool | None = False
    session_time: int | None = None

    def body(self, limits: BackendLimits | None = None) -> dict[str, Any]:
        """Return the body of the request.

        Args:
            limits: Limits of the backend, if known.

        Raises:
            IBMInputValueError: If the instance is malformed.
            ValueError: If the inputs of a primitive are invalid on every service.
            TypeError: If an observable has a free parameter.
        """
        params = as_sent(self.program_id, self.params, limits)
        body: dict[str, Any] = {"program_id": self.program_id, "params": params}
        optional = {
            "runtime": self.image,
            "log_level": self.log_level,
            "backend": self.backend_name,
            "session_id": self.session_id,
            "tags": self.job_tags,
            "cost": self.max_execution_time,
        }
        body.update({key: value for key, value in optional.items() if value})
        if self.start_session:
            body.update(start_session=True, session_time=self.session_time)
        if self.hgp:
            body.update(zip(("hub", "group", "project"), from_instance_format(self.hgp)))
        return body


@dataclass(frozen=True)
class JobQuery:
    """Filter for a list of jobs; the fields are the arguments of ``RuntimeClient.jobs_get``.

    Jobs have all of the tags. The hub is ignored unless group and project are also given. The
    oldest job comes first unless ``descending`` is set.
    """

    limit: int | None = None
    skip: int | None = None
    backend_name: str | None = None
    pending: bool | None = None
    program_id: str | None = None
    hub: str | None = None
    group: str | None = None
    project: str | None = None
    job_tags: list[str] | None = None
    session_id: str | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None
    descending: bool = True

    def params(self) -> dict[str, Any]:
        """Return the query parameters of the request."""
        optional = {
            "limit": self.limit,
            "offset": self.skip,
            "backend": self.backend_name,
            "program": self.program_id,
            "tags": self.job_tags,
            "session_id": self.session_id,
            "created_after": self.created_after and self.created_after.isoformat(),
            "created_before": self.created_before and self.created_before.isoformat(),
            "sort": None if self.descending else "ASC",
            "provider": join_instance(self.hub, self.group, self.project),
        }
        params: dict[str, Any] = {key: value for key, value in optional.items() if value}
        if self.pending is not None:
            params["pending"] = "true" if self.pending else "false"
        return params


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
        return self._get_json("backends", dict, params=params, timeout=timeout)

    def list_programs(self, limit: int | None = None, skip: int | None = None) -> dict[str, Any]:
        """List programs."""
        params = {k: v for k, v in {"limit": limit, "offset": skip}.items() if v}
        page = self._get_json("programs", dict, params=params)
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
        record = read_json(self.session.post(self.get_url("programs"), json=body), dict)
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
        return read_json(self.post_job(body), dict)

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
        created_after: datetime | None = None,
        created_before: datetime | None = None,
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
        page = read_json(self.jobs_response(query), dict)
        found = records(page, "jobs")
        for record in found:
            check_job(record)
        return {**page, "jobs": found}

    def jobs_response(self, query: JobQuery, headers: dict[str, str] | None = None) -> Response:
        """Return the HTTP response of a job listing."""
        params = {**self.LISTING_PARAMS, **query.params()}
        return self.session.get(self.get_url("jobs"), params=params, headers=headers)
