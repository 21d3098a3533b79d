"""Exactly-once submission: one ``run()`` creates at most one job, and no job is lost.

If the response to a submission is lost, a job may or may not have been created:

1. If the service honors the header ``Idempotency-Key`` (it returns the key), the request is sent
   again, as the service creates one job per key.
2. Otherwise, the recent jobs are listed. The submission adopts the job that was created since it
   began, has the same program, backend, tags, session and inputs, and belongs to no other
   submission of this process.
3. If the result is ambiguous, :class:`~qiskit_ibm_runtime.api.exceptions.SubmitUncertainError`
   lists the candidate jobs.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import threading
import time
import uuid
from collections import OrderedDict
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from dateutil.parser import isoparse

from qiskit_ibm_runtime.api.exceptions import (
    ApiIBMProtocolError,
    RequestsApiError,
    SubmitUncertainError,
)
from qiskit_ibm_runtime.api.http.concurrency import reset_in_children
from qiskit_ibm_runtime.api.http.redaction import logger_without_secrets
from qiskit_ibm_runtime.api.http.retry import Attempt, draw_jitter, wait
from qiskit_ibm_runtime.api.rest.base import read_json, records
from qiskit_ibm_runtime.api.rest.runtime import IDEMPOTENCY_HEADER, JobQuery
from qiskit_ibm_runtime.exceptions import Failure, IBMError, IBMNotAuthorizedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from requests import Response

    from qiskit_ibm_runtime.api.rest.runtime import Runtime

logger = logger_without_secrets(__name__)

# Submissions with the same key, each with all retries of the retry policy.
SUBMIT_ATTEMPTS = 3
# Services list a new job after some delay, so the listing is repeated with backoff.
LISTING_ATTEMPTS = 4
LISTED = 50
# Coarse limit on the clock difference; larger differences would break logins, too.
WORST_CLOCK = timedelta(minutes=10)
# Seconds to wait for the responses to identical submissions of other threads.
TWIN_TIMEOUT = 60.0
_MOST_IDS = 10_000


@dataclass(eq=False)
class PendingSubmit:
    """A submission in progress.

    Attributes:
        base_url: Base URL of the service.
        digest: Digest of the request body; identical submissions have the same digest.
        looking: Whether the response was lost, and the submission searches for its job.
    """

    base_url: str
    digest: bytes
    looking: bool = False
    began: float = field(default_factory=time.monotonic)
    began_utc: datetime = field(default_factory=lambda: datetime.now(timezone.utc))

    def is_twin_of(self, other: PendingSubmit) -> bool:
        """Whether two submissions send the same request to the same service."""
        return (self.base_url, self.digest) == (other.base_url, other.digest)


class AmbiguousJobsError(Exception):  # internal; translated before users see it
    """More jobs match than there are submissions that search for one."""

    def __init__(self, job_ids: Sequence[str]) -> None:
        super().__init__(*job_ids)
        self.job_ids = tuple(job_ids)


class Ledger:
    """Submissions in progress, the jobs they own, and services that honor idempotency keys."""

    def __init__(self) -> None:
        self.reset_after_fork()
        reset_in_children(self)
        self._owned: OrderedDict[str, None] = OrderedDict()
        self._honoring: set[str] = set()

    def reset_after_fork(self) -> None:
        """Forget submissions of the parent process."""
        self._changed = threading.Condition()
        self._pending: set[PendingSubmit] = set()

    @contextmanager
    def submitting(self, base_url: str, body: str) -> Iterator[PendingSubmit]:
        """Register a submission while it is in progress."""
        submit = PendingSubmit(base_url, hashlib.blake2b(body.encode()).digest())
        with self._changed:
            self._pending.add(submit)
        try:
            yield submit
        finally:
            with self._changed:
                self._pending.discard(submit)
                self._changed.notify_all()

    def honors_keys(self, base_url: str) -> bool:
        """Whether the service is known to honor idempotency keys."""
        return base_url in self._honoring

    def record_honoring(self, base_url: str) -> None:
        """Remember that the service honors idempotency keys."""
        self._honoring.add(base_url)

    def settle(self, submit: PendingSubmit, job_id: str) -> None:
        """Record the job that a submission returned."""
        with self._changed:
            self._own(submit, job_id)

    def starts_looking(self, submit: PendingSubmit) -> None:
        """Record that the response to a submission was lost."""
        with self._changed:
            submit.looking = True
            self._changed.notify_all()

    def claim(
        self, submit: PendingSubmit, job_ids: Sequence[str], listed: float, patience: float
    ) -> str | None:
        """Choose the job that a submission created among those that match.

        Identical submissions of one process may claim the matching jobs in any order, provided
        that there are no more jobs than such submissions.

        Args:
            submit: The submission that searches.
            job_ids: Matching jobs, in the order of the service.
            listed: Time of the listing, on the monotonic clock.
            patience: Seconds to wait for the responses to identical pending submissions.

        Returns:
            A job, which then belongs to the submission; ``None`` if no job is left.

        Raises:
            AmbiguousJobsError: If more jobs are left than submissions that search for one.
        """

        def twins() -> list[PendingSubmit]:
            return [s for s in self._pending if s.is_twin_of(submit) and s.began <= listed]

        with self._changed:
            settled = self._changed.wait_for(lambda: all(s.looking for s in twins()), patience)
            left = [job_id for job_id in job_ids if job_id not in self._owned]
            if not left:
                return None
            if not settled or len(left) > len(twins()):
                raise AmbiguousJobsError(left)
            self._own(submit, left[0])
            return left[0]

    def _own(self, submit: PendingSubmit, job_id: str) -> None:
        self._owned[job_id] = None
        while len(self._owned) > _MOST_IDS:
            self._owned.popitem(last=False)
        self._pending.discard(submit)
        self._changed.notify_all()


# One per process, as two services of one account might otherwise adopt each other's jobs.
LEDGER = Ledger()


def submit_once(api: Runtime, request: dict[str, Any], body: str) -> dict[str, Any]:
    """Submit a job, and return its ID and backend.

    Args:
        api: Endpoints of the runtime.
        request: Body of the request, as :meth:`.JobRequest.body` returns it.
        body: The body encoded as a string.

    Raises:
        SubmitUncertainError: If a job may have been created, but it is unknown which one.
        RequestsApiError: If the service refused the job or was not reached; no job exists.
        IBMNotAuthorizedError: If the service refused the credentials.
    """
    with LEDGER.submitting(api.session.base_url, body) as pending:
        return _Submission(api, request, body, pending).settle()


class _Submission:
    """A submission whose outcome is not yet known."""

    def __init__(
        self, api: Runtime, request: dict[str, Any], body: str, pending: PendingSubmit
    ) -> None:
        self._api, self._request, self._body, self._pending = api, request, body, pending
        self._key = uuid.uuid4().hex
        self._last_error: IBMError | None = None

    def settle(self) -> dict[str, Any]:
        for _ in range(SUBMIT_ATTEMPTS):
            answer = self._send()
            if answer is not None:
                return answer
            LEDGER.starts_looking(self._pending)
            found = None if self._service_honors_keys else self._find_created_job()
            if found is not None:
                return found
            if not self._service_honors_keys:
                break
        found = self._find_created_job(attempts=1) if self._service_honors_keys else None
        if found is None:
            raise self._uncertain(())
        return found

    @property
    def _service_honors_keys(self) -> bool:
        return LEDGER.honors_keys(self._pending.base_url)

    def _send(self) -> dict[str, Any] | None:
        """Send the request with safe retries; return ``None`` if the outcome is unknown."""
        try:
            response = self._api.post_job(
                self._body, self._key, idempotent=self._service_honors_keys
            )
        except (RequestsApiError, IBMNotAuthorizedError) as exc:
            self._record_honoring(getattr(exc.__cause__, "response", None))
            # A refusal is final only if no earlier attempt can have created a job.
            if not ((exc.failure is not None and exc.failure.uncertain) or self._last_error):
                raise
            self._last_error = exc
            return None
        self._record_honoring(response)
        answer = _job_in(response)
        if answer is None:
            self._last_error = RequestsApiError(
                f"The service responded with status {response.status_code}, but without a job ID.",
                response.status_code,
                failure=Failure(status=response.status_code, uncertain=True),
            )
            return None
        LEDGER.settle(self._pending, answer["id"])
        return answer

    def _record_honoring(self, response: Response | None) -> None:
        if response is not None and response.headers.get(IDEMPOTENCY_HEADER) == self._key:
            LEDGER.record_honoring(self._pending.base_url)

    def _find_created_job(self, attempts: int = LISTING_ATTEMPTS) -> dict[str, Any] | None:
        """Find the job that the submission created, if any.

        Raises:
            SubmitUncertainError: If the jobs cannot be listed, or more than one job matches.
        """
        policy = self._api.session.policy
        for attempt in range(1, attempts + 1):
            try:
                records, listed = self._recent_jobs()
                job_id = LEDGER.claim(self._pending, list(records), listed, TWIN_TIMEOUT)
            except AmbiguousJobsError as doubt:
                raise self._uncertain(doubt.job_ids) from None
            except IBMError as exc:
                raise self._uncertain((), f" Listing jobs failed too: {exc.message}") from None
            if job_id is not None:
                logger.warning(
                    "The response to a submission was lost; its job %s was found.", job_id
                )
                return {"id": job_id, "backend": records[job_id].get("backend")}
            if self._service_honors_keys:
                return None
            if attempt < attempts:
                wait(policy.backoff(Attempt(harmless=True, number=attempt + 1), draw_jitter()))
        return None

    def _recent_jobs(self) -> tuple[dict[str, dict[str, Any]], float]:
        """Return jobs that may come from this submission, and the time of the listing."""
        asked = self._request
        query = JobQuery(
            limit=LISTED,
            backend_name=asked.get("backend"),
            program_id=asked["program_id"],
            hub=asked.get("hub"),
            group=asked.get("group"),
            project=asked.get("project"),
            job_tags=asked.get("tags"),
            session_id=asked.get("session_id"),
            created_after=self._pending.began_utc - WORST_CLOCK,
        )
        response = self._api.jobs_response(query, headers={IDEMPOTENCY_HEADER: self._key})
        received, listed = datetime.now(timezone.utc), time.monotonic()
        self._record_honoring(response)
        earliest = self._pending.began_utc + clock_ahead(response.headers.get("Date"), received)
        listing = records(read_json(response, dict), "jobs", "id")
        jobs = {job["id"]: job for job in listing}
        return {
            job_id: job for job_id, job in jobs.items() if self._may_be_ours(job, earliest)
        }, listed

    def _may_be_ours(self, job: dict[str, Any], earliest: datetime) -> bool:
        if _parse_time(job.get("created"), earliest) < earliest:
            return False
        asked = self._request
        if set(job.get("tags") or []) != set(asked.get("tags") or []):
            return False
        inputs = job.get("params")
        if inputs is None:
            inputs = self._api.program_job(job["id"]).get().get("params")
        return inputs is None or canonical(inputs) == canonical(json.loads(self._body)["params"])

    def _uncertain(self, candidates: tuple[str, ...], more: str = "") -> SubmitUncertainError:
        error = self._last_error
        said = error.message if error else ""
        failure = (error.failure if error else None) or Failure()
        jobs = (
            f"It may be one of these jobs: {', '.join(candidates)}."
            if candidates
            else "No matching job was found; one may still appear in service.jobs()."
        )
        return SubmitUncertainError(
            f"It is unknown whether the job was created; submitting it again might create a "
            f"second one. {jobs}{more} Cause: {said}",
            failure.status if failure.status is not None else -1,
            failure=dataclasses.replace(failure, uncertain=True, candidates=candidates),
        )


def _job_in(response: Response) -> dict[str, Any] | None:
    try:
        answer = read_json(response, dict)
    except ApiIBMProtocolError:
        return None
    return answer if isinstance(answer.get("id"), str) else None


def clock_ahead(date: str | None, received: datetime) -> timedelta:
    """Return a lower bound on how far the service's clock is ahead of ours.

    Args:
        date: Date header of a response, with a resolution of one second.
        received: When the response arrived, on our clock.
    """
    try:
        return parsedate_to_datetime(date or "") - received
    except (TypeError, ValueError, IndexError, OverflowError):
        return timedelta(seconds=-1)


def canonical(inputs: Any) -> str:
    """Return a canonical string of inputs, for all forms in which services return them."""
    if isinstance(inputs, str):
        try:
            inputs = json.loads(inputs)
        except (ValueError, RecursionError):
            return str(inputs)
    if isinstance(inputs, list) and len(inputs) == 1:
        inputs = inputs[0]
    return json.dumps(inputs, sort_keys=True)


def _parse_time(text: Any, otherwise: datetime) -> datetime:
    try:
        moment = isoparse(str(text))
    except ValueError:
        return otherwise
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)
