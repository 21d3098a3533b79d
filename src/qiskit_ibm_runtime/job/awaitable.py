"""Jobs as awaitables; an event loop is loaded only by who uses one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Generator

    from qiskit_ibm_runtime.program.result_decoder import Decoder
    from qiskit_ibm_runtime.runtime_job import RuntimeJob


class AwaitableJob:
    """Wait for a job, and for its result, in an event loop."""

    def __await__(self) -> Generator[Any, None, Any]:
        """Wait for the job in an event loop: ``await job`` is its result."""
        return self.result_async().__await__()

    async def result_async(
        self, timeout: float | None = None, decoder: Decoder | None = None
    ) -> Any:
        """Return the result as :meth:`result` does, without blocking the event loop.

        .. versionadded:: 0.9.3+embedded.1

        Args:
            timeout: Seconds to wait at most; without limit by default.
            decoder: Class with a ``decode`` method; by default the one of the job.
        """
        from .awaiting import result_of

        return await result_of(cast("RuntimeJob", self), timeout, decoder)

    async def wait_for_final_state_async(self, timeout: float | None = None) -> None:
        """Wait as :meth:`wait_for_final_state` does, without blocking the event loop.

        .. versionadded:: 0.9.3+embedded.1

        Args:
            timeout: Seconds to wait at most; without limit by default.
        """
        from .awaiting import wait_for

        await wait_for(cast("RuntimeJob", self), timeout)
