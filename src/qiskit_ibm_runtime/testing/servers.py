"""Servers for tests: real sockets on loopback, jobs in worker processes that are shared."""

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


class Workshop:
    """Where servers of one test run live: a thread, and the workers that they share.

    Starting workers takes about a second, because they import Qiskit; a server on a workshop that
    is open starts in milliseconds.

    .. code-block:: python

        from qiskit_ibm_runtime.testing import Workshop

        with Workshop() as workshop, workshop.server(devices=["fake_lima"]) as server:
            print(server.service().backends(simulator=False))

    Args:
        workers: Jobs that run at once.
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
            faults: What is to fail; nothing by default.
            settings: Any setting of the TOML file, in its form there.

        Raises:
            SettingsError: If a setting is unknown or cannot be used.
        """
        settings = {"workers": self.workers, **settings}
        server = RuntimeServer(
            self._background, Shared(self._executor), settings, faults or Faults()
        )
        self._servers.add(server)
        return server

    def close(self) -> None:
        """Stop the servers that still run, and end the workers and the thread."""
        for server in list(self._servers):
            server.stop()
        self._background.run(self._executor.stop())
        self._background.close()

    def __enter__(self) -> Workshop:  # noqa: PYI034 - typing has no Self before 3.11
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _forget_client_state(netloc: str) -> None:
    """Take from the client what would outlive the server with this host and port."""
    from qiskit_ibm_runtime._jobs.streaming import cancel_streams_of
    from qiskit_ibm_runtime.session import _DEFAULT_SESSION

    cancel_streams_of(netloc)
    session = _DEFAULT_SESSION.get()
    params = getattr(getattr(session, "_service", None), "_client_params", None)
    if params is not None and urlsplit(str(params.url)).netloc == netloc:
        _DEFAULT_SESSION.set(None)


@dataclass(frozen=True)
class PlatformAddress:
    """How clients of today's IBM Quantum Platform reach a server.

    Attributes:
        base: The address of the server, which stands for every service of the platform.
        url: The address of its API.
        api_key: The API key of its user.
        instance: The CRN of its service instance.
    """

    base: str
    url: str
    api_key: str = field(repr=False)
    instance: str

    @property
    def environment(self) -> dict[str, str]:
        """Variables that point clients to this server for log-in and discovery."""
        return dict.fromkeys(
            ("IAM_URL", "GLOBAL_SEARCH_URL", "GLOBAL_CATALOG_URL", "RESOURCE_CONTROLLER_URL"),
            self.base,
        )


class RuntimeServer:
    """A fresh service, the switch for its faults, and the record of what it was asked.

    Attributes:
        token: The token of its user.
        faults: What is to fail; empty at first. See
            :class:`~qiskit_ibm_runtime.local.faults.Faults`.
        requests: What was asked and answered, without secrets. See
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
        """What an account for this server has as ``url``."""
        return f"{self._server.url}/api"

    @property
    def platform(self) -> PlatformAddress:
        """Where this server speaks the protocol of today's platform.

        .. code-block:: python

            from qiskit_ibm_runtime.testing import Workshop

            with Workshop() as workshop, workshop.server() as server:
                print(server.platform.url, server.platform.instance)
        """
        base = self._server.url
        return PlatformAddress(base, f"{base}{PLATFORM}", self.token, self._instance)

    def service(self, **arguments: Any) -> QiskitRuntimeService:
        """Connect to this server; ``arguments`` go to :class:`QiskitRuntimeService`."""
        from qiskit_ibm_runtime import QiskitRuntimeService
        from qiskit_ibm_runtime.api.http.liveness import watch

        watch(self.url, self._why_ended)
        given = {"channel": "local", "url": self.url, "token": self.token, **arguments}
        return QiskitRuntimeService(**given)

    def stop(self) -> None:
        """Stop it. What it knew is gone, and its services are of no use any more.

        Callbacks of its jobs get no further message, and a default session on one of its services
        is the default no longer.
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
        return "This server for tests was stopped, and its jobs are gone; ask for a new one."

    def __enter__(self) -> RuntimeServer:  # noqa: PYI034 - typing has no Self before 3.11
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
