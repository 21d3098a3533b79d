"""Context manager that expects one warning, ignoring terra's deprecation warnings."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def expect_warning(message: str) -> Iterator[None]:
    """Expect exactly one warning that contains a message; issue other UserWarnings again."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield
    assert [message in str(one.message) for one in caught].count(True) == 1, caught
    for one in caught:
        if message not in str(one.message) and issubclass(one.category, UserWarning):
            warnings.warn_explicit(one.message, one.category, one.filename, one.lineno)
