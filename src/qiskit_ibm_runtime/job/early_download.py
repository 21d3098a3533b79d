"""Download the result concurrently with the last status request."""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import TYPE_CHECKING, Callable

from qiskit_ibm_runtime.exceptions import IBMError, RuntimeJobTimeoutError

if TYPE_CHECKING:
    from concurrent.futures import Future

    from qiskit_ibm_runtime.api.concurrency import WorkerPool

    from .deadline import Deadline

logger = logging.getLogger(__name__)


class EarlyDownload:
    """Download that starts when the stream reports the end of the job.

    Services may end the stream a little before the result is there, so an empty text or an error
    says nothing, and the result is asked for again.

    Attributes:
        wanted: Whether somebody waits for the result, and not for the end alone.
    """

    def __init__(self) -> None:
        self.wanted = False
        self._future: Future[str] | None = None

    def start(self, pool: WorkerPool, fetch: Callable[[], str]) -> None:
        """Start the download, if the result is wanted and none is in progress."""
        if self.wanted and self._future is None:
            with suppress(RuntimeError):  # no thread can be started: the result is fetched later
                self._future = pool.submit(fetch)

    def text(self, deadline: Deadline) -> str:
        """Return the result; empty if there was no download, or if it was too early.

        Raises:
            RuntimeJobTimeoutError: If the deadline is over.
        """
        future, self._future = self._future, None
        if future is None:
            return ""
        try:
            return deadline.answer(future)
        except RuntimeJobTimeoutError:
            raise
        except IBMError:
            logger.debug("A result was requested too early.", exc_info=True)
            return ""
