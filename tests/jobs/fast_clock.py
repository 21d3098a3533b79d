"""Clocks for tests: one runs fast, the other advances only during waits."""

from __future__ import annotations

import threading
import time
from typing import Any, Callable

from qiskit_ibm_runtime.api.stream.hub import Clock


def until(condition: Callable[[], object]) -> None:
    """Wait for a condition that another thread fulfills."""
    pause, deadline = threading.Event(), time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "It never happened."
        pause.wait(0.002)


class FastClock(Clock):
    """Clock that runs ``speed`` times as fast as real time."""

    def __init__(self, speed: float = 200.0) -> None:
        self._speed = speed

    def monotonic(self) -> float:
        return time.monotonic() * self._speed

    def wait(self, event: threading.Event, seconds: float) -> bool:
        return event.wait(seconds / self._speed)

    def select(self, selector: Any, seconds: float | None) -> list[Any]:
        return selector.select(None if seconds is None else seconds / self._speed)

    def jitter(self) -> float:
        return 0.0


class StillClock(Clock):
    """Clock that advances only by waits, which return immediately.

    ``at(10, what)`` calls ``what`` after ten seconds; ``waits`` records all pauses.
    """

    def __init__(self) -> None:
        self.now = 1000.0
        self.waits: list[float] = []
        self._plan: list[tuple[float, Callable[[], object]]] = []

    def at(self, seconds: float, what: Callable[[], object]) -> None:
        self._plan.append((self.now + seconds, what))
        self._plan.sort(key=lambda entry: entry[0])

    def monotonic(self) -> float:
        return self.now

    def wait(self, event: threading.Event, seconds: float) -> bool:
        self.waits.append(seconds)
        end = self.now + seconds
        while self._plan and self._plan[0][0] <= end and not event.is_set():
            self.now, what = self._plan.pop(0)
            what()
        if event.is_set():
            return True
        self.now = end
        return False

    def jitter(self) -> float:
        return 0.0
