"""Requests about jobs: to submit one, and to list those that match."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qiskit_ibm_runtime._primitives.sent_inputs import as_sent
from qiskit_ibm_runtime.utils.hgp import from_instance_format, join_instance

if TYPE_CHECKING:
    from datetime import datetime

    from qiskit_ibm_runtime._primitives.circuit_checks import BackendLimits


@dataclass(frozen=True)
class JobRequest:
    """A job to submit; the fields are the arguments of ``RuntimeClient.program_run``.

    Attributes:
        program_id: Program to run.
        backend_name: Backend to run it on; ``None`` leaves the choice to the service.
        params: Inputs of the program.
        image: Image to run it in.
        hgp: Instance as ``hub/group/project``; ``None`` on ``ibm_cloud``.
        log_level: Log level of the program, in capitals.
        session_id: Session that the job joins.
        job_tags: Tags of the job.
        max_execution_time: Seconds that the job may run.
        start_session: Whether the job opens a session.
        session_time: Seconds that this session may last.
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
        """Return the body of the request: wire names, inputs in their sent form.

        Args:
            limits: Size of the backend, if it is known.

        Raises:
            IBMInputValueError: If the instance is malformed.
            ValueError: If these are inputs of a primitive that no service could run.
            TypeError: Likewise, for an observable with a free parameter.
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
    """Jobs to list; the fields are the arguments of ``RuntimeClient.jobs_get``.

    Attributes:
        limit: Size of the page; the service's own by default.
        skip: Number of matching jobs before the page.
        backend_name: Backend of the jobs.
        pending: Whether the jobs wait or run, or have ended; both by default.
        program_id: Program of the jobs.
        hub: First part of the instance; counts only with the two others.
        group: Second part of the instance.
        project: Third part of the instance.
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
        """Return the parameters of the request."""
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
