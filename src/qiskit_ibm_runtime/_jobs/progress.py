"""Progress display while waiting for a job."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Callable, Union

from qiskit.exceptions import QiskitError
from qiskit.providers.jobstatus import JOB_FINAL_STATES, JobStatus

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qiskit_ibm_runtime.runtime_job import RuntimeJob

_STEPS = {JobStatus.RUNNING: 1, **dict.fromkeys(JOB_FINAL_STATES, 2)}
_CLEAR_LINE = "\r\x1b[2K"


@dataclass(frozen=True)
class Progress:
    """Progress of a job.

    .. versionadded:: 0.9.3+embedded.1

    Attributes:
        job_id: Id of the job.
        status: Status of the job.
        position: Position in the queue; ``None`` if the job is not queued or it is unknown.
        elapsed: Seconds since the wait began.
    """

    job_id: str
    status: JobStatus
    position: int | None
    elapsed: float

    def __str__(self) -> str:
        place = "" if self.position is None else f", position {self.position} in the queue"
        return f"job {self.job_id}: {self.status.name}{place}, {_duration(self.elapsed)}"


Report = Callable[[Progress], Any]
Wanted = Union[bool, Report]


class Lines:
    """Print a line to standard error for each change, for pipes and logs."""

    def __init__(self) -> None:
        self._last: tuple[JobStatus, int | None] | None = None

    def show(self, progress: Progress) -> None:
        """Print the progress if it changed."""
        if (progress.status, progress.position) != self._last:
            self._last = (progress.status, progress.position)
            print(progress, file=sys.stderr, flush=True)  # noqa: T201

    def close(self) -> None:
        """Do nothing."""


class OneLine:
    """Update one line of a terminal."""

    def show(self, progress: Progress) -> None:
        """Replace the line."""
        sys.stderr.write(f"{_CLEAR_LINE}{progress}")
        sys.stderr.flush()

    def close(self) -> None:
        """End the line."""
        sys.stderr.write("\n")


class NotebookBar:
    """Progress bar of tqdm in Jupyter."""

    def __init__(self, bar: Any) -> None:
        self._bar = bar(total=2, bar_format="{desc} {bar}")

    def show(self, progress: Progress) -> None:
        """Update the bar, which is half full while the job runs."""
        self._bar.set_description_str(str(progress), refresh=False)
        self._bar.n = _STEPS.get(progress.status, 0)
        self._bar.refresh()

    def close(self) -> None:
        """Close the bar, which shows an interruption if it is not full."""
        self._bar.close()


@contextmanager
def showing(job: RuntimeJob, wanted: Wanted) -> Iterator[Callable[[int], bool]]:
    """Yield a status check that updates a progress display.

    Args:
        job: The job.
        wanted: A function to call, or true for the default display of this environment.
    """
    began = time.monotonic()
    display = None if callable(wanted) else _display()
    show: Any = wanted if display is None else display.show

    def is_final(_hold: int) -> bool:
        # No long polling, because the display could not be updated meanwhile.
        final = job._is_final()
        elapsed = time.monotonic() - began
        show(Progress(job.job_id(), job._status, _position(job), elapsed))
        return final

    try:
        yield is_final
    finally:
        if display is not None:
            display.close()


def _position(job: RuntimeJob) -> int | None:
    """Return the queue position, or ``None`` if it is unknown."""
    if job._status is not JobStatus.QUEUED:
        return None
    with suppress(QiskitError):
        position = job._api_client.job_metadata(job.job_id()).get("position_in_queue")
        return position if isinstance(position, int) else None
    return None


def _display() -> Lines | OneLine | NotebookBar:
    bar = _notebook_bar()
    if bar is not None:
        return NotebookBar(bar)
    return OneLine() if sys.stderr.isatty() else Lines()


def _notebook_bar() -> Any:
    """Return tqdm's notebook bar if it is available in this environment, else ``None``."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    if type(shell).__name__ != "ZMQInteractiveShell":
        return None
    try:
        import ipywidgets  # noqa: F401  # required by tqdm's bar
        from tqdm.notebook import tqdm
    except ImportError:
        return None
    return tqdm


def _duration(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
