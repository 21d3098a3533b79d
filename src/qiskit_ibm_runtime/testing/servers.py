"""Servers for tests, with real sockets on loopback and shared worker processes."""

from __future__ import annotations

import secrets
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from weakref import WeakSet

from qiskit_ibm_runtime.local.app import create_app
from qiskit_ibm_runtime.local.execution import executors
from qiskit_ibm_runtime.local.faults import Faults
from qiskit_ibm_runtime.local.platform.routes import ROOT as PLATFORM
from qiskit_ibm_runtime.local.serving.background import Background, BackgroundServer, Shared
from qiskit_ibm_runtime.local.settings import DEFAULT_USER, Settings, User

from .recorder import Recorder

if TYPE_CHECKING:
    from qiskit_ibm_runtime import QiskitRuntimeService
    from qiskit_ibm_runtime.local.execution.executor import Executor


class ServerPool:
    """Pool of test servers that share one thread and the worker processes.

    Starting the workers takes about a second, because they import Qiskit. Each server of a running
    pool then starts in milliseconds.

    .. code-block:: python

        from qiskit_ibm_runtime.testing import ServerPool

        with ServerPool() as pool, pool.server(devices=["fake_lima"]) as server:
            print(server.service().backends(simulator=False))

    Args:
        workers: Number of jobs that run concurrently.
    """

    def __init__(self, workers: int = 2) -> None:
        self.workers = workers
        self._servers: WeakSet[RuntimeServer] = WeakSet()
        self._background = Background()
        self._executor = executors.create(workers=workers)
        self._background.run(self._executor.start())

    def server(self, faults: Faults | None = None, **settings: Any) -> RuntimeServer:
        """Start a server.

        Args:
            faults: Faults to inject; none by default.
            settings: Any settings of the TOML file, in the same form.

        Raises:
            SettingsError: If a setting is unknown or invalid.
        """
        settings = {"workers": self.workers, **settings}
        server = RuntimeServer(
            self._background, Shared(self._executor), settings, faults or Faults()
        )
        self._servers.add(server)
        return server

    def close(self) -> None:
        """Stop the running servers, the workers and the thread."""
        for server in list(self._servers):
            server.stop()
        self._background.run(self._executor.stop())
        self._background.close()

    def __enter__(self) -> ServerPool:  # noqa: PYI034 - typing has no Self before 3.11
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _forget_client_state(netloc: str) -> None:
    """Discard client state that refers to the server with this host and port."""
    from qiskit_ibm_runtime.job.streaming import cancel_streams_of
    from qiskit_ibm_runtime.session import _DEFAULT_SESSION

    cancel_streams_of(netloc)
    session = _DEFAULT_SESSION.get()
    params = getattr(getattr(session, "_service", None), "_client_params", None)
    if params is not None and urlsplit(str(params.url)).netloc == netloc:
        _DEFAULT_SESSION.set(None)


@dataclass(frozen=True)
class PlatformAddress:
    """Connection details for clients of the current IBM Quantum Platform.

    Attributes:
        base: Base URL of the server, for every service of the platform.
        url: Base URL of the runtime API.
        api_key: API key of the user.
        instance: CRN of the service instance.
    """

    base: str
    url: str
    api_key: str = field(repr=False)
    instance: str

    @property
    def environment(self) -> dict[str, str]:
        """Environment variables that make clients log in and discover instances here."""
        return dict.fromkeys(
            ("IAM_URL", "GLOBAL_SEARCH_URL", "GLOBAL_CATALOG_URL", "RESOURCE_CONTROLLER_URL"),
            self.base,
        )


class RuntimeServer:
    """Test server with fault injection and a record of its requests.

    Attributes:
        token: Token of the server's user.
        faults: Faults to inject; initially empty. See
            :class:`~qiskit_ibm_runtime.local.faults.Faults`.
        requests: Recorded requests and responses, without secrets. See
            :class:`~qiskit_ibm_runtime.testing.recorder.Recorder`.
    """

    requests: Recorder

    def __init__(
        self,
        background: Background,
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
            self.requests = Recorder(create_app(made, executor, faults=faults))
            return self.requests

        self._server = BackgroundServer(background, made, build=build)

    @property
    def url(self) -> str:
        """``url`` of an account for this server."""
        return f"{self._server.url}/api"

    @property
    def platform(self) -> PlatformAddress:
        """Connection details for the server's IBM Quantum Platform API.

        .. code-block:: python

            from qiskit_ibm_runtime.testing import ServerPool

            with ServerPool() as pool, pool.server() as server:
                print(server.platform.url, server.platform.instance)
        """
        base = self._server.url
        return PlatformAddress(base, f"{base}{PLATFORM}", self.token, self._instance)

    def service(self, **arguments: Any) -> QiskitRuntimeService:
        """Connect to this server, passing ``arguments`` to :class:`QiskitRuntimeService`."""
        from qiskit_ibm_runtime import QiskitRuntimeService
        from qiskit_ibm_runtime.api.liveness import watch

        watch(self.url, self._why_ended)
        given = {"channel": "local", "url": self.url, "token": self.token, **arguments}
        return QiskitRuntimeService(**given)

    def stop(self) -> None:
        """Stop the server and discard its data; its services stop working.

        Callbacks of its jobs receive no further messages. A default session on the server is
        reset.
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
        return "This test server was stopped and its jobs are gone. Start a new server."

    def __enter__(self) -> RuntimeServer:  # noqa: PYI034 - typing has no Self before 3.11
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
