"""Payloads: up to one mebibyte in database rows, larger ones in files next to the database."""

from __future__ import annotations

import asyncio
import os
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Union

from .disk import WriteError, sync

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import AsyncIterator, Iterable
    from pathlib import Path

LARGEST_ROW = 2**20
"""Size in bytes above which a payload is stored in a file, written outside of the event loop."""
# These kinds are written once, so a file name is never reused. All other kinds are small.
_IN_FILES = ("params", "result")
Data = Union[bytes, memoryview]


def encode(text: str) -> bytes:
    """Encode a string in UTF-8; lone surrogates become backslash escapes."""
    return text.encode("utf-8", "backslashreplace")


class Payloads:
    """Payloads by owner (a job or program) and kind (``params``, ``result``, ``log``, ``source``).

    ``put`` and ``drop`` must be called inside a transaction of the store. A file is complete on
    disk before its row is committed, and is removed only after its row is deleted. Files without a
    row, which a crash may leave, are removed at the next start.
    """

    def __init__(self, connection: sqlite3.Connection, folder: Path) -> None:
        self._connection, self._folder = connection, folder
        folder.mkdir(exist_ok=True, mode=0o700)
        self._written: list[str] = []
        self._dropped: list[str] = []
        known = {file for (file,) in connection.execute("SELECT file FROM payloads")}
        found = (path for path in folder.rglob("*") if path.is_file())
        names = (path.relative_to(folder).as_posix() for path in found)
        self._remove([name for name in names if name not in known])

    @asynccontextmanager
    async def prepared(self, owner: str, kind: str, data: Data) -> AsyncIterator[None]:
        """Write a large payload outside of the event loop, for a ``put`` inside the block.

        If the block does not put it, the file is removed.
        """
        file = _file(owner, kind, data)
        if file is None:
            yield
            return
        try:
            await asyncio.to_thread(self._write, file, data)
            yield
        finally:
            if self._row(owner, kind) is None:
                self._remove([file])

    def put(self, owner: str, kind: str, data: Data) -> None:
        """Store a payload, replacing an older one of this owner and kind."""
        file = _file(owner, kind, data)
        if file is not None:
            if not (self._folder / file).exists():
                self._write(file, data)
            self._written.append(file)
        self._connection.execute(
            "INSERT OR REPLACE INTO payloads VALUES (?, ?, ?, ?)",
            (owner, kind, data if file is None else None, file),
        )

    def get(self, owner: str, kind: str) -> bytes | None:
        """Return a payload, or ``None`` if there is none."""
        row = self._row(owner, kind)
        if row is None or row[1] is None:
            return row and row[0]
        return (self._folder / row[1]).read_bytes()

    async def read(self, owner: str, kind: str) -> bytes | None:
        """Return a payload or ``None``; large ones are read outside of the event loop."""
        row = self._row(owner, kind)
        if row is None or row[1] is None:
            return row and row[0]
        return await asyncio.to_thread((self._folder / row[1]).read_bytes)

    def drop(self, owner: str, kind: str | None = None) -> None:
        """Delete the payloads of an owner, of one kind or of all kinds."""
        where, arguments = "owner = ?", [owner]
        if kind is not None:
            where, arguments = "owner = ? AND kind = ?", [owner, kind]
        files = self._connection.execute(
            f"SELECT file FROM payloads WHERE {where} AND file IS NOT NULL",  # noqa: S608 - our words
            arguments,
        )
        self._dropped += [file for (file,) in files]
        self._connection.execute(f"DELETE FROM payloads WHERE {where}", arguments)  # noqa: S608

    def committed(self) -> None:
        """Remove the files whose rows were deleted; called after each commit."""
        self._remove(self._dropped)
        self._dropped, self._written = [], []

    def rolled_back(self) -> None:
        """Remove the files whose rows were not committed; called after each rollback."""
        self._remove(self._written)
        self._dropped, self._written = [], []

    def _row(self, owner: str, kind: str) -> tuple[bytes | None, str | None] | None:
        found = self._connection.execute(
            "SELECT data, file FROM payloads WHERE owner = ? AND kind = ?", (owner, kind)
        ).fetchone()
        return found if found is None else (found[0], found[1])

    def _remove(self, files: Iterable[str]) -> None:
        for file in files:
            (self._folder / file).unlink(missing_ok=True)

    def _write(self, file: str, data: Data) -> None:
        path = self._folder / file
        try:
            with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as f:
                f.write(data)
            sync(path)
            sync(self._folder)
        except OSError as error:
            path.unlink(missing_ok=True)
            raise WriteError(str(error)) from error


def _file(owner: str, kind: str, data: Data) -> str | None:
    """Return the file name of a payload, or ``None`` if it is stored in its row."""
    return f"{owner}.{kind}" if kind in _IN_FILES and len(data) > LARGEST_ROW else None
