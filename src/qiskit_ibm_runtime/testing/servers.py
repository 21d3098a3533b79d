"""Servers for tests: real sockets on loopback, jobs in worker processes that are shared."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any, TypeVar

from qiskit_ibm_runtime.local.app import create_app
from qiskit_ibm_runtime.local.execution import executors
from qiskit_ibm_runtime.local.faults import Faults
from qiskit_ibm_runtime.local.recording.recorder import Recorder
from qiskit_ibm_runtime.local.recording.replay import Replay, load, save
from qiskit_ibm_runtime.local.serving.background import Background, BackgroundServer, Shared
from qiskit_ibm_runtime.local.settings import DEFAULT_USER, Settings, User

if TYPE_CHECKING:
    from pathlib import Path

    from qiskit_ibm_runtime import QiskitRuntimeService
    from qiskit_ibm_runtime.local.execution.executor import Executor


Served = TypeVar("Served", bound="_Served")


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
        self._background = Background()
        self._executor = executors.create(workers=workers)
        self._background.run(self._executor.start())

    def server(self, **settings: Any) -> RuntimeServer:
        """Start a server.

        Args:
            settings: Any setting of the TOML file, in its form there.

        Raises:
            SettingsError: If a setting is unknown or cannot be used.
        """
        return RuntimeServer(self._background, Shared(self._executor), self.workers, settings)

    def replay(self, recording: Path) -> ReplayServer:
        """Start a server that answers from a recording."""
        return ReplayServer(self._background, recording)

    def close(self) -> None:
        """End the workers and the thread."""
        self._background.run(self._executor.stop())
        self._background.close()

    def __enter__(self) -> Workshop:  # noqa: PYI034 - typing has no Self before 3.11
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Served:
    """What both kinds of servers have: an address, a token, a service, an end."""

    token: str
    _server: BackgroundServer

    @property
    def url(self) -> str:
        """What an account for this server has as ``url``."""
        return f"{self._server.url}/api"

    def service(self, **arguments: Any) -> QiskitRuntimeService:
        """Connect to this server; ``arguments`` go to :class:`QiskitRuntimeService`."""
        from qiskit_ibm_runtime import QiskitRuntimeService

        given = {"channel": "local", "url": self.url, "token": self.token, **arguments}
        return QiskitRuntimeService(**given)

    def stop(self) -> None:
        """Stop it; what it knew is gone."""
        self._server.stop()

    def __enter__(self: Served) -> Served:  # noqa: PYI019 - typing has no Self before 3.11
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


class RuntimeServer(_Served):
    """A fresh service, the switch for its faults, and the record of what it was asked.

    Attributes:
        token: The token of its user.
        faults: What is to fail; empty at first. See
            :class:`~qiskit_ibm_runtime.local.faults.Faults`.
        requests: What was asked and answered, without secrets. See
            :class:`~qiskit_ibm_runtime.local.recording.recorder.Recorder`.
    """

    requests: Recorder

    def __init__(
        self,
        background: Background,
        executor: Executor,
        workers: int,
        settings: dict[str, Any],
    ) -> None:
        self.token = secrets.token_urlsafe(16)
        values = Settings.values({"workers": workers, **settings})
        values.setdefault("users", (User(DEFAULT_USER, self.token),))
        values.setdefault("faults", Faults())
        self.token = values["users"][0].token
        self.faults: Faults = values["faults"]
        made = Settings(**values)

        def build() -> Recorder:
            self.requests = Recorder(create_app(made, executor))
            return self.requests

        self._server = BackgroundServer(background, made, build=build)

    def save_recording(self, path: Path) -> None:
        """Write the conversation so far to a file, for :meth:`Workshop.replay`."""
        save(self.requests.exchanges, path, self._server.url)


class ReplayServer(_Served):
    """Answers from a recording. ``unknown`` lists what it was asked that is not in it."""

    def __init__(self, background: Background, recording: Path) -> None:
        self.token = "of-no-use"  # noqa: S105 - nobody looks at it
        self._replay = Replay()
        self._server = BackgroundServer(background, Settings(), build=lambda: self._replay)
        self._replay.fill(load(recording, self._server.url))

    @property
    def unknown(self) -> list[str]:
        """Requests that the recording has no answer to."""
        return list(self._replay.unknown)
