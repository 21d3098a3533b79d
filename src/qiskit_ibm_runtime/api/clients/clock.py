"""Time and chance, in one place, so that tests can replace both."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from qiskit_ibm_runtime.api.retry import chance

if TYPE_CHECKING:
    import selectors
    import threading


class Clock:
    """The clock of the machine."""

    def monotonic(self) -> float:
        """Return seconds that only ever grow."""
        return time.monotonic()

    def wait(self, event: threading.Event, seconds: float) -> bool:
        """Wait for an event, at most so long; tell whether it came."""
        return event.wait(seconds)

    def select(self, selector: selectors.BaseSelector, seconds: float | None) -> list[Any]:
        """Wait until a socket can be read, at most so long; return those that can."""
        return selector.select(seconds)

    def jitter(self) -> float:
        """Return a number from 0 to 1."""
        return chance()
