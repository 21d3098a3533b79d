"""What a worker prints: the end of it, however much it is."""

from __future__ import annotations

import asyncio
import os

LONGEST_LOG = 2**20
"""Bytes kept of what one job prints; the beginning goes first."""
_AT_ONCE = 2**16


class Printed:
    """The reading end of the pipe into which a worker prints.

    It is read as it fills, so that nothing lies on the disk and no more than a job's log is in
    memory.

    Attributes:
        writer: The other end; the one who starts the worker closes it.
    """

    def __init__(self) -> None:
        self._reader, self.writer = os.pipe()
        os.set_blocking(self._reader, False)
        self._kept, self._dropped = bytearray(), 0
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._reader, self._read)

    def take(self, start: str) -> str:
        """What was printed since the line ``start``, and forget it."""
        # The pipe holds less than a log. Whoever prints without end must not keep us here.
        for _ in range(LONGEST_LOG // _AT_ONCE):
            if not self._read():
                break
        before, found, text = bytes(self._kept).partition(start.encode())
        dropped = 0 if found else self._dropped
        self._kept, self._dropped = bytearray(), 0
        told = (text if found else before).decode(errors="replace")
        return f"[the first {dropped} bytes are left out]\n{told}" if dropped else told

    def close(self) -> None:
        """Let go of the pipe."""
        self._loop.remove_reader(self._reader)
        os.close(self._reader)

    def _read(self) -> bool:
        """Take what is in the pipe; return whether there was something."""
        try:
            part = os.read(self._reader, _AT_ONCE)
        except BlockingIOError:
            return False
        if not part:
            self._loop.remove_reader(self._reader)
            return False
        self._kept += part
        surplus = len(self._kept) - LONGEST_LOG
        if surplus > 0:
            del self._kept[:surplus]
            self._dropped += surplus
        return True
