"""State that a forked child must not inherit: locks, connections, work of other threads."""

from __future__ import annotations

import os
import weakref
from typing import Protocol


class Resettable(Protocol):
    """An object with state of the process that made it."""

    def reset_after_fork(self) -> None:
        """Drop that state; runs in the child, which has no other threads."""


_watched: weakref.WeakSet[Resettable] = weakref.WeakSet()


def reset_in_children(thing: Resettable) -> None:
    """Reset an object in each child that is forked during its lifetime."""
    _watched.add(thing)


def _reset() -> None:
    for thing in list(_watched):
        thing.reset_after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_reset)
