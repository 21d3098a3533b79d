"""What an executor is given, and what it gives back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable

Publish = Callable[[str], None]

Work = dict[str, Any]
"""One job for a worker. Everything in it can travel as JSON:

- ``program``: id of the program;
- ``source``: text of an uploaded program; ``None`` for a program of this package;
- ``params``: the inputs, as JSON text with typed wrappers;
- ``backend``: documents of the backend, ``configuration`` and ``properties``;
- ``may_split``: whether a large job may ask to be run in parts instead;
- ``part``: number of the part to run; the whole job if it is missing;
- ``log_level``: least level of the log records that are kept; ``WARNING`` if it is missing.
"""


@dataclass(frozen=True)
class Outcome:
    """How a job ended: its result as JSON text, or the traceback of its failure.

    ``parts`` is above 0 if it ended at once, to be run in so many parts.
    """

    succeeded: bool
    text: str
    log: str = ""
    parts: int = 0
