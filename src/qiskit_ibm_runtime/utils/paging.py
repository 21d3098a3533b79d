"""Reading lists that a service hands out in pages."""

from __future__ import annotations

from typing import Any


def is_last_page(records: list[Any], count: Any, offset: int, *, news: bool) -> bool:
    """Return whether a page ends a listing: services count differently, so an empty one does.

    Args:
        records: Content of the page.
        count: Number of records as the service gives it, which may be that of the page.
        offset: Number of records read so far.
        news: Whether the page holds anything that those before did not; a service that ignores the
            offset gives the same page again and again.
    """
    if news:
        return False
    more = isinstance(count, int) and count > offset
    return not (records and more)
