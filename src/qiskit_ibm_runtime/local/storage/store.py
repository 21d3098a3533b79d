"""Persistent state: one SQLite database and a folder of large payloads."""

from __future__ import annotations

import os
import secrets
import sqlite3
import tempfile
from contextlib import ExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from qiskit_ibm_runtime.local.settings import SettingsError
from qiskit_ibm_runtime.local.timestamps import format_timestamp

from .disk import DiskSync, WriteError, sync
from .job_records import Jobs
from .payloads import Payloads
from .program_records import Programs
from .session_records import Sessions

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from datetime import datetime

FORMAT = 3
_TABLES = """
CREATE TABLE facts (name TEXT PRIMARY KEY, value BLOB NOT NULL);
CREATE TABLE jobs (
  user TEXT NOT NULL, instance TEXT NOT NULL, program TEXT NOT NULL, backend TEXT NOT NULL,
  session TEXT, id TEXT PRIMARY KEY, status TEXT NOT NULL, reason TEXT NOT NULL,
  created TEXT NOT NULL, running TEXT, finished TEXT, seconds REAL NOT NULL, details TEXT NOT NULL
);
CREATE INDEX jobs_of_user ON jobs (user, id);
CREATE INDEX jobs_by_status ON jobs (status, id);
CREATE INDEX jobs_by_session ON jobs (session);
CREATE TABLE tags (job TEXT NOT NULL, tag TEXT NOT NULL, PRIMARY KEY (job, tag)) WITHOUT ROWID;
CREATE INDEX jobs_by_tag ON tags (tag);
CREATE TABLE messages (
  job TEXT NOT NULL, number INTEGER NOT NULL, text TEXT NOT NULL, PRIMARY KEY (job, number)
) WITHOUT ROWID;
CREATE TABLE submissions (
  user TEXT NOT NULL, key TEXT NOT NULL, digest TEXT NOT NULL, job TEXT NOT NULL,
  backend TEXT NOT NULL, created TEXT NOT NULL, PRIMARY KEY (user, key)
) WITHOUT ROWID;
CREATE TABLE sessions (
  id TEXT PRIMARY KEY, user TEXT NOT NULL, instance TEXT NOT NULL, backend TEXT NOT NULL,
  seconds REAL NOT NULL, started REAL, closed INTEGER NOT NULL
);
"""
_PAYLOADS = """
CREATE TABLE payloads (
  owner TEXT NOT NULL, kind TEXT NOT NULL, data BLOB, file TEXT, PRIMARY KEY (owner, kind)
);
"""
_PROGRAMS = """
CREATE TABLE programs (
  id TEXT PRIMARY KEY, user TEXT NOT NULL, name TEXT NOT NULL, public INTEGER NOT NULL,
  created TEXT NOT NULL, updated TEXT NOT NULL, details TEXT NOT NULL
);
"""
_SESSION_MODES = """
ALTER TABLE sessions ADD COLUMN mode TEXT NOT NULL DEFAULT '';
ALTER TABLE sessions ADD COLUMN created TEXT NOT NULL DEFAULT '';
"""
# By the format that they start from. Format 1 stored payloads as text and had unique program names.
# Before format 3, only the first job could open a session.
_MIGRATIONS = {
    0: (_TABLES, _PAYLOADS, _PROGRAMS, _SESSION_MODES),
    1: (
        "ALTER TABLE payloads RENAME TO payloads_of_1",
        _PAYLOADS,
        "INSERT INTO payloads SELECT owner, kind, CAST(text AS BLOB), file FROM payloads_of_1",
        "DROP TABLE payloads_of_1",
        "ALTER TABLE programs RENAME TO programs_of_1",
        _PROGRAMS,
        "INSERT INTO programs SELECT * FROM programs_of_1",
        "DROP TABLE programs_of_1",
        _SESSION_MODES,
    ),
    2: (_SESSION_MODES,),
}


class Store:
    """Database of a data folder, locked by one server at a time.

    Args:
        folder: The data folder; by default a temporary folder, removed on close.

    Attributes:
        folder: The data folder.
        is_temporary: Whether the data is removed on close.

    Raises:
        SettingsError: If another server uses the folder, a newer release wrote it, or it is damaged
            or not writable.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.is_temporary = folder is None
        self.folder = folder or Path()
        self._closing = ExitStack()
        try:
            if folder is None:
                temporary = tempfile.TemporaryDirectory("-qiskit-runtime")
                self.folder = Path(self._closing.enter_context(temporary))
            self._open(self.folder / "runtime.sqlite")
        except (OSError, sqlite3.Error) as error:
            self.close()
            raise SettingsError(_error_message(self.folder, error)) from error
        except BaseException:
            self.close()
            raise

    def _open(self, path: Path) -> None:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        # The database holds inputs and results, so other users must not be able to read it.
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        # Disable implicit transactions, and do not wait for other processes.
        connection = sqlite3.connect(str(path), timeout=0.5, isolation_level=None)
        self._closing.callback(connection.close)
        self._connection = connection
        # Two servers on one folder would run every job twice.
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        connection.execute("PRAGMA journal_mode = WAL")
        # NORMAL survives a crash of the process. Only acknowledged requests must also survive a
        # crash of the machine; see `durably`. Temporary data need not survive anything.
        synchronous = "OFF" if self.is_temporary else "NORMAL"
        connection.execute(f"PRAGMA synchronous = {synchronous}")
        connection.execute("BEGIN IMMEDIATE")
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        for statement in ";".join(_MIGRATIONS.get(version, ())).split(";"):
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {max(version, FORMAT)}")
        connection.execute("COMMIT")
        if version > FORMAT:
            raise SettingsError(f"{path} was written by a newer release; use that release.")
        self._log = path.with_name(f"{path.name}-wal")
        self._disk = None if self.is_temporary else DiskSync(self._log)
        if self._disk is not None:
            self._closing.callback(self._disk.close)
        self.payloads = Payloads(connection, self.folder / "payloads")
        self.jobs = Jobs(connection, self.payloads)
        self.programs = Programs(connection, self.payloads)
        self.sessions = Sessions(connection)

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Run the block in a transaction, which survives a crash of the process once committed.

        Raises:
            WriteError: If the disk is full, for example.
        """
        connection = self._connection
        try:
            connection.execute("BEGIN IMMEDIATE")
            yield connection
            connection.execute("COMMIT")
        except BaseException as error:
            # SQLite rolls back some failed transactions itself.
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            self.payloads.rolled_back()
            if isinstance(error, sqlite3.OperationalError):
                raise WriteError(str(error)) from error
            raise
        self.payloads.committed()

    @asynccontextmanager
    async def durably(self) -> AsyncIterator[sqlite3.Connection]:
        """Run the block in a transaction and sync it to disk; the block must not await.

        Raises:
            WriteError: If the disk is full, for example.
            OSError: If the sync failed; the transaction is not rolled back.
        """
        with self.transaction() as connection:
            yield connection
        await self.on_disk()

    async def on_disk(self) -> None:
        """Return once everything committed is on disk."""
        if self._disk is not None:
            await self._disk.wait()

    @property
    def changes(self) -> int:
        """Counter that grows whenever a row is inserted, updated or deleted."""
        return self._connection.total_changes

    def secret(self, name: str) -> bytes:
        """Return random bytes that stay the same for this folder, creating them if needed."""
        found = self._connection.execute(
            "SELECT value FROM facts WHERE name = ?", (name,)
        ).fetchone()
        if found:
            return bytes(found[0])
        made = secrets.token_bytes(32)
        with self.transaction() as connection:
            connection.execute("INSERT INTO facts VALUES (?, ?)", (name, made))
        if not self.is_temporary:
            sync(self._log)
            sync(self.folder)
        return made

    def purge(self, limit: datetime) -> int:
        """Delete the jobs that finished before a time; return how many."""
        moment = format_timestamp(limit)
        with self.transaction() as connection:
            old = self.jobs.finished_before(moment)
            for job_id in old:
                self.jobs.delete(job_id)
            self.sessions.delete_empty()
            connection.execute("DELETE FROM submissions WHERE created < ?", (moment,))
        return len(old)

    def close(self) -> None:
        """Close the database and release the folder."""
        self._closing.close()


def _error_message(folder: Path, error: Exception) -> str:
    """Explain why a data folder cannot be used, and what to do about it."""
    if "locked" in str(error):
        return f"The data in {folder} is used by another server; stop that one first."
    if isinstance(error, sqlite3.Error):
        return (
            f"{folder / 'runtime.sqlite'} cannot be used: {error}. If it is damaged or not a "
            "database of this server, restore it from a backup or choose another folder."
        )
    return f"The data in {folder} cannot be used: {error}"
