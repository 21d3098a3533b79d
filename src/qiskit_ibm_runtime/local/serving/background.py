"""Servers in a thread of this process, for tests: they start in milliseconds."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any, TypeVar

from qiskit_ibm_runtime.local.app import create_app

from .server import base_url, listen, make_server, start

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from starlette.types import ASGIApp

    from qiskit_ibm_runtime.local.execution.executor import Executor, Outcome, Publish, Work
    from qiskit_ibm_runtime.local.settings import Settings

Result = TypeVar("Result")


class Background:
    """An event loop in a thread of its own."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(
            target=self.loop.run_forever, name="embedded-runtime", daemon=True
        )
        self._thread.start()

    def run(self, coroutine: Coroutine[Any, Any, Result]) -> Result:
        """Run a coroutine there and return its result."""
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result()

    def close(self) -> None:
        """End the thread."""
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()


class Shared:
    """An executor that several servers use: none of them starts or stops it."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor

    @property
    def capacity(self) -> int:
        """How many jobs run at once."""
        return self._executor.capacity

    async def start(self) -> None:
        """It runs already."""

    async def stop(self) -> None:
        """It runs on."""

    async def run(self, work: Work, publish: Publish) -> Outcome:
        """Run one job."""
        return await self._executor.run(work, publish)


class BackgroundServer:
    """One server on a free port of the loopback address.

    Args:
        background: Where it runs.
        settings: How it is set up; host and port are not used.
        executor: What runs its jobs; worker processes of its own by default.
        build: Makes another application, inside the loop.
    """

    def __init__(
        self,
        background: Background,
        settings: Settings,
        executor: Executor | None = None,
        build: Callable[[], ASGIApp] | None = None,
    ) -> None:
        self._background = background
        self.settings = settings
        self.url = background.run(self._start(build or (lambda: create_app(settings, executor))))

    async def _start(self, build: Callable[[], ASGIApp]) -> str:
        app = build()
        self._server = make_server(app)
        listener = listen("127.0.0.1", 0)
        self._task = await start(self._server, listener)
        return base_url(self.settings, listener)

    def tell_to_stop(self) -> None:
        """Let it end in its own time."""
        self._server.should_exit = True

    def stop(self) -> None:
        """Stop it and wait for its end."""
        self.tell_to_stop()
        self._background.run(self._end())

    async def _end(self) -> None:
        await self._task
