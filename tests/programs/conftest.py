from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tests.programs.standin import StandIn

from qiskit_ibm_runtime import QiskitRuntimeService
from qiskit_ibm_runtime.local.app import create_app
from qiskit_ibm_runtime.local.background import Background, BackgroundServer
from qiskit_ibm_runtime.local.settings import Settings, User, cloud_service, hub

SIMULATOR = "ibmq_qasm_simulator"
CRN = "crn:v1:bluemix:public:quantum-computing:local:a/embedded:mine::"
OTHER_CRN = "crn:v1:bluemix:public:quantum-computing:local:a/embedded:other::"


@pytest.fixture
def standin() -> Iterator[StandIn]:
    """A service that does what the test tells it, and writes down what it was asked."""
    with StandIn() as running:
        yield running


@pytest.fixture(scope="session")
def local() -> QiskitRuntimeService:
    """A service on the embedded runtime."""
    return QiskitRuntimeService(channel="local")


@pytest.fixture(scope="session")
def server() -> Iterator[BackgroundServer]:
    """An embedded runtime with three projects and two cloud services, not all with all devices.

    Its address contains "experimental", so that the cloud channel does not turn it into that of a
    region.
    """
    background = Background()
    settings = Settings(
        path_prefix="/experimental",
        users=(User("alice", "token-of-alice"), User("bob", "token-of-bob")),
        hubs=(
            hub("ibm-q/open/main", (SIMULATOR,)),
            hub("h/g/small", ("fake_lima",)),
            hub("h/g/large", (SIMULATOR, "fake_lima", "fake_quito")),
        ),
        services=(cloud_service("mine", CRN), cloud_service("other", OTHER_CRN, ("fake_lima",))),
    )
    server = BackgroundServer(background, settings, lambda: create_app(settings))
    yield server
    server.stop()
    background.close()


Login = Callable[..., QiskitRuntimeService]


@pytest.fixture
def login(server: BackgroundServer) -> Login:
    """Log in to the embedded runtime, as ``alice`` on the quantum channel unless said otherwise."""

    def enter(channel: str = "ibm_quantum", user: str = "alice", **more: Any):
        if channel == "ibm_quantum":
            more.update(url=f"{server.url}/api")
        else:
            more = {"url": server.url, "instance": CRN, **more}
        return QiskitRuntimeService(channel=channel, token=f"token-of-{user}", **more)

    return enter


@pytest.fixture(params=["ibm_quantum", "ibm_cloud"])
def alice(request: pytest.FixtureRequest, login: Login) -> QiskitRuntimeService:
    """One user on each channel."""
    return login(request.param)
