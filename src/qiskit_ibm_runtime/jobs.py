"""Several jobs at once: as they end, and what they used together."""

from __future__ import annotations

import concurrent.futures
from typing import TYPE_CHECKING, NamedTuple

from .api.http.concurrency import failures, run_concurrently
from .exceptions import RuntimeJobTimeoutError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Iterator

    from .runtime_job import RuntimeJob


def as_completed(jobs: Iterable[RuntimeJob], timeout: float | None = None) -> Iterator[RuntimeJob]:
    """Yield jobs in the order in which they end, failed ones included.

    One thread watches all of them: over their streams, and by at most two requests a second where
    these are open.

    .. code-block:: python

        from qiskit_ibm_runtime import QiskitRuntimeService, as_completed

        service = QiskitRuntimeService(channel="local")
        options = {"backend": "ibmq_qasm_simulator"}
        jobs = [service.run("hello-world", {"iterations": n}, options) for n in (3, 1)]
        for job in as_completed(jobs, timeout=60):
            print(job.job_id(), job.status().name)

    Args:
        jobs: The jobs; they may belong to different services.
        timeout: Seconds to wait at most for all of them; without limit by default.

    Raises:
        RuntimeJobTimeoutError: If the time is over first; the jobs go on.
        RequestsApiError: If a service cannot be asked for five minutes.
    """
    from ._jobs.watching import WATCHER

    watched = {WATCHER.watch(job): job for job in jobs}
    try:
        for ended in concurrent.futures.as_completed(watched, timeout):
            ended.result()
            yield watched[ended]
    except concurrent.futures.TimeoutError:
        unfinished = [job.job_id() for ended, job in watched.items() if not ended.done()]
        raise RuntimeJobTimeoutError(
            f"Timed out waiting for jobs: {timeout} seconds are over, and these go on: "
            f"{', '.join(unfinished)}."
        ) from None
    finally:
        for ended in watched:
            ended.cancel()


def as_completed_async(
    jobs: Iterable[RuntimeJob], timeout: float | None = None
) -> AsyncIterator[RuntimeJob]:
    """Yield jobs in the order in which they end, for ``async for``.

    Args:
        jobs: The jobs.
        timeout: Seconds to wait at most for all of them; without limit by default.

    Raises:
        RuntimeJobTimeoutError: If the time is over first; the jobs go on.
        RequestsApiError: If a service cannot be asked for five minutes.
    """
    from ._jobs.event_loop import as_completed

    return as_completed(jobs, timeout)


class Usage(NamedTuple):
    """What jobs used together.

    Attributes:
        seconds: Seconds of the backend.
        jobs: How many jobs that is.
        unknown: Ids of the jobs for which the service does not tell.
    """

    seconds: float
    jobs: int
    unknown: tuple[str, ...]


def total_usage(jobs: Iterable[RuntimeJob]) -> Usage:
    """Return the usage of jobs, summed; the metrics of each take one request.

    .. code-block:: python

        from qiskit_ibm_runtime import QiskitRuntimeService, total_usage

        service = QiskitRuntimeService(channel="local")
        print(total_usage(service.jobs(limit=None)).seconds)

    Args:
        jobs: The jobs.

    Raises:
        IBMNotAuthorizedError: If the service refuses the credentials.
    """
    every = list(jobs)
    answers = run_concurrently(lambda job: job.metrics(), every)
    ids = [job.job_id() for job in every]
    failed = failures(ids, answers)
    known: list[float] = []
    unknown: list[str] = []
    for job_id, answer in zip(ids, answers):
        metrics = {} if job_id in failed else answer.result()
        seconds = (metrics.get("usage") or metrics.get("bss") or {}).get("seconds")
        if isinstance(seconds, (int, float)):
            known.append(seconds)
        else:
            unknown.append(job_id)
    return Usage(float(sum(known)), len(known), tuple(unknown))
