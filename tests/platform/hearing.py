"""Expect a warning, whatever terra says beside it."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def hearing(text: str) -> Iterator[None]:
    """Expect one warning with a text."""
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        yield
    assert [text in str(one.message) for one in heard].count(True) == 1, heard
    for one in heard:
        if text not in str(one.message) and issubclass(one.category, UserWarning):
            warnings.warn_explicit(one.message, one.category, one.filename, one.lineno)
