"""Methods of the service for finding and deleting jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from datetime import datetime

    from qiskit_ibm_runtime.qiskit_runtime_service import QiskitRuntimeService
    from qiskit_ibm_runtime.runtime_job import RuntimeJob


class Jobs:
    """Methods for finding and deleting jobs."""

    def job(self, job_id: str) -> RuntimeJob:
        """Return a job of this account.

        .. versionadded:: 0.9.3+embedded.1
           The id ``"last"``, which uses a journal of submitted jobs.

        Args:
            job_id: Id of the job; ``"last"`` is the latest job submitted from this machine, by any
                program.

        Raises:
            RuntimeJobNotFound: If there is no such job.
            IBMRuntimeError: If the request fails for another reason.
        """
        from qiskit_ibm_runtime._jobs.listing import get_job

        return get_job(_service(self), job_id)

    def jobs(
        self,
        limit: int | None = 10,
        skip: int = 0,
        backend_name: str | None = None,
        pending: bool | None = None,
        program_id: str | None = None,
        instance: str | None = None,
        job_tags: list[str] | None = None,
        session_id: str | None = None,
        created_after: datetime | str | None = None,
        created_before: datetime | str | None = None,
        descending: bool = True,
    ) -> list[RuntimeJob]:
        """Return the matching jobs of this account, newest first.

        Backends and inputs of the jobs are fetched and decoded on first access. For a large number
        of jobs, iterate over a :class:`.JobListing` instead, which takes the same arguments and
        keeps only one page in memory.

        Args:
            limit: Maximum number of jobs; ``None``, or 0 as in 0.9.3, for all.
            skip: Number of jobs to skip.
            backend_name: Only jobs on this backend.
            pending: ``True`` for queued and running jobs, ``False`` for finished ones.
            program_id: Only jobs of this program.
            instance: Only jobs of this ``hub/group/project``; not for channel ``ibm_cloud``.
            job_tags: Only jobs with all of these tags; a single tag may be a string.
            session_id: Only jobs in this session.
            created_after: Only jobs created at or after this time; local time unless it has an
                offset.
            created_before: Only jobs created at or before this time; local time unless it has an
                offset.
            descending: Whether to return the newest first, rather than the oldest.

        Raises:
            IBMInputValueError: If an argument is invalid.
            RequestsApiError: If a request fails.
        """
        from qiskit_ibm_runtime._display.containers import JobList
        from qiskit_ibm_runtime._jobs.listing import JobListing

        return JobList(
            JobListing(
                _service(self),
                limit,
                skip,
                backend_name,
                pending,
                program_id,
                instance,
                job_tags,
                session_id,
                created_after,
                created_before,
                descending,
            )
        )

    def delete_job(self, job_id: str) -> None:
        """Delete a job and its result from the service.

        Args:
            job_id: Id of the job.

        Raises:
            RuntimeJobNotFound: If there is no such job.
            IBMRuntimeError: If the request fails for another reason.
        """
        from qiskit_ibm_runtime._jobs.listing import delete_job

        delete_job(_service(self), job_id)


def _service(part: Jobs) -> QiskitRuntimeService:
    return cast("QiskitRuntimeService", part)
