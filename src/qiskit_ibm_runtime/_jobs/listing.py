"""Retrieval and deletion of jobs, and listings."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from qiskit_ibm_runtime.accounts.validation import CLOUD_CHANNELS
from qiskit_ibm_runtime.api.exceptions import NO_SUCH_JOB, translate_errors
from qiskit_ibm_runtime.api.rest.base import is_last_page
from qiskit_ibm_runtime.api.rest.runtime import JobQuery
from qiskit_ibm_runtime.checks import optional_text, required_id, shown, whole_number
from qiskit_ibm_runtime.exceptions import IBMInputValueError, RuntimeJobNotFound
from qiskit_ibm_runtime.runtime_job import RuntimeJob
from qiskit_ibm_runtime.utils.converters import local_to_utc
from qiskit_ibm_runtime.utils.hgp import from_instance_format
from qiskit_ibm_runtime.utils.utils import validate_job_tags

from .record import final_state

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from qiskit_ibm_runtime.qiskit_runtime_service import QiskitRuntimeService

logger = logging.getLogger(__name__)

# Page size for listing all jobs; the service may return fewer.
PAGE_SIZE = 200

LAST = "last"  # alias of an id
INSTANCE_PARTS = ("hub", "group", "project")


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
        """Create a listing, without any request before iteration.

        Args:
            service: Service of the jobs.
            limit: Maximum number of jobs; ``None``, or 0 as in 0.9.3, for all.
            skip: Number of jobs to skip.
            backend_name: As for :meth:`QiskitRuntimeService.jobs`.
            pending: As for :meth:`QiskitRuntimeService.jobs`.
            program_id: As for :meth:`QiskitRuntimeService.jobs`.
            instance: As for :meth:`QiskitRuntimeService.jobs`.
            job_tags: As for :meth:`QiskitRuntimeService.jobs`.
            session_id: As for :meth:`QiskitRuntimeService.jobs`.
            created_after: As for :meth:`QiskitRuntimeService.jobs`.
            created_before: As for :meth:`QiskitRuntimeService.jobs`.
            descending: As for :meth:`QiskitRuntimeService.jobs`.

        Raises:
            IBMInputValueError: If an argument is invalid.
        """
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


def get_job(service: QiskitRuntimeService, job_id: str) -> RuntimeJob:
    """Return one job; see :meth:`QiskitRuntimeService.job`."""
    job_id = required_id("job_id", job_id, "a job")
    if job_id == LAST:
        return _last_job(service)
    with translate_errors(f"Failed to retrieve job {job_id!r}", NO_SUCH_JOB):
        record = service._api_client.job_get(job_id)
    return job_of(service, {"id": job_id, **record})


def _last_job(service: QiskitRuntimeService) -> RuntimeJob:
    """Return the job last submitted from this machine, or else the newest one of the account."""
    from .journal import last_job_id

    job_id = last_job_id(service)
    if job_id is not None:
        return get_job(service, job_id)
    for job in JobListing(service, limit=1):
        return job
    raise RuntimeJobNotFound("The account has no jobs.")


def delete_job(service: QiskitRuntimeService, job_id: str) -> None:
    """Delete one job; see :meth:`QiskitRuntimeService.delete_job`."""
    job_id = required_id("job_id", job_id, "a job")
    with translate_errors("Failed to delete job", NO_SUCH_JOB):
        service._api_client.job_delete(job_id)


def job_of(service: QiskitRuntimeService, record: dict[str, Any]) -> RuntimeJob:
    """Create a job from its record; backend and inputs are resolved on first access."""
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
        raise IBMInputValueError(
            f"{name!r} must be a datetime, or a string such as '2023-05-01T09:00', "
            f"not {shown(value)}."
        ) from None
