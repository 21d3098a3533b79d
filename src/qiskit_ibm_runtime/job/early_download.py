"""The result, fetched beside the last question for the status: one round trip for both."""

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
    """A download that begins when the stream says that the job ended.

    Services may end the stream a little before the result is there, so an empty text or an error
    says nothing, and the result is asked for again.

    Attributes:
        wanted: Whether somebody waits for the result, and not for the end alone.
    """

    def __init__(self) -> None:
        self.wanted = False
        self._future: Future[str] | None = None

    def start(self, pool: WorkerPool, fetch: Callable[[], str]) -> None:
        """Begin, if the result is wanted and no download is under way."""
        if self.wanted and self._future is None:
            with suppress(RuntimeError):  # no thread can be started: the result is fetched later
                self._future = pool.submit(fetch)

    def text(self, deadline: Deadline) -> str:
        """Return the text; empty if there was no download, or if it came too early.

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
            logger.debug("A result was asked for too early.", exc_info=True)
            return ""
