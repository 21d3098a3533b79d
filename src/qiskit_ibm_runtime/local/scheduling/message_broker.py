"""Broker for interim results: stores them in batches and notifies subscribed streams."""

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

# A program may publish thousands of messages per second. One transaction for each would cost more
# than the program itself, and a delay of ten milliseconds goes unnoticed.
_BATCH_SECONDS = 0.01
# While the disk is full, messages stay in memory, up to this number of characters.
_RETRY_SECONDS = 1.0
_MAX_PENDING = 2**26
# A stream that does not close within this time has lost its client.
_CLOSE_TIMEOUT = 5.0


class Subscription:
    """Subscription of one stream to one job.

    Attributes:
        changed: Set when the job has new messages or a new status.
        closed: Set when the stream has closed.
    """

    def __init__(self) -> None:
        self.changed = asyncio.Event()
        self.closed = asyncio.Event()


class MessageBroker:
    """Pass messages from running jobs to the store, and notify subscribers."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._published: dict[str, int] = {}
        self._pending: dict[str, list[str]] = {}
        self._size = 0
        self._subscriptions: dict[str, set[Subscription]] = {}
        self._timer: asyncio.TimerHandle | None = None

    def open(self, job_id: str) -> None:
        """Start accepting messages of a job."""
        self._published[job_id] = 0

    def publish(self, job_id: str, text: str) -> None:
        """Accept one message of a running job; messages after its end are ignored.

        Raises:
            WriteError: If the disk is full and too many messages are pending.
        """
        if job_id not in self._published:
            return
        if self._size > _MAX_PENDING:
            raise WriteError("too many interim results are waiting for the disk to be writable")
        self._size += len(text)
        self._pending.setdefault(job_id, []).append(text)
        self._flush_after(_BATCH_SECONDS)

    def flush(self) -> None:
        """Store all pending messages and notify subscribers.

        Raises:
            WriteError: If the disk is full, for example; the messages stay in memory.
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
            self.notify(job_id)

    def close(self, job_id: str) -> None:
        """Store the pending messages of a job, and stop accepting messages of it."""
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
        with suppress(WriteError):  # flush has scheduled a retry
            self.flush()

    def notify(self, job_id: str) -> None:
        """Notify the subscribers of a job that something changed."""
        for subscription in self._subscriptions.get(job_id, ()):
            subscription.changed.set()

    @contextmanager
    def subscribe(self, job_id: str) -> Iterator[Subscription]:
        subscription = Subscription()
        self._subscriptions.setdefault(job_id, set()).add(subscription)
        try:
            yield subscription
        finally:
            subscription.closed.set()
            self._subscriptions[job_id].discard(subscription)
            if not self._subscriptions[job_id]:
                del self._subscriptions[job_id]

    async def end_subscriptions(self, job_id: str) -> None:
        """Notify the subscribers of a finished job, and wait until their streams have closed."""
        self.notify(job_id)
        closing = [
            asyncio.ensure_future(s.closed.wait()) for s in self._subscriptions.get(job_id, ())
        ]
        if closing:
            _, late = await asyncio.wait(closing, timeout=_CLOSE_TIMEOUT)
            for task in late:
                task.cancel()
