"""Client of the runtime API."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from qiskit_ibm_runtime._primitives.sent_inputs import BackendLimits
from qiskit_ibm_runtime.api.exceptions import ApiIBMProtocolError, RequestsApiError
from qiskit_ibm_runtime.api.rest.base import entry
from qiskit_ibm_runtime.api.rest.runtime import JobQuery, JobRequest, Runtime
from qiskit_ibm_runtime.api.session import RetrySession
from qiskit_ibm_runtime.utils.json import RuntimeEncoder

from .backend import BaseBackendClient
from .submission import LEDGER, submit_once

if TYPE_CHECKING:
    from datetime import datetime as python_datetime

    from qiskit_ibm_runtime.api.client_parameters import ClientParameters


class RuntimeClient(BaseBackendClient):
    """Client of the runtime API, with one method per operation."""

    def __init__(self, params: ClientParameters) -> None:
        self._session = RetrySession(
            params.get_runtime_api_base_url(),
            **params.session_parameters(params.get_auth_handler()),
        )
        self._api = Runtime(self._session)
        # Limits of the backends whose configuration was fetched.
        self._limits: dict[str, BackendLimits] = {}
        if params.channel == "local":
            LEDGER.record_honoring(self._session.base_url)

    def list_programs(self, limit: int | None = None, skip: int | None = None) -> dict[str, Any]:
        """List programs."""
        return self._api.list_programs(limit, skip)

    def program_create(
        self,
        program_data: str,
        name: str,
        description: str,
        max_execution_time: int,
        is_public: bool | None = False,
        spec: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Create a program."""
        return self._api.create_program(
            program_data, name, description, max_execution_time, bool(is_public), spec
        )

    def program_get(self, program_id: str) -> dict[str, Any]:
        """Return a program."""
        return self._api.program(program_id).get()

    def set_program_visibility(self, program_id: str, public: bool) -> None:
        """Make a program public or private."""
        program = self._api.program(program_id)
        (program.make_public if public else program.make_private)()

    def program_run(
        self,
        program_id: str,
        backend_name: str | None,
        params: dict[str, Any],
        image: str | None,
        hgp: str | None,
        log_level: str | None,
        session_id: str | None,
        job_tags: list[str] | None = None,
        max_execution_time: int | None = None,
        start_session: bool | None = False,
        session_time: int | None = None,
    ) -> dict[str, Any]:
        """Submit a job; one call creates at most one job, see ``docs/submitting-jobs.md``.

        Raises:
            SubmitUncertainError: If a job may have been created, but it is unknown which one.
            RequestsApiError: If the service refused the job or was not reached; no job exists.
            ValueError: If the inputs of a primitive are invalid on every service.
            TypeError: If an observable has a free parameter.
        """
        return self.submit(
            JobRequest(
                program_id,
                backend_name,
                params,
                image,
                hgp,
                log_level,
                session_id,
                job_tags,
                max_execution_time,
                start_session,
                session_time,
            )
        )

    def submit(self, request: JobRequest) -> dict[str, Any]:
        """Submit a job, as :meth:`program_run` does."""
        body = self.request_body(request)
        return submit_once(self._api, body, json.dumps(body, cls=RuntimeEncoder))

    def request_body(self, request: JobRequest) -> dict[str, Any]:
        """Validate a job and return the body of its request; sends no request.

        Raises:
            ValueError: If the inputs of a primitive are invalid on every service.
            TypeError: If an observable has a free parameter.
        """
        return request.body(self._limits.get(request.backend_name or ""))

    def program_delete(self, program_id: str) -> None:
        """Delete a program."""
        try:
            self._api.program(program_id).delete()
        except RequestsApiError as exc:
            if exc.status_code != 404 or not _earlier_attempt_may_have_worked(exc):
                raise

    def program_update(
        self,
        program_id: str,
        program_data: str | None = None,
        name: str | None = None,
        description: str | None = None,
        max_execution_time: int | None = None,
        spec: dict[str, Any] | None = None,
    ) -> None:
        """Replace source code, metadata fields, or both."""
        program = self._api.program(program_id)
        if program_data:
            program.update_data(program_data)
        if any((name, description, max_execution_time, spec)):
            program.update_metadata(name, description, max_execution_time, spec)

    def job_get(self, job_id: str) -> dict[str, Any]:
        """Return the record of a job."""
        return self._api.program_job(job_id).get()

    def job_state(self, job_id: str, hold: int = 0) -> dict[str, Any]:
        """Return the record of a job without its inputs.

        Args:
            job_id: The job.
            hold: Seconds for which the service may delay the response until the job ends.
        """
        return self._api.program_job(job_id).get(exclude_params=True, hold=hold)

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
        return self._api.list_jobs(
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

    def job_results(self, job_id: str) -> str:
        """Return the encoded result of a job."""
        return self._api.program_job(job_id).results()

    def job_interim_results(self, job_id: str) -> str:
        """Return the encoded interim results received so far."""
        return self._api.program_job(job_id).interim_results()

    def job_cancel(self, job_id: str) -> None:
        """Cancel a job.

        Raises:
            RequestsApiError: With status 409 if the job has already ended.
        """
        try:
            self._api.program_job(job_id).cancel()
        except RequestsApiError as exc:
            if exc.status_code == 409 and _earlier_attempt_may_have_worked(exc):
                state = entry(self.job_state(job_id), "state", dict, {}).get("status", "")
                if str(state).upper().startswith("CANCELLED"):
                    return
            raise

    def job_delete(self, job_id: str) -> None:
        """Delete a job."""
        try:
            self._api.program_job(job_id).delete()
        except RequestsApiError as exc:
            if exc.status_code != 404 or not _earlier_attempt_may_have_worked(exc):
                raise

    def job_logs(self, job_id: str) -> str:
        """Return the log of a job."""
        return self._api.program_job(job_id).logs()

    def job_metadata(self, job_id: str) -> dict[str, Any]:
        """Return the metrics of a job."""
        return self._api.program_job(job_id).metadata()

    def close_session(self, session_id: str) -> None:
        """Close a session."""
        self._api.runtime_session(session_id).close()

    def list_backends(self, hgp: str | None = None) -> list[str]:
        """List the names of backends."""
        names = entry(self._api.backends(hgp), "devices", list)
        if not all(isinstance(name, str) for name in names):
            raise ApiIBMProtocolError("The service listed backends without names.")
        return names

    def backend_configuration(self, backend_name: str) -> dict[str, Any]:
        """Return the configuration of a backend."""
        raw = self._api.backend(backend_name).configuration()
        self._limits[backend_name] = BackendLimits.of(backend_name, raw)
        return raw

    def backend_status(self, backend_name: str) -> dict[str, Any]:
        """Return the status of a backend."""
        return self._api.backend(backend_name).status()

    def backend_properties(
        self, backend_name: str, datetime: python_datetime | None = None
    ) -> dict[str, Any]:
        """Return the calibration of a backend."""
        return self._api.backend(backend_name).properties(datetime)

    def backend_pulse_defaults(self, backend_name: str) -> dict[str, Any]:
        """Return the pulse defaults of a backend."""
        return self._api.backend(backend_name).pulse_defaults()


def _earlier_attempt_may_have_worked(error: RequestsApiError) -> bool:
    """Return whether an earlier attempt of a refused request may have succeeded."""
    return error.failure is not None and error.failure.uncertain
