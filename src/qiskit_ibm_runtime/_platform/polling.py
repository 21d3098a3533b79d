"""Waiting for jobs by polling, as the platform has no streams."""

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
# Another thread that polls wakes up all waiters; this timeout covers the case that it dies.
_OTHER_THREAD_TIMEOUT = 60.0
_MOST_FAILURES = 60


class PollBackoff(PollSchedule):
    """Increase the poll interval to 5 seconds: 14 polls in the first minute, then 12 per minute."""

    def pause(self, polls: int, *, streaming: bool, jitter: float) -> float:
        """Return the seconds before the next poll, at most 5."""
        return _OTHER_THREAD_TIMEOUT if streaming else min(0.4 * 3.0 ** min(polls, 8), 5.0)


class PollingStream(BaseWebsocketClient):
    """Replace the stream of a job by polling its state.

    With a message queue, a thread polls the job and puts the final result as the only message.
    """

    SCHEDULE = PollBackoff()

    def __init__(
        self,
        params: ClientParameters,
        job_id: str,
        messages: Any,
        state: Callable[[str], dict[str, Any]],
        result: Callable[[str], str],
    ) -> None:
        super().__init__(params.get_runtime_api_base_url(), params, job_id, messages)
        self._get_state, self._get_result = state, result
        self._stop = threading.Event()

    def _handle_message(self, message: str) -> None:
        self._message_queue.put(message)

    def _handle_stream_iteration(self) -> None:
        """Do nothing: there is no connection to set up."""

    def follow(self) -> None:
        """Start polling if there is a message queue."""
        if self._message_queue is not None:
            self.connected = True
            threading.Thread(target=self._work, name="job-polling", daemon=True).start()

    def disconnect(
        self, close_code: WebsocketClientCloseCode | None = WebsocketClientCloseCode.NORMAL
    ) -> None:
        """Stop polling, without waiting for the thread."""
        self._client_close_code, self._ended = close_code, True
        self._stop.set()
        if not self.finished.is_set():
            self._finish(WebsocketError(f"Stopped polling job {self._job_id}."))

    def _work(self) -> None:
        failure: WebsocketError | None = None
        try:
            ended = self._wait()
            if ended == "DONE":
                self._handle_message(self._get_result(self._job_id))
        except IBMError as exc:
            failure = WebsocketError(f"Polling job {self._job_id} failed: {exc.message}")
        if not self._ended:
            self._finish(failure)

    def _wait(self) -> str:
        polls = failures = 0
        while not self._ended:
            try:
                state = final_state(self._get_state(self._job_id))
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
