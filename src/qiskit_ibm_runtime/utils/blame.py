"""Warnings that name the user's line, however deep in the package they come up."""

from __future__ import annotations

import sys

_PACKAGE = __name__.split(".", 1)[0]


def users_line() -> int:
    """The ``stacklevel`` for :func:`warnings.warn`, when called by the function that warns.

    It blames the innermost line outside this package; a subclass of one of our classes is outside.
    """
    level, frame = 1, sys._getframe(1)
    while frame.f_back is not None and _is_ours(frame.f_globals.get("__name__", "")):
        level, frame = level + 1, frame.f_back
    return level


def _is_ours(module: str) -> bool:
    return module == _PACKAGE or module.startswith(f"{_PACKAGE}.")
