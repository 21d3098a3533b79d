"""Event loop in a thread, and servers that run on it, for tests: they start in milliseconds."""

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


class LoopThread:
    """Event loop that runs in its own thread."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(
            target=self.loop.run_forever, name="embedded-runtime", daemon=True
        )
        self._thread.start()

    def run(self, coroutine: Coroutine[Any, Any, Result]) -> Result:
        """Run a coroutine on the loop and return its result."""
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result()

    def close(self) -> None:
        """Stop the loop and join the thread."""
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()


class SharedExecutor:
    """Executor that several servers share; the owner of the wrapped executor starts and stops it.

    Args:
        executor: The wrapped executor.
    """

    def __init__(self, executor: Executor) -> None:
        self._executor = executor

    @property
    def capacity(self) -> int:
        """Number of jobs that can run at once."""
        return self._executor.capacity

    async def start(self) -> None:
        """Do nothing."""

    async def stop(self) -> None:
        """Do nothing."""

    async def run(self, work: Work, publish: Publish) -> Outcome:
        """Run one job."""
        return await self._executor.run(work, publish)


class BackgroundServer:
    """Server on a free port of the loopback address.

    Args:
        thread: Thread whose event loop serves.
        settings: Settings of the server; host and port are ignored.
        executor: Runs the jobs; by default, worker processes of the server.
        build: Alternative application factory, called inside the loop.
    """

    def __init__(
        self,
        thread: LoopThread,
        settings: Settings,
        executor: Executor | None = None,
        build: Callable[[], ASGIApp] | None = None,
    ) -> None:
        self._thread = thread
        self.settings = settings
        self.url = thread.run(self._start(build or (lambda: create_app(settings, executor))))

    async def _start(self, build: Callable[[], ASGIApp]) -> str:
        app = build()
        self._server = make_server(app)
        listener = listen("127.0.0.1", 0)
        self._task = await start(self._server, listener)
        return base_url(self.settings, listener)

    def request_stop(self) -> None:
        """Ask the server to stop, without waiting."""
        self._server.should_exit = True

    def stop(self) -> None:
        """Stop the server and wait until it has ended."""
        self.request_stop()
        self._thread.run(self._end())

    async def _end(self) -> None:
        await self._task
