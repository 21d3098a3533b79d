"""Registry of submissions of this process, so that no two of them claim the same job."""

from __future__ import annotations

import hashlib
import threading
import time
from collections import OrderedDict
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from qiskit_ibm_runtime.api.http.concurrency import reset_in_children

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_MOST_IDS = 10_000


@dataclass(eq=False)
class PendingSubmit:
    """A submission in progress.

    Attributes:
        base_url: The service.
        digest: Of the text that is sent; equal for submits that cannot be told apart.
        looking: Whether its answer was lost, so that it looks for its job.
    """

    base_url: str
    digest: bytes
    looking: bool = False
    began: float = field(default_factory=time.monotonic)
    began_utc: datetime = field(default_factory=lambda: datetime.now(timezone.utc))

    def is_twin_of(self, other: PendingSubmit) -> bool:
        """Whether two submissions send the same request to the same service."""
        return (self.base_url, self.digest) == (other.base_url, other.digest)


class AmbiguousJobsError(Exception):  # an answer, not an error of the user's
    """More jobs match than submissions are looking for one."""

    def __init__(self, job_ids: Sequence[str]) -> None:
        super().__init__(*job_ids)
        self.job_ids = tuple(job_ids)


class Ledger:
    """Submissions in progress, the jobs they own, and services that honor idempotency keys."""

    def __init__(self) -> None:
        self.reset_after_fork()
        reset_in_children(self)
        self._owned: OrderedDict[str, None] = OrderedDict()
        self._honouring: set[str] = set()

    def reset_after_fork(self) -> None:
        """Forget submissions of the parent process."""
        self._changed = threading.Condition()
        self._under_way: set[PendingSubmit] = set()

    @contextmanager
    def submitting(self, base_url: str, body: str) -> Iterator[PendingSubmit]:
        """Register a submission while it is in progress."""
        submit = PendingSubmit(base_url, hashlib.blake2b(body.encode()).digest())
        with self._changed:
            self._under_way.add(submit)
        try:
            yield submit
        finally:
            with self._changed:
                self._under_way.discard(submit)
                self._changed.notify_all()

    def honours_keys(self, base_url: str) -> bool:
        """Whether the service is known to honor idempotency keys."""
        return base_url in self._honouring

    def note_honouring(self, base_url: str) -> None:
        """Remember that the service honors idempotency keys."""
        self._honouring.add(base_url)

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

        Submits of one process that cannot be told apart may share out the jobs that fit as they
        come, if there are no more jobs than such submits.

        Args:
            submit: The submit that looks.
            job_ids: Jobs that fit, as the service listed them.
            listed: When it did, by the monotonic clock.
            patience: Seconds to wait for the answers of equal submits still under way.

        Returns:
            A job, which then belongs to the submit; ``None`` if none is left.

        Raises:
            AmbiguousJobsError: If more jobs are left than submits look for one.
        """

        def twins() -> list[PendingSubmit]:
            return [s for s in self._under_way if s.is_twin_of(submit) and s.began <= listed]

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
        self._under_way.discard(submit)
        self._changed.notify_all()


# One for the process: two services of one account would otherwise adopt each other's jobs.
LEDGER = Ledger()
