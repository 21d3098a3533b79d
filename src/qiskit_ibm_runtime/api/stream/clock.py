"""Clock and randomness, replaceable in tests."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from qiskit_ibm_runtime.api.http.retry import draw_jitter

if TYPE_CHECKING:
    import selectors
    import threading


class Clock:
    """The system clock."""

    def monotonic(self) -> float:
        """Return monotonic seconds."""
        return time.monotonic()

    def wait(self, event: threading.Event, seconds: float) -> bool:
        """Wait for an event with a timeout; return whether it was set."""
        return event.wait(seconds)

    def select(self, selector: selectors.BaseSelector, seconds: float | None) -> list[Any]:
        """Wait with a timeout until sockets are readable; return those."""
        return selector.select(seconds)

    def jitter(self) -> float:
        """Return a number from 0 to 1."""
        return draw_jitter()
