"""Pagination of listings."""

from __future__ import annotations

from typing import Any


def is_last_page(records: list[Any], count: Any, offset: int, *, news: bool) -> bool:
    """Return whether a page is the last one of a listing.

    Args:
        records: Records of the page.
        count: The service's record count, which may count only the page.
        offset: Number of records read so far.
        news: Whether the page contains new records; services that ignore the offset return the
            same page repeatedly.
    """
    if news:
        return False
    more = isinstance(count, int) and count > offset
    return not (records and more)
