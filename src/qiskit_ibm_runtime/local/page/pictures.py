"""Pictures of circuits and results, drawn by a worker because the server parses no inputs."""

from __future__ import annotations

import asyncio
import json
from html import escape
from typing import TYPE_CHECKING, NamedTuple

from qiskit_ibm_runtime.local.programs import DRAWING

if TYPE_CHECKING:
    from qiskit_ibm_runtime.local.execution.executor import Executor
    from qiskit_ibm_runtime.local.storage.job_records import Job
    from qiskit_ibm_runtime.local.storage.store import Store

_SECONDS = 30.0
_MOST_KEPT = 64
_LARGEST = 4 * 2**20


class Picture(NamedTuple):
    """An SVG, and whether it may be cached."""

    svg: str
    is_lasting: bool


class Pictures:
    """Draw one picture at a time, and cache the latest.

    Args:
        store: Store of inputs and results.
        executor: Executor of the drawing program.
    """

    def __init__(self, store: Store, executor: Executor) -> None:
        self._store, self._executor = store, executor
        self._kept: dict[tuple[str, str], Picture] = {}
        self._turn: asyncio.Lock | None = None  # Python 3.9 ties it to a running loop

    async def of(self, job: Job, what: str) -> Picture:
        """Draw the ``circuits`` or the ``result`` of a job, or a message that says why not."""
        if self._turn is None:
            self._turn = asyncio.Lock()
        async with self._turn:
            found = self._kept.get((job.id, what))
            if found is None:
                found = await self._draw(job, what)
                if found.is_lasting:
                    while len(self._kept) >= _MOST_KEPT:
                        del self._kept[next(iter(self._kept))]
                    self._kept[job.id, what] = found
            return found

    async def _draw(self, job: Job, what: str) -> Picture:
        kind = "params" if what == "circuits" else "result"
        data = await self._store.payloads.read(job.id, kind) or b"null"
        if len(data) > _LARGEST:
            return text_picture(f"Too large to draw: {len(data)} bytes.", is_lasting=True)
        work = {
            "program": DRAWING,
            "source": None,
            "params": b'{"what": "%s", "data": %s}' % (what.encode(), data),
            "backend": job.backend,
        }
        try:
            outcome = await asyncio.wait_for(self._executor.run(work, _ignored), _SECONDS)
        except asyncio.TimeoutError:
            return text_picture(
                f"Drawing took more than {_SECONDS:.0f} seconds; it is too large, or the server is "
                "busy."
            )
        if not outcome.succeeded:
            last = outcome.text.strip().rpartition("\n")[2]
            return text_picture(f"Cannot be drawn: {last}")
        return Picture(json.loads(outcome.text), True)


def text_picture(text: str, *, is_lasting: bool = False) -> Picture:
    """Return a picture of one line of text."""
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" width="640" height="32">'
        f'<text x="4" y="21" font-family="sans-serif" font-size="14">{escape(text[:200])}</text>'
        "</svg>"
    )
    return Picture(svg, is_lasting)


def _ignored(_: str) -> None:
    """Ignore a message; the drawing program publishes none."""
