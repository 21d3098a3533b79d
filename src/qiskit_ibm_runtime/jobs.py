"""Helpers for several jobs: waiting for completion, and total usage.

.. versionadded:: 0.9.3+embedded.1
"""

from __future__ import annotations

import concurrent.futures
from typing import TYPE_CHECKING, NamedTuple

from .api.http.concurrency import failures, run_concurrently
from .exceptions import RuntimeJobTimeoutError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Iterator

    from .runtime_job import RuntimeJob


def as_completed(jobs: Iterable[RuntimeJob], timeout: float | None = None) -> Iterator[RuntimeJob]:
    """Yield jobs as they finish, including failed ones.

    One thread watches all of them through their streams. It polls jobs with open streams with at
    most two requests per second.

    .. versionadded:: 0.9.3+embedded.1

    .. code-block:: python

        from qiskit_ibm_runtime import QiskitRuntimeService, as_completed

        service = QiskitRuntimeService(channel="local")
        options = {"backend": "ibmq_qasm_simulator"}
        jobs = [service.run("hello-world", {"iterations": n}, options) for n in (3, 1)]
        for job in as_completed(jobs, timeout=60):
            print(job.job_id(), job.status().name)

    Args:
        jobs: The jobs, possibly of different services.
        timeout: Maximum wait for all of them in seconds; no limit by default.

    Raises:
        RuntimeJobTimeoutError: If the timeout expires first; the jobs continue to run.
        RequestsApiError: If a service is unreachable for five minutes.
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
            f"Timed out waiting for jobs after {timeout} seconds. Unfinished jobs, which continue "
            f"to run: {', '.join(unfinished)}."
        ) from None
    finally:
        for ended in watched:
            ended.cancel()


async def as_completed_async(
    jobs: Iterable[RuntimeJob], timeout: float | None = None
) -> AsyncIterator[RuntimeJob]:
    """Yield jobs as they finish, for ``async for``.

    .. versionadded:: 0.9.3+embedded.1

    Args:
        jobs: The jobs.
        timeout: Maximum wait for all of them in seconds; no limit by default.

    Raises:
        RuntimeJobTimeoutError: If the timeout expires first; the jobs continue to run.
        RequestsApiError: If a service is unreachable for five minutes.
    """
    import asyncio

    from ._jobs.waiting import Wait
    from ._jobs.watching import WATCHER

    watched = {asyncio.wrap_future(WATCHER.watch(job)): job for job in jobs}
    first = next(iter(watched.values()), None)
    loop = asyncio.get_running_loop()
    end = None if timeout is None else loop.time() + timeout
    wait = None if first is None else Wait(first, timeout)
    left = set(watched)
    try:
        while left:
            patience = None if end is None else max(end - loop.time(), 0.0)
            done, left = await asyncio.wait(
                left, timeout=patience, return_when=asyncio.FIRST_COMPLETED
            )
            if not done and wait is not None:
                raise wait.error()
            for each in done:
                each.result()
                yield watched[each]
    finally:
        for each in left:
            each.cancel()


class Usage(NamedTuple):
    """Total usage of several jobs.

    .. versionadded:: 0.9.3+embedded.1

    Attributes:
        seconds: Total usage of the backends in seconds.
        jobs: Number of jobs included in the total.
        unknown: Ids of jobs whose usage the service does not report.
    """

    seconds: float
    jobs: int
    unknown: tuple[str, ...]


def total_usage(jobs: Iterable[RuntimeJob]) -> Usage:
    """Return the total usage of jobs, fetching the metrics of each with one request.

    .. versionadded:: 0.9.3+embedded.1

    .. code-block:: python

        from qiskit_ibm_runtime import QiskitRuntimeService, total_usage

        service = QiskitRuntimeService(channel="local")
        print(total_usage(service.jobs(limit=None)).seconds)

    Args:
        jobs: The jobs.

    Raises:
        IBMNotAuthorizedError: If the service rejects the credentials.
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
