"""Asynchronous waiting for jobs; ``asyncio`` is imported on first use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from .watching import WATCHER

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Generator, Iterable

    from qiskit_ibm_runtime.program.result_decoder import Decoder
    from qiskit_ibm_runtime.runtime_job import RuntimeJob


class AwaitableJob:
    """Methods for waiting for a job in an event loop."""

    def __await__(self) -> Generator[Any, None, Any]:
        """Return the result of the job: ``result = await job``."""
        return self.result_async().__await__()

    async def result_async(
        self, timeout: float | None = None, decoder: Decoder | None = None
    ) -> Any:
        """Return the result like :meth:`result`, without blocking the event loop.

        .. versionadded:: 0.9.3+embedded.1

        Args:
            timeout: Maximum wait in seconds; no limit by default.
            decoder: Class with a ``decode`` method; the job's own decoder by default.
        """
        return await result_of(cast("RuntimeJob", self), timeout, decoder)

    async def wait_for_final_state_async(self, timeout: float | None = None) -> None:
        """Wait like :meth:`wait_for_final_state`, without blocking the event loop.

        .. versionadded:: 0.9.3+embedded.1

        Args:
            timeout: Maximum wait in seconds; no limit by default.
        """
        await wait_for(cast("RuntimeJob", self), timeout)


async def wait_for(job: RuntimeJob, timeout: float | None = None) -> None:
    """Wait until a job has finished; see :meth:`.RuntimeJob.wait_for_final_state_async`."""
    import asyncio

    deadline = job._deadline(timeout)
    try:
        await asyncio.wait_for(asyncio.wrap_future(WATCHER.watch(job)), timeout)
    except asyncio.TimeoutError:
        raise deadline.error() from None


async def result_of(
    job: RuntimeJob, timeout: float | None = None, decoder: Decoder | None = None
) -> Any:
    """Wait for a job and return its result; see :meth:`.RuntimeJob.result_async`."""
    import asyncio

    await wait_for(job, timeout)
    # Download and decode in a thread, because both may take a while.
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(None, lambda: job.result(decoder=decoder))


async def as_completed(
    jobs: Iterable[RuntimeJob], timeout: float | None = None
) -> AsyncIterator[RuntimeJob]:
    """Yield jobs as they finish; see :func:`qiskit_ibm_runtime.jobs.as_completed_async`."""
    import asyncio

    watched = {asyncio.wrap_future(WATCHER.watch(job)): job for job in jobs}
    first = next(iter(watched.values()), None)
    loop = asyncio.get_running_loop()
    end = None if timeout is None else loop.time() + timeout
    deadline = None if first is None else first._deadline(timeout)
    left = set(watched)
    try:
        while left:
            patience = None if end is None else max(end - loop.time(), 0.0)
            done, left = await asyncio.wait(
                left, timeout=patience, return_when=asyncio.FIRST_COMPLETED
            )
            if not done and deadline is not None:
                raise deadline.error()
            for each in done:
                each.result()
                yield watched[each]
    finally:
        for each in left:
            each.cancel()
