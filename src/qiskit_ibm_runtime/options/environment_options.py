"""Options for the environment of a job."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Callable, List  # noqa: UP035 - read at run time on Python 3.9 too

from .flexible import Section, flexible


@flexible
@dataclass
class EnvironmentOptions(Section):
    """Options for the environment of a job.

    .. code-block:: python

        from qiskit_ibm_runtime.options import EnvironmentOptions, Options

        def progress(job_id, message):
            print(job_id, message["metadata"])

        options = Options(environment=EnvironmentOptions(job_tags=["run-7"], callback=progress))

    Attributes:
        log_level: Level of the job's log: ``"DEBUG"``, ``"INFO"``, ``"WARNING"`` (the default),
            ``"ERROR"`` or ``"CRITICAL"``, in any case.
        callback: Function to call with job id and message for each interim result and the final
            result, in a separate thread. It is never copied or sent. Default: ``None``.
        job_tags: Tags for finding the job with ``service.jobs(job_tags=...)``. Default: none.
    """

    log_level: str = "WARNING"
    callback: Callable | None = None  # type: ignore[type-arg]  # any callable of two arguments
    job_tags: List | None = field(default_factory=list)  # type: ignore[type-arg]  # noqa: UP006
