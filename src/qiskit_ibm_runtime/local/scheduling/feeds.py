"""What running jobs publish: kept in batches, and told at once to the streams that listen."""

from __future__ import annotations

import asyncio
import logging
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from qiskit_ibm_runtime.local.storage.disk import WriteError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qiskit_ibm_runtime.local.storage.store import Store

logger = logging.getLogger(__name__)

# A program may publish thousands of messages a second; one transaction each would cost more than
# the program itself. Nobody notices ten milliseconds.
_BATCH_SECONDS = 0.01
# While the disk is full, what was published stays in memory, up to so many characters.
_RETRY_SECONDS = 1.0
_MOST_PENDING = 2**26
# A stream that cannot be closed within this time has lost its client.
_PATIENCE = 5.0


class Watch:
    """One listener of one job."""

    def __init__(self) -> None:
        self.changed = asyncio.Event()
        self.left = asyncio.Event()


class Feeds:
    """Messages on their way from jobs to the store and to listeners."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._published: dict[str, int] = {}
        self._pending: dict[str, list[str]] = {}
        self._size = 0
        self._watches: dict[str, set[Watch]] = {}
        self._timer: asyncio.TimerHandle | None = None

    def open(self, job_id: str) -> None:
        """Begin to take messages of a job."""
        self._published[job_id] = 0

    def publish(self, job_id: str, text: str) -> None:
        """Take one message of a running job; what a job says after its end is not heard.

        Raises:
            WriteError: If too much waits for a full disk.
        """
        if job_id not in self._published:
            return
        if self._size > _MOST_PENDING:
            raise WriteError("too many interim results wait until the disk can be written")
        self._size += len(text)
        self._pending.setdefault(job_id, []).append(text)
        self._flush_after(_BATCH_SECONDS)

    def flush(self) -> None:
        """Keep all that was published, and wake who listens.

        Raises:
            WriteError: If the disk is full, for example; what was published is kept in memory.
        """
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if not self._pending:
            return
        try:
            with self._store.transaction():
                for job_id, texts in self._pending.items():
                    self._store.jobs.add_messages(job_id, self._published[job_id], texts)
        except WriteError:
            self._flush_after(_RETRY_SECONDS)
            raise
        pending, self._pending, self._size = self._pending, {}, 0
        for job_id, texts in pending.items():
            self._published[job_id] += len(texts)
            self.wake(job_id)

    def close(self, job_id: str) -> None:
        """Keep what a job published so far, and take no more."""
        try:
            self.flush()
        except WriteError as error:
            lost = self._pending.pop(job_id, [])
            self._size -= sum(map(len, lost))
            logger.warning("Job %s lost %d interim results: %s.", job_id, len(lost), error)
        self._published.pop(job_id, None)

    def _flush_after(self, seconds: float) -> None:
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(seconds, self._flush_quietly)

    def _flush_quietly(self) -> None:
        with suppress(WriteError):  # it is tried again
            self.flush()

    def wake(self, job_id: str) -> None:
        """Tell the listeners of a job that something changed."""
        for watch in self._watches.get(job_id, ()):
            watch.changed.set()

    @contextmanager
    def watch(self, job_id: str) -> Iterator[Watch]:
        """Listen to a job."""
        watch = Watch()
        self._watches.setdefault(job_id, set()).add(watch)
        try:
            yield watch
        finally:
            watch.left.set()
            self._watches[job_id].discard(watch)
            if not self._watches[job_id]:
                del self._watches[job_id]

    async def end(self, job_id: str) -> None:
        """Wake the listeners of a job that ended, and wait until their streams are closed."""
        self.wake(job_id)
        leaving = [asyncio.ensure_future(w.left.wait()) for w in self._watches.get(job_id, ())]
        if leaving:
            _, late = await asyncio.wait(leaving, timeout=_PATIENCE)
            for task in late:
                task.cancel()
