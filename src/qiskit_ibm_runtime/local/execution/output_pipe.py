"""Capture of a worker's output, of which the last part is kept."""

from __future__ import annotations

import asyncio
import os

LONGEST_LOG = 2**20
"""Number of bytes of a job's output to keep; earlier output is dropped."""
_AT_ONCE = 2**16


class OutputPipe:
    """Read end of a worker's output pipe.

    It is read continuously, so that output is never on disk, and at most one job's log is in
    memory.

    Attributes:
        writer: Write end of the pipe; must be closed by the caller after starting the worker.
    """

    def __init__(self) -> None:
        self._reader, self.writer = os.pipe()
        os.set_blocking(self._reader, False)
        self._kept, self._dropped = bytearray(), 0
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._reader, self._read)

    def take(self, start: str) -> str:
        """Return and discard the output since the line ``start``."""
        # Bounded, so that a process that prints endlessly cannot block us here.
        for _ in range(LONGEST_LOG // _AT_ONCE):
            if not self._read():
                break
        before, found, text = bytes(self._kept).partition(start.encode())
        dropped = 0 if found else self._dropped
        self._kept, self._dropped = bytearray(), 0
        output = (text if found else before).decode(errors="replace")
        return f"[the first {dropped} bytes are omitted]\n{output}" if dropped else output

    def close(self) -> None:
        """Close the pipe."""
        self._loop.remove_reader(self._reader)
        os.close(self._reader)

    def _read(self) -> bool:
        """Read from the pipe; return whether there was any output."""
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
