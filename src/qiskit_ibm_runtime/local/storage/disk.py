"""Waits until what was written is on the disk, beside the event loop and for many at once."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


class WriteError(Exception):
    """Nothing can be written, because the disk is full, for example; nothing was changed."""


class DiskSync:
    """Brings one file to the disk. Who comes while a sync runs shares the next one.

    A sync takes milliseconds, in which an event loop answers other requests; fifty clients who
    submit at once wait for two syncs, not for fifty.

    Args:
        path: The file, which stays the same one.
    """

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDONLY)
        self._running: asyncio.Task[None] | None = None
        self._next: asyncio.Task[None] | None = None
        self._failed: OSError | None = None

    async def wait(self) -> None:
        """Return when everything that was written before the call is on the disk.

        Raises:
            OSError: If it could not be brought there.
        """
        if self._next is None:
            self._next = asyncio.create_task(self._sync(self._running))
        # Others wait for it as well: anyone who gives up leaves it alone.
        await asyncio.shield(self._next)

    async def _sync(self, before: asyncio.Task[None] | None) -> None:
        if before is not None:
            await asyncio.wait({before})
        # From here on it would be too late to be covered by this one.
        self._running, self._next = self._next, None
        if self._failed is None:
            try:
                await asyncio.to_thread(os.fsync, self._file)
            except OSError as error:
                # The system forgets what it could not write: a later sync would succeed over a gap.
                self._failed = error
        if self._failed is not None:
            raise self._failed

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._file)


def sync(path: Path) -> None:
    """Bring a file, or the names in a folder, to the disk, and wait for it."""
    file = os.open(path, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)
