"""Submit exactly once: one ``run()`` creates at most one job, and none is lost.

A submit whose answer is lost may or may not have made a job. What is done then:

1. A service that honours the header ``Idempotency-Key`` (it sends the key back) is simply asked
   again: it makes one job for one key.
2. Any other service is asked for its recent jobs. A job that was made since the submit began, with
   the same program, backend, tags, session and inputs, and that no other submit of this process
   owns, is the one; it is adopted.
3. If that leaves a doubt, :class:`~qiskit_ibm_runtime.api.exceptions.SubmitUncertainError` lists
   the jobs that may be it.
"""

from __future__ import annotations

import dataclasses
import json
import time
import uuid
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from dateutil.parser import isoparse

from qiskit_ibm_runtime.api.exceptions import (
    ApiIBMProtocolError,
    RequestsApiError,
    SubmitUncertainError,
)
from qiskit_ibm_runtime.api.http.redaction import logger_without_secrets
from qiskit_ibm_runtime.api.http.retry import Attempt, draw_jitter, wait
from qiskit_ibm_runtime.api.rest.base import read_json, records
from qiskit_ibm_runtime.api.rest.job_requests import JobQuery
from qiskit_ibm_runtime.api.rest.runtime import IDEMPOTENCY_HEADER
from qiskit_ibm_runtime.exceptions import Failure, IBMError, IBMNotAuthorizedError

from .submit_ledger import LEDGER, AmbiguousJobsError, PendingSubmit

if TYPE_CHECKING:
    from requests import Response

    from qiskit_ibm_runtime.api.rest.runtime import Runtime

logger = logger_without_secrets(__name__)

# Submits with one key, each with all the repetitions of the retry policy.
SUBMIT_ATTEMPTS = 3
# Services show a new job in their listing with some delay: they are asked so often, with pauses.
LISTING_ATTEMPTS = 4
LISTED = 50
# A first, coarse limit on what is listed; clocks that differ by more would break log-ins, too.
WORST_CLOCK = timedelta(minutes=10)
# Seconds for the answers of equal submits of other threads.
TWIN_TIMEOUT = 60.0


def submit_once(api: Runtime, request: dict[str, Any], body: str) -> dict[str, Any]:
    """Submit a job, and return its id and backend.

    Args:
        api: Endpoints of the runtime.
        request: Body of the request, as :meth:`.JobRequest.body` returns it.
        body: The same as the text that is sent.

    Raises:
        SubmitUncertainError: If the job may have been made but could not be told from others.
        RequestsApiError: If the service refused it, or was not reached; then there is no job.
        IBMNotAuthorizedError: If it refused the credentials.
    """
    with LEDGER.submitting(api.session.base_url, body) as ours:
        return _Submission(api, request, body, ours).settle()


class _Submission:
    """A submission whose outcome is not yet known."""

    def __init__(
        self, api: Runtime, request: dict[str, Any], body: str, ours: PendingSubmit
    ) -> None:
        self._api, self._request, self._body, self._ours = api, request, body, ours
        self._key = uuid.uuid4().hex
        self._doubtful: IBMError | None = None

    def settle(self) -> dict[str, Any]:
        for _ in range(SUBMIT_ATTEMPTS):
            answer = self._send()
            if answer is not None:
                return answer
            LEDGER.starts_looking(self._ours)
            found = None if self._honoured else self._look_for_it()
            if found is not None:
                return found
            if not self._honoured:
                break
        found = self._look_for_it(looks=1) if self._honoured else None
        if found is None:
            raise self._uncertain(())
        return found

    @property
    def _honoured(self) -> bool:
        return LEDGER.honours_keys(self._ours.base_url)

    def _send(self) -> dict[str, Any] | None:
        """Send the request with safe retries; ``None`` if the outcome is unknown."""
        try:
            response = self._api.post_job(self._body, self._key, idempotent=self._honoured)
        except (RequestsApiError, IBMNotAuthorizedError) as exc:
            self._note_honouring(getattr(exc.__cause__, "response", None))
            # A refusal ends the matter only if no earlier attempt may have made a job.
            if not ((exc.failure is not None and exc.failure.uncertain) or self._doubtful):
                raise
            self._doubtful = exc
            return None
        self._note_honouring(response)
        answer = _job_in(response)
        if answer is None:
            self._doubtful = RequestsApiError(
                f"The service answered with status {response.status_code}, but not with a job.",
                response.status_code,
                failure=Failure(status=response.status_code, uncertain=True),
            )
            return None
        LEDGER.settle(self._ours, answer["id"])
        return answer

    def _note_honouring(self, response: Response | None) -> None:
        if response is not None and response.headers.get(IDEMPOTENCY_HEADER) == self._key:
            LEDGER.note_honouring(self._ours.base_url)

    def _look_for_it(self, looks: int = LISTING_ATTEMPTS) -> dict[str, Any] | None:
        """Find the job that the submission created, if any.

        Raises:
            SubmitUncertainError: If the jobs cannot be listed, or more than one may be it.
        """
        policy = self._api.session.policy
        for look in range(1, looks + 1):
            try:
                records, listed = self._recent_jobs()
                job_id = LEDGER.claim(self._ours, list(records), listed, TWIN_TIMEOUT)
            except AmbiguousJobsError as doubt:
                raise self._uncertain(doubt.job_ids) from None
            except IBMError as exc:
                raise self._uncertain((), f" Listing jobs failed too: {exc.message}") from None
            if job_id is not None:
                logger.warning(
                    "The answer to a submit was lost; the job that it made, %s, was found.", job_id
                )
                return {"id": job_id, "backend": records[job_id].get("backend")}
            if self._honoured:
                return None
            if look < looks:
                wait(policy.backoff(Attempt(harmless=True, number=look + 1), draw_jitter()))
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
            created_after=self._ours.began_utc - WORST_CLOCK,
        )
        response = self._api.jobs_response(query, headers={IDEMPOTENCY_HEADER: self._key})
        received, listed = datetime.now(timezone.utc), time.monotonic()
        self._note_honouring(response)
        earliest = self._ours.began_utc + clock_ahead(response.headers.get("Date"), received)
        listing = records(read_json(response, dict), "jobs", "id")
        jobs = {job["id"]: job for job in listing}
        return {
            job_id: job for job_id, job in jobs.items() if self._may_be_ours(job, earliest)
        }, listed

    def _may_be_ours(self, job: dict[str, Any], earliest: datetime) -> bool:
        if _moment(job.get("created"), earliest) < earliest:
            return False
        asked = self._request
        if set(job.get("tags") or []) != set(asked.get("tags") or []):
            return False
        inputs = job.get("params")
        if inputs is None:
            inputs = self._api.program_job(job["id"]).get().get("params")
        return inputs is None or canonical(inputs) == canonical(json.loads(self._body)["params"])

    def _uncertain(self, candidates: tuple[str, ...], more: str = "") -> SubmitUncertainError:
        doubtful = self._doubtful
        said = doubtful.message if doubtful else ""
        failure = (doubtful.failure if doubtful else None) or Failure()
        jobs = (
            f"One of these jobs may be it: {', '.join(candidates)}."
            if candidates
            else "No job that may be it was found; one may still appear in service.jobs()."
        )
        return SubmitUncertainError(
            f"It is not known whether the job was made, and submitting it again might make a "
            f"second one. {jobs}{more} What happened: {said}",
            failure.status if failure.status is not None else -1,
            failure=dataclasses.replace(failure, uncertain=True, candidates=candidates),
        )


def _job_in(response: Response) -> dict[str, Any] | None:
    try:
        answer = read_json(response)
    except ApiIBMProtocolError:
        return None
    return answer if isinstance(answer, dict) and isinstance(answer.get("id"), str) else None


def clock_ahead(date: str | None, received: datetime) -> timedelta:
    """Return a lower bound on how far the service's clock is ahead of ours.

    Args:
        date: The Date header of an answer, which counts whole seconds.
        received: When the answer came, by our clock.
    """
    try:
        return parsedate_to_datetime(date or "") - received
    except (TypeError, ValueError, IndexError, OverflowError):
        return timedelta(seconds=-1)


def canonical(inputs: Any) -> str:
    """Return a canonical string of inputs, in whatever form a service returns them."""
    if isinstance(inputs, str):
        try:
            inputs = json.loads(inputs)
        except (ValueError, RecursionError):
            return str(inputs)
    if isinstance(inputs, list) and len(inputs) == 1:
        inputs = inputs[0]
    return json.dumps(inputs, sort_keys=True)


def _moment(text: Any, otherwise: datetime) -> datetime:
    try:
        moment = isoparse(str(text))
    except ValueError:
        return otherwise
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)
