"""Servers for tests, with real sockets on loopback and shared worker processes."""

from __future__ import annotations

import asyncio
import secrets
import sys
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit
from weakref import WeakSet

from qiskit_ibm_runtime.local.app import create_app, make_executor
from qiskit_ibm_runtime.local.platform.routes import ROOT as PLATFORM
from qiskit_ibm_runtime.local.serving.server import base_url, listen, make_server, start
from qiskit_ibm_runtime.local.settings import DEFAULT_USER, Settings, User

from .faults import Faults
from .recorder import Recorder

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from starlette.types import ASGIApp

    from qiskit_ibm_runtime import QiskitRuntimeService
    from qiskit_ibm_runtime.local.execution.executor import Executor, Outcome, Publish, Work

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
        self._server = make_server(app, self.settings)
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


class ServerPool:
    """Pool of servers that share one thread and one set of worker processes.

    Creating a pool takes about a second, because its workers import Qiskit. A server in the pool
    starts in milliseconds.

    .. code-block:: python

        from qiskit_ibm_runtime.testing import ServerPool

        with ServerPool() as pool, pool.server(devices=["fake_lima"]) as server:
            print(server.service().backends(simulator=False))

    Args:
        workers: Number of concurrent jobs.
    """

    def __init__(self, workers: int = 2) -> None:
        self.workers = workers
        self._servers: WeakSet[RuntimeServer] = WeakSet()
        self._thread = LoopThread()
        self._executor = make_executor(Settings(workers=workers))
        self._thread.run(self._executor.start())

    def server(self, faults: Faults | None = None, **settings: Any) -> RuntimeServer:
        """Start a server.

        Args:
            faults: Faults to inject; none by default.
            settings: Settings of the server, in the form of the TOML file.

        Raises:
            SettingsError: If a setting is unknown or invalid.
        """
        settings = {"workers": self.workers, **settings}
        server = RuntimeServer(
            self._thread, SharedExecutor(self._executor), settings, faults or Faults()
        )
        self._servers.add(server)
        return server

    def close(self) -> None:
        """Stop all servers, the workers and the thread."""
        for server in list(self._servers):
            server.stop()
        self._thread.run(self._executor.stop())
        self._thread.close()

    def __enter__(self) -> ServerPool:  # noqa: PYI034 - typing has no Self before 3.11
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


Workshop = ServerPool  # former name, kept for existing scripts


def _forget_client_state(netloc: str) -> None:
    """Discard client state that refers to the server with this host and port."""
    from qiskit_ibm_runtime._jobs.streaming import cancel_streams_of
    from qiskit_ibm_runtime.session import _DEFAULT_SESSION

    cancel_streams_of(netloc)
    session = _DEFAULT_SESSION.get()
    params = getattr(getattr(session, "_service", None), "_client_params", None)
    if params is not None and urlsplit(str(params.url)).netloc == netloc:
        _DEFAULT_SESSION.set(None)


@dataclass(frozen=True)
class PlatformAddress:
    """Connection data of a server for clients of today's IBM Quantum Platform.

    Attributes:
        base: Base URL, which serves as the URL of every service of the platform.
        url: URL of the runtime API.
        api_key: API key of the server's user.
        instance: CRN of the service instance.
    """

    base: str
    url: str
    api_key: str = field(repr=False)
    instance: str

    @property
    def environment(self) -> dict[str, str]:
        """Environment variables that make clients log in and discover instances at this server."""
        return dict.fromkeys(
            ("IAM_URL", "GLOBAL_SEARCH_URL", "GLOBAL_CATALOG_URL", "RESOURCE_CONTROLLER_URL"),
            self.base,
        )


class RuntimeServer:
    """Server with fault injection and a record of its requests.

    Attributes:
        token: API token of its user.
        faults: Faults to inject; initially those passed to :meth:`ServerPool.server`. See
            :class:`~qiskit_ibm_runtime.testing.faults.Faults`.
        requests: Recorded requests and responses, with secrets redacted. See
            :class:`~qiskit_ibm_runtime.testing.recorder.Recorder`.
    """

    requests: Recorder

    def __init__(
        self,
        thread: LoopThread,
        executor: Executor,
        settings: dict[str, Any],
        faults: Faults,
    ) -> None:
        values = Settings.values(settings)
        values.setdefault("users", (User(DEFAULT_USER, secrets.token_urlsafe(16)),))
        made = Settings(**values)
        self.token = made.users[0].token
        self.faults = faults
        self._stopped = False
        self._instance = made.services[0].key if made.services else ""

        def build() -> Recorder:
            self.requests = Recorder(create_app(made, executor, wrap=faults.around))
            return self.requests

        self._server = BackgroundServer(thread, made, build=build)

    @property
    def url(self) -> str:
        """URL of this server, for the ``url`` of an account."""
        return f"{self._server.url}/api"

    @property
    def platform(self) -> PlatformAddress:
        """Connection data for clients of today's platform.

        .. code-block:: python

            from qiskit_ibm_runtime.testing import ServerPool

            with ServerPool() as pool, pool.server() as server:
                print(server.platform.url, server.platform.instance)
        """
        base = self._server.url
        return PlatformAddress(base, f"{base}{PLATFORM}", self.token, self._instance)

    def service(self, **arguments: Any) -> QiskitRuntimeService:
        """Connect to this server; passes ``arguments`` to :class:`QiskitRuntimeService`."""
        from qiskit_ibm_runtime import QiskitRuntimeService
        from qiskit_ibm_runtime.api.http.liveness import watch

        watch(self.url, self._why_ended)
        given = {"channel": "local", "url": self.url, "token": self.token, **arguments}
        return QiskitRuntimeService(**given)

    def stop(self) -> None:
        """Stop the server and discard its data; services connected to it stop working.

        Callbacks of its jobs receive no more messages. A default session on one of its services
        is cleared.
        """
        if self._stopped:
            return
        self._stopped = True
        netloc = urlsplit(self.url).netloc
        if "qiskit_ibm_runtime.session" in sys.modules:
            _forget_client_state(netloc)
        self._server.stop()

    def _why_ended(self) -> str | None:
        if not self._stopped:
            return None
        return "This test server has been stopped and its jobs are lost; request a new one."

    def __enter__(self) -> RuntimeServer:  # noqa: PYI034 - typing has no Self before 3.11
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
