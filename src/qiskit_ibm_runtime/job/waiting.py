"""Waiting for the end of a job: the stream tells at once, and polling beside it never fails to.

A stream that is refused, dropped, silent or slow delays a result by no more than the longest pause
between two polls.
"""

from __future__ import annotations

import random
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Callable

from qiskit_ibm_runtime.api.exceptions import ApiError
from qiskit_ibm_runtime.exceptions import IBMError, RuntimeJobTimeoutError

if TYPE_CHECKING:
    from qiskit_ibm_runtime.api.clients.runtime_ws import RuntimeWebsocketClient


@dataclass(frozen=True)
class PollSchedule:
    """Pauses between polls, in seconds.

    Attributes:
        first: The first pause.
        growth: How much longer each further one is.
        longest: The longest without a stream.
        longest_beside_stream: The longest while a stream is open and may push the end.
    """

    first: float = 0.1
    growth: float = 1.4
    longest: float = 1.5
    longest_beside_stream: float = 3.0

    def pause(self, polls: int, *, streaming: bool, jitter: float) -> float:
        """Seconds before the next poll; ``jitter`` from 0 to 1 shortens it by up to a quarter."""
        most = self.longest_beside_stream if streaming else self.longest
        return min(self.first * self.growth**polls, most) * (1 - jitter / 4)


class EndOfStream:
    """A stream read in a daemon thread, for the moment when it ends."""

    def __init__(self, stream: RuntimeWebsocketClient) -> None:
        self._stream = stream
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._read, name="job-stream", daemon=True)
        self._thread.start()

    def _read(self) -> None:
        try:
            self._stream.job_results()
        except (ApiError, IBMError):
            # Without the stream polling alone finds the end; it is under way already.
            return
        self._over.set()

    @property
    def open(self) -> bool:
        """Whether the stream is connected."""
        return self._stream.connected

    def wait(self, seconds: float) -> bool:
        """Wait for the end, at most so long; tell whether the server ended the stream just now."""
        ended = self._over.wait(seconds)
        self._over.clear()
        return ended

    def close(self) -> None:
        """Stop reading, and leave no thread behind."""
        self._stream.disconnect()
        self._thread.join(timeout=1)


def wait_until_final(
    job_id: str,
    is_final: Callable[[], bool],
    new_stream: Callable[[], RuntimeWebsocketClient],
    timeout: float | None = None,
    schedule: PollSchedule = PollSchedule(),
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Return when a job has ended.

    Args:
        job_id: The job, for messages.
        is_final: Asks the service whether the job ended.
        new_stream: Makes the stream of the job.
        timeout: Seconds to wait at most; without limit by default.
        schedule: Pauses between polls.
        clock: The monotonic clock.

    Raises:
        RuntimeJobTimeoutError: If the time is over first.
    """
    deadline = None if timeout is None else clock() + timeout
    if is_final():
        return
    stream = EndOfStream(new_stream())
    polls = 0
    try:
        while True:
            pause = schedule.pause(polls, streaming=stream.open, jitter=random.random())
            if deadline is not None:
                left = deadline - clock()
                if left <= 0:
                    raise RuntimeJobTimeoutError(
                        f"Timed out waiting for job {job_id}: {timeout} seconds are over. "
                        "The job itself goes on; fetch it later with service.job()."
                    )
                pause = min(pause, left)
            # Services may end the stream just before the status changes: then polls are quick.
            polls = 0 if stream.wait(pause) else polls + 1
            if is_final():
                return
    finally:
        stream.close()
