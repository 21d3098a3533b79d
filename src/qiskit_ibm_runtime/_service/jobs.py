"""Methods of the service for finding, repeating and deleting jobs, and listings of jobs."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Callable, cast

from qiskit_ibm_runtime.accounts.validation import CLOUD_CHANNELS
from qiskit_ibm_runtime.api.exceptions import NO_SUCH_JOB, translate_errors
from qiskit_ibm_runtime.exceptions import IBMInputValueError, RuntimeJobNotFound
from qiskit_ibm_runtime.runtime_options import RuntimeOptions
from qiskit_ibm_runtime.utils.arguments import (
    must_be,
    optional_text,
    required_id,
    shown,
    whole_number,
)
from qiskit_ibm_runtime.utils.converters import local_to_utc
from qiskit_ibm_runtime.utils.hgp import from_instance_format, join_instance
from qiskit_ibm_runtime.utils.utils import validate_job_tags

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from qiskit_ibm_runtime.qiskit_runtime_service import QiskitRuntimeService
    from qiskit_ibm_runtime.runtime_job import RuntimeJob

logger = logging.getLogger(__name__)

# Page size for listing all jobs; the service may return fewer.
PAGE_SIZE = 200

LAST = "last"  # alias of an id
INSTANCE_PARTS = ("hub", "group", "project")


class Jobs:
    """Methods for finding, repeating and deleting jobs."""

    _api_client: Any
    run: Callable[..., Any]

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
        from qiskit_ibm_runtime._jobs.journal import last_job_id

        service = cast("QiskitRuntimeService", self)
        job_id = required_id("job_id", job_id)
        if job_id == LAST:
            last = last_job_id(service)
            if last is None:  # submitted from another machine, or without a journal
                for job in JobListing(service, limit=1):
                    return job
                raise RuntimeJobNotFound("The account has no jobs.")
            job_id = last
        return job_of(service, {"id": job_id, **self._record(job_id)})

    def _record(self, job_id: str) -> dict[str, Any]:
        with translate_errors(f"Failed to retrieve job {job_id!r}", NO_SUCH_JOB):
            record: dict[str, Any] = self._api_client.job_get(job_id)
        return record

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

        return JobList(
            JobListing(
                cast("QiskitRuntimeService", self),
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

    def rerun(self, job: RuntimeJob | str) -> RuntimeJob:
        """Submit the inputs of a job again, to the same backend and with the same tags.

        The new job does not belong to a session.

        .. versionadded:: 0.9.3+embedded.1

        Args:
            job: The job or its id, in any state.

        Raises:
            RuntimeJobNotFound: If there is no such job.
            QiskitBackendNotFoundError: If its backend no longer exists.
            IBMRuntimeError: If a request fails for another reason.
        """
        record = self._record(job if isinstance(job, str) else job.job_id())
        options = RuntimeOptions(
            backend=record.get("backend") or None,
            image=record.get("runtime") or None,
            job_tags=list(record.get("tags") or []) or None,
            max_execution_time=record.get("cost") or None,
            instance=join_instance(*map(record.get, INSTANCE_PARTS)),
        )
        decoders = None
        if not isinstance(job, str):
            decoders = [job._interim_result_decoder, job._final_result_decoder]
        # Without decoding, so that inputs that cannot be decoded here can be run again.
        inputs = record.get("params") or {}
        program_id = (record.get("program") or {}).get("id", "")
        again: RuntimeJob = self.run(program_id, inputs, options, result_decoder=decoders)
        return again

    def delete_job(self, job_id: str) -> None:
        """Delete a job and its result from the service.

        Args:
            job_id: Id of the job.

        Raises:
            RuntimeJobNotFound: If there is no such job.
            IBMRuntimeError: If the request fails for another reason.
        """
        job_id = required_id("job_id", job_id)
        with translate_errors("Failed to delete job", NO_SUCH_JOB):
            self._api_client.job_delete(job_id)


class JobListing:
    """Iterable of the matching jobs, fetched page by page during iteration.

    Do not delete jobs while iterating: pages are counted from the newest job, so deleting one
    shifts the following jobs, and some would be skipped. Collect the ids first.

    .. versionadded:: 0.9.3+embedded.1

    .. code-block:: python

        from qiskit_ibm_runtime import JobListing, QiskitRuntimeService

        service = QiskitRuntimeService(channel="local")
        for job in JobListing(service, pending=False):
            print(job.job_id(), job.creation_date)
    """

    def __init__(
        self,
        service: QiskitRuntimeService,
        limit: int | None = None,
        skip: int | None = 0,
        backend_name: str | None = None,
        pending: bool | None = None,
        program_id: str | None = None,
        instance: str | None = None,
        job_tags: list[str] | str | None = None,
        session_id: str | None = None,
        created_after: datetime | str | None = None,
        created_before: datetime | str | None = None,
        descending: bool = True,
    ) -> None:
        """Create a listing of the jobs of ``service``, without any request before iteration.

        The other arguments are those of :meth:`QiskitRuntimeService.jobs`, without a limit by
        default.

        Raises:
            IBMInputValueError: If an argument is invalid.
        """
        from qiskit_ibm_runtime.api.rest.runtime import JobQuery

        tags = _tags(job_tags)
        validate_job_tags(tags, IBMInputValueError)
        hub, group, project = _instance_parts(service, instance)
        self._service = service
        self._query = JobQuery(
            limit=whole_number("limit", limit) or None,
            skip=whole_number("skip", skip) or 0,
            backend_name=optional_text(backend_name),
            pending=None if pending is None else bool(pending),
            program_id=optional_text(program_id),
            hub=hub,
            group=group,
            project=project,
            job_tags=tags,
            session_id=optional_text(session_id),
            created_after=_moment("created_after", created_after),
            created_before=_moment("created_before", created_before),
            descending=descending is not False,
        )

    def __iter__(self) -> Iterator[RuntimeJob]:
        for record in self._records():
            yield job_of(self._service, record)

    def _records(self) -> Iterator[dict[str, Any]]:
        from qiskit_ibm_runtime.api.rest.base import is_last_page

        given: set[str] = set()
        offset, limit = self._query.skip or 0, self._query.limit
        while limit is None or len(given) < limit:
            size = PAGE_SIZE if limit is None else limit - len(given)
            query = replace(self._query, limit=size, skip=offset)
            page = self._service._api_client.jobs_get(**vars(query))
            records = page.get("jobs") or []
            offset += len(records)
            known = len(given)
            for record in records:
                job_id = record.get("id")
                if not job_id:
                    logger.warning("The service listed a job without an id: %s", shown(record))
                # Jobs created in the meantime shift others to the next page.
                elif job_id not in given and len(given) != limit:
                    given.add(job_id)
                    yield record
            if is_last_page(records, page.get("count"), offset, news=len(given) > known):
                return


def job_of(service: QiskitRuntimeService, record: dict[str, Any]) -> RuntimeJob:
    """Create a job from its record; backend and inputs are resolved on first access."""
    from qiskit_ibm_runtime._jobs.record import final_state
    from qiskit_ibm_runtime.runtime_job import RuntimeJob

    # For cloud channels, a service is bound to one instance.
    parts = ("backend",) if service.channel in CLOUD_CHANNELS else ("backend", *INSTANCE_PARTS)
    return RuntimeJob(
        backend=None,
        api_client=service._api_client,
        client_params=service._client_params,
        service=service,
        job_id=record["id"],
        program_id=(record.get("program") or {}).get("id", ""),
        creation_date=record.get("created"),
        image=record.get("runtime") or "",
        session_id=record.get("session_id"),
        tags=record.get("tags") or [],
        encoded_params=record.get("params"),
        place={part: record.get(part) for part in parts},
        final_state=final_state(record),
    )


def _instance_parts(
    service: QiskitRuntimeService, instance: str | None
) -> tuple[str, str, str] | tuple[None, None, None]:
    if not instance:
        return None, None, None
    if service.channel in CLOUD_CHANNELS:
        raise IBMInputValueError(
            "'instance' is only supported on channel 'ibm_quantum'. On 'ibm_cloud', choose the "
            "instance when creating the service."
        )
    return from_instance_format(instance)


def _tags(value: Any) -> list[Any] | None:
    if isinstance(value, str):
        return [value] if value else None
    return list(value) if isinstance(value, Iterable) else None


def _moment(name: str, value: Any) -> datetime | None:
    if not value:
        return None
    try:
        return local_to_utc(value)
    except (TypeError, ValueError, OverflowError):
        allowed = "a datetime, or a string such as '2023-05-01T09:00'"
        raise must_be(name, allowed, value) from None
