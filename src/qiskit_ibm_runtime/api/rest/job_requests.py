"""Requests to submit a job, and to list jobs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qiskit_ibm_runtime._primitives.sent_inputs import as_sent
from qiskit_ibm_runtime.utils.hgp import from_instance_format, join_instance

if TYPE_CHECKING:
    from datetime import datetime

    from qiskit_ibm_runtime._primitives.sent_inputs import BackendLimits


@dataclass(frozen=True)
class JobRequest:
    """A job to submit; the fields are the arguments of ``RuntimeClient.program_run``.

    Attributes:
        program_id: Program to run.
        backend_name: Backend to run on; if ``None``, the service chooses one.
        params: Inputs of the program.
        image: Image to run in.
        hgp: Instance as ``hub/group/project``; ``None`` on ``ibm_cloud``.
        log_level: Log level of the program, in upper case.
        session_id: Session that the job joins.
        job_tags: Tags of the job.
        max_execution_time: Maximum number of seconds for which the job runs.
        start_session: Whether the job opens a session.
        session_time: Maximum duration of this session in seconds.
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

    Attributes:
        limit: Page size; the service's default if not given.
        skip: Number of matching jobs to skip.
        backend_name: Backend of the jobs.
        pending: Whether to list pending jobs or finished jobs; both by default.
        program_id: Program of the jobs.
        hub: Hub of the instance; ignored unless group and project are also given.
        group: Group of the instance.
        project: Project of the instance.
        job_tags: Tags that each job must have.
        session_id: Session of the jobs.
        created_after: Earliest time of creation.
        created_before: Latest time of creation.
        descending: Whether the newest job comes first.
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
