"""Texts of any size: short ones in the database, large ones as files beside it."""

from __future__ import annotations

import asyncio
import os
import secrets
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .disk import sync

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import AsyncIterator
    from pathlib import Path

# Below this a row costs less than a file; above it the database would be slow to write back.
LARGEST_ROW = 64 * 2**10


@dataclass
class Prepared:
    """A text as its row has it: in full, or as the name of a file that is on disk."""

    text: str | None
    file: str | None = None
    is_put: bool = False


class Payloads:
    """Texts by owner (a job or program) and kind (``params``, ``result``, ``log``, ``source``).

    Writing and dropping belong inside a transaction of the store. A file is complete on disk
    before its row is committed, and goes only after its row is gone; what a crash leaves between
    the two is swept up at the next start.
    """

    def __init__(self, connection: sqlite3.Connection, folder: Path) -> None:
        self._connection, self._folder = connection, folder
        self._written: list[str] = []
        self._dropped: list[str] = []

    @asynccontextmanager
    async def prepared(self, text: str) -> AsyncIterator[Prepared]:
        """Bring a large text to the disk beside the event loop, to be put; removed if it is not."""
        data = text.encode("utf-8", "backslashreplace")
        if len(data) <= LARGEST_ROW:
            yield Prepared(data.decode())
            return
        ready = Prepared(None, await asyncio.to_thread(self._write, data))
        try:
            yield ready
        finally:
            if not ready.is_put:
                self._remove([str(ready.file)])

    def put(self, owner: str, kind: str, text: str | Prepared) -> None:
        """Keep a text, replacing an older one."""
        self._drop_files("owner = ? AND kind = ?", owner, kind)
        if isinstance(text, str):
            data = text.encode("utf-8", "backslashreplace")
            small = len(data) <= LARGEST_ROW
            text = Prepared(data.decode()) if small else Prepared(None, self._write(data))
        if text.file is not None:
            self._written.append(text.file)
        text.is_put = True
        self._connection.execute(
            "INSERT OR REPLACE INTO payloads VALUES (?, ?, ?, ?)",
            (owner, kind, text.text, text.file),
        )

    def get(self, owner: str, kind: str) -> str | None:
        """Return a text, or ``None`` if there is none."""
        row = self._connection.execute(
            "SELECT text, file FROM payloads WHERE owner = ? AND kind = ?", (owner, kind)
        ).fetchone()
        if row is None:
            return None
        text, file = row
        return str(text) if file is None else (self._folder / file).read_text(encoding="utf-8")

    def drop(self, owner: str) -> None:
        """Remove everything of an owner."""
        self._drop_files("owner = ?", owner)
        self._connection.execute("DELETE FROM payloads WHERE owner = ?", (owner,))

    def sweep(self) -> None:
        """Remove files without a row."""
        rows = self._connection.execute("SELECT file FROM payloads WHERE file IS NOT NULL")
        kept = {file for (file,) in rows}
        for path in self._folder.glob("*/*"):
            if path.relative_to(self._folder).as_posix() not in kept:
                path.unlink()

    def committed(self) -> None:
        """Remove the files whose rows are gone."""
        self._remove(self._dropped)
        self._forget()

    def rolled_back(self) -> None:
        """Remove the files that got no row."""
        self._remove(self._written)
        self._forget()

    def _remove(self, files: list[str]) -> None:
        for file in files:
            with suppress(FileNotFoundError):
                (self._folder / file).unlink()

    def _forget(self) -> None:
        self._dropped.clear()
        self._written.clear()

    def _drop_files(self, where: str, *arguments: str) -> None:
        query = f"SELECT file FROM payloads WHERE file IS NOT NULL AND {where}"  # noqa: S608
        self._dropped.extend(file for (file,) in self._connection.execute(query, arguments))

    def _write(self, data: bytes) -> str:
        name = secrets.token_hex(16)
        # Spread over 256 folders, which stay small.
        path = self._folder / name[:2] / name[2:]
        self._folder.mkdir(exist_ok=True, mode=0o700)
        path.parent.mkdir(exist_ok=True, mode=0o700)
        try:
            with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as f:
                f.write(data)
            for entry in (path, path.parent, self._folder):
                sync(entry)
        except OSError:
            path.unlink(missing_ok=True)
            raise
        return f"{name[:2]}/{name[2:]}"
