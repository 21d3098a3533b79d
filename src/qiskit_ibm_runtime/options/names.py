"""Names of options: which are known, and which one a misspelt name meant."""

from __future__ import annotations

import difflib
import sys
import warnings
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_PACKAGE = __name__.split(".", 1)[0]


def suggestion(name: str, known: Iterable[str]) -> str:
    """Return " Did you mean …?" for a name close to a known one, else nothing."""
    close = difflib.get_close_matches(name, list(known), n=1, cutoff=0.75)
    return f" Did you mean {close[0]!r}?" if close else ""


def warn_user(message: str, category: type[Warning]) -> None:
    """Warn, and blame the nearest line outside this package."""
    level = 2
    frame = sys._getframe(1)
    while frame.f_back is not None and _inside(frame.f_globals.get("__name__", "")):
        frame = frame.f_back
        level += 1
    warnings.warn(message, category, stacklevel=level - 1)


def _inside(module: str) -> bool:
    return module == _PACKAGE or module.startswith(f"{_PACKAGE}.")
