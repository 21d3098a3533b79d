"""A process that can start no thread now and then, as under a limit of its user or its memory."""

from __future__ import annotations

import threading

import pytest


def let_threads_start(patch: pytest.MonkeyPatch, *outcomes: bool, name: str = "") -> None:
    """Decide whether each next thread starts whose name begins with ``name``.

    The last outcome holds for all further ones.
    """
    start, left = threading.Thread.start, list(outcomes)

    def limited(thread: threading.Thread) -> None:
        if thread.name.startswith(name):
            outcome = left.pop(0) if len(left) > 1 else left[0]
            if not outcome:
                raise RuntimeError("can't start new thread")
        start(thread)

    patch.setattr(threading.Thread, "start", limited)
