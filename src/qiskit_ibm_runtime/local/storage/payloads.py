"""Data of any size: up to a mebibyte as rows of the database, above it as files beside it."""

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
"""Bytes above which data is a file, which is written beside the event loop."""
# Written once, so that each file has one name for ever; everything else is small.
_IN_FILES = ("params", "result")
Data = Union[bytes, memoryview]


def encoded(text: str) -> bytes:
    """Text in UTF-8; half a character, which UTF-8 cannot write, becomes its escape."""
    return text.encode("utf-8", "backslashreplace")


class Payloads:
    """Data by owner (a job or program) and kind (``params``, ``result``, ``log``, ``source``).

    Writing and dropping belong inside a transaction of the store. A file is complete on disk before
    its row is committed, and is removed only after its row has gone; files that a crash leaves
    without a row are removed at the next start.
    """

    def __init__(self, connection: sqlite3.Connection, folder: Path) -> None:
        self._connection, self._folder = connection, folder
        folder.mkdir(exist_ok=True, mode=0o700)
        self._written: list[str] = []
        self._dropped: list[str] = []
        kept = {file for (file,) in connection.execute("SELECT file FROM payloads")}
        found = (path for path in folder.rglob("*") if path.is_file())
        names = (path.relative_to(folder).as_posix() for path in found)
        self._remove([name for name in names if name not in kept])

    @asynccontextmanager
    async def prepared(self, owner: str, kind: str, data: Data) -> AsyncIterator[None]:
        """Write large data beside the event loop, before a transaction puts it.

        Without that transaction, the file is removed.
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
        """Keep data, in place of older data of this owner and kind."""
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
        """Return data, or ``None`` if there is none."""
        row = self._row(owner, kind)
        if row is None or row[1] is None:
            return row and row[0]
        return (self._folder / row[1]).read_bytes()

    async def read(self, owner: str, kind: str) -> bytes | None:
        """Return data, read beside the event loop if it is large, or ``None`` if there is none."""
        row = self._row(owner, kind)
        if row is None or row[1] is None:
            return row and row[0]
        return await asyncio.to_thread((self._folder / row[1]).read_bytes)

    def drop(self, owner: str, kind: str | None = None) -> None:
        """Remove the data of an owner, of one kind or all of it."""
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
        """Remove the files whose rows have gone."""
        self._remove(self._dropped)
        self._dropped, self._written = [], []

    def rolled_back(self) -> None:
        """Remove the files that got no row."""
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
    """The name of the file that data belongs in, if it does not belong in its row."""
    return f"{owner}.{kind}" if kind in _IN_FILES and len(data) > LARGEST_ROW else None
