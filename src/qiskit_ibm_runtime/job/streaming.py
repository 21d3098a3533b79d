"""Messages of a job, handed to a callback while the job runs."""

from __future__ import annotations

import logging
import queue
import threading
from typing import TYPE_CHECKING, Any, Callable

from qiskit_ibm_runtime.exceptions import IBMError

if TYPE_CHECKING:
    from qiskit_ibm_runtime.api.clients.runtime_ws import RuntimeWebsocketClient

logger = logging.getLogger(__name__)
_END = object()


class ResultStream:
    """One stream with its own queue and its own two daemon threads.

    Reading and calling back are apart, so that a slow callback does not let the connection starve.
    """

    def __init__(
        self,
        job_id: str,
        new_client: Callable[[queue.Queue[Any]], RuntimeWebsocketClient],
        decode: Callable[[str], Any],
        callback: Callable[[str, Any], Any],
    ) -> None:
        self._job_id = job_id
        self._decode = decode
        self._callback = callback
        self._messages: queue.Queue[Any] = queue.Queue()
        self.client = new_client(self._messages)
        self._reader = threading.Thread(target=self._read, name="job-stream", daemon=True)
        self._caller = threading.Thread(target=self._call, name="job-callback", daemon=True)
        self._caller.start()
        self._reader.start()

    @property
    def active(self) -> bool:
        """Whether messages may still come, or wait to be handed over."""
        return self._caller.is_alive()

    def _read(self) -> None:
        try:
            self.client.job_results()
        except IBMError as exc:
            logger.warning("Streaming of job %s ended: %s", self._job_id, exc.message)
        finally:
            self._messages.put(_END)

    def _call(self) -> None:
        while True:
            message = self._messages.get()
            if message is _END:
                return
            try:
                self._callback(self._job_id, self._decode(message))
            # Whatever the user's function raises must not end the stream of its next messages.
            except Exception:
                logger.warning("The callback for job %s failed.", self._job_id, exc_info=True)
