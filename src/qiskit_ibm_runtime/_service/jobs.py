"""The jobs of a service."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from datetime import datetime

    from qiskit_ibm_runtime.qiskit_runtime_service import QiskitRuntimeService
    from qiskit_ibm_runtime.runtime_job import RuntimeJob


class Jobs:
    """Find jobs of the past, and delete them."""

    def job(self, job_id: str) -> RuntimeJob:
        """Return a job of this account, also one of the past.

        Args:
            job_id: The job; ``"last"`` stands for the one that was submitted last from this
                machine, also by a program that has ended since.

        Raises:
            RuntimeJobNotFound: If there is no such job.
            IBMRuntimeError: If the request fails otherwise.
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
        """Return the jobs of this account that fit, the newest first.

        Neither backends nor inputs of the jobs are fetched or decoded before somebody looks at
        them. For very many jobs, iterate over a :class:`.JobListing` instead: it takes
        the same arguments and holds one page at a time.

        Args:
            limit: How many jobs at most; ``None``, or 0 as in 0.9.3, means all.
            skip: How many to pass over first.
            backend_name: Only those on this backend.
            pending: ``True``: only those that wait or run; ``False``: only those that ended.
            program_id: Only those of this program.
            instance: Only those of this ``hub/group/project``; not for channel ``ibm_cloud``.
            job_tags: Only those that have all of these tags; a single tag may come as a string.
            session_id: Only those of this session.
            created_after: Only those made then or later. Local time unless it has an offset.
            created_before: Only those made then or earlier. Local time unless it has an offset.
            descending: ``False`` puts the oldest first.

        Raises:
            IBMInputValueError: If a value cannot be used.
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
            job_id: The job.

        Raises:
            RuntimeJobNotFound: If there is no such job.
            IBMRuntimeError: If the request fails otherwise.
        """
        from qiskit_ibm_runtime._jobs.listing import delete_job

        delete_job(_service(self), job_id)


def _service(part: Jobs) -> QiskitRuntimeService:
    return cast("QiskitRuntimeService", part)
