"""Waiting for jobs of a service without streams: it is asked, less and less often."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Any, Callable

from qiskit_ibm_runtime._jobs.record import final_state
from qiskit_ibm_runtime._jobs.waiting import PollSchedule
from qiskit_ibm_runtime.api.clients.base import BaseWebsocketClient, WebsocketClientCloseCode
from qiskit_ibm_runtime.api.exceptions import WebsocketError
from qiskit_ibm_runtime.exceptions import IBMError

if TYPE_CHECKING:
    from qiskit_ibm_runtime.api.client_parameters import ClientParameters

logger = logging.getLogger(__name__)
# While another thread asks, anyone who waits is told by it; this is for the case that it dies.
_BESIDE_ANOTHER = 60.0
_MOST_FAILURES = 60


class GrowingPauses(PollSchedule):
    """Pauses that make 14 questions in the first minute and 12 in each later one."""

    def pause(self, polls: int, *, streaming: bool, jitter: float) -> float:
        """Seconds before the next question; 5 at most."""
        return _BESIDE_ANOTHER if streaming else min(0.4 * 3.0 ** min(polls, 8), 5.0)


class Questions(BaseWebsocketClient):
    """Stands in for the stream of a job.

    With a queue for messages, the only message is the result: the job is asked for in a thread.
    """

    SCHEDULE = GrowingPauses()

    def __init__(
        self,
        params: ClientParameters,
        job_id: str,
        messages: Any,
        state: Callable[[str], dict[str, Any]],
        result: Callable[[str], str],
    ) -> None:
        super().__init__(params.get_runtime_api_base_url(), params, job_id, messages)
        self._ask, self._fetch = state, result
        self._stop = threading.Event()

    def _handle_message(self, message: str) -> None:
        self._message_queue.put(message)

    def _handle_stream_iteration(self) -> None:
        """Do nothing before a connection."""

    def follow(self) -> None:
        """Begin to ask, if somebody wants the result."""
        if self._message_queue is not None:
            self.connected = True
            threading.Thread(target=self._work, name="job-questions", daemon=True).start()

    def disconnect(
        self, close_code: WebsocketClientCloseCode | None = WebsocketClientCloseCode.NORMAL
    ) -> None:
        """Stop asking; returns at once."""
        self._client_close_code, self._ended = close_code, True
        self._stop.set()
        if not self.finished.is_set():
            self._finish(WebsocketError(f"Job {self._job_id} is no longer asked for."))

    def _work(self) -> None:
        failure: WebsocketError | None = None
        try:
            ended = self._wait()
            if ended == "DONE":
                self._handle_message(self._fetch(self._job_id))
        except IBMError as exc:
            failure = WebsocketError(f"Asking for job {self._job_id} failed: {exc.message}")
        if not self._ended:
            self._finish(failure)

    def _wait(self) -> str:
        polls = failures = 0
        while not self._ended:
            try:
                state = final_state(self._ask(self._job_id))
                failures = 0
            except IBMError:
                state, failures = None, failures + 1
                if failures > _MOST_FAILURES:
                    raise
            if state is not None:
                return str(state.status.name)
            self._stop.wait(self.SCHEDULE.pause(polls, streaming=False, jitter=0.0))
            polls += 1
        return ""
