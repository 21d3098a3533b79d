"""What an executor is given, and what it gives back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable, Optional, TypedDict

Publish = Callable[[str], None]


class Work(TypedDict, total=False):
    """One job for a worker; everything in it can travel as JSON."""

    program: str
    """Id of the program."""
    source: Optional[str]  # noqa: UP045  # read at run time on Python 3.9
    """Text of an uploaded program; ``None`` for a program of this package."""
    params: str
    """The inputs, as JSON text with typed wrappers."""
    backend: dict[str, Any]
    """Documents of the backend: ``configuration`` and ``properties``."""
    log_level: str
    """Least level of the log records that are kept; ``WARNING`` if it is missing."""


@dataclass(frozen=True)
class Outcome:
    """How a job ended: its result as JSON text, or the traceback of its failure."""

    succeeded: bool
    text: str
    log: str = ""
