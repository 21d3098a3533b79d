"""Flushing writes to disk, outside of the event loop and shared by concurrent callers."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


class WriteError(Exception):
    """A write failed, for example because the disk is full; nothing was changed."""


class DiskSync:
    """Sync one file to disk; callers that arrive during a sync share the next one.

    A sync takes milliseconds, during which the event loop serves other requests. Fifty clients
    that submit at once wait for two syncs rather than fifty.

    Args:
        path: The file, which must not be replaced.
    """

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDONLY)
        self._running: asyncio.Task[None] | None = None
        self._next: asyncio.Task[None] | None = None
        self._failed: OSError | None = None

    async def wait(self) -> None:
        """Return once everything written before the call is on disk.

        Raises:
            OSError: If the sync failed.
        """
        if self._next is None:
            self._next = asyncio.create_task(self._sync(self._running))
        # Other callers may wait for the same sync, so canceling one must not cancel it.
        await asyncio.shield(self._next)

    async def _sync(self, before: asyncio.Task[None] | None) -> None:
        if before is not None:
            await asyncio.wait({before})
        # Later writes are not covered by this sync.
        self._running, self._next = self._next, None
        if self._failed is None:
            try:
                await asyncio.to_thread(os.fsync, self._file)
            except OSError as error:
                # The kernel drops pages that it failed to write, so a later sync would succeed
                # although data is missing.
                self._failed = error
        if self._failed is not None:
            raise self._failed

    def close(self) -> None:
        os.close(self._file)


def sync(path: Path) -> None:
    """Sync a file, or the entries of a folder, to disk."""
    file = os.open(path, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)
