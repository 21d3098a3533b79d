"""What surrounds a job."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Callable, List  # noqa: UP035 - read at run time on Python 3.9 too

from .flexible import flexible


@flexible
@dataclass
class EnvironmentOptions:
    """What surrounds a job.

    .. code-block:: python

        EnvironmentOptions(job_tags=["run-7"], callback=lambda job_id, result: print(result))

    Attributes:
        log_level: ``DEBUG``, ``INFO``, ``WARNING``, ``ERROR`` or ``CRITICAL``.
        callback: Called with job id and message for each result that the job publishes.
        job_tags: Words to find the job by.
    """

    log_level: str = "WARNING"
    callback: Callable | None = None  # type: ignore[type-arg]  # any callable of two arguments
    job_tags: List | None = field(default_factory=list)  # type: ignore[type-arg]  # noqa: UP006
