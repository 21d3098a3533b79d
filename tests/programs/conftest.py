from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from qiskit_ibm_runtime import QiskitRuntimeService
from qiskit_ibm_runtime.testing.servers import RuntimeServer, ServerPool

SIMULATOR = "ibmq_qasm_simulator"
CRN = "crn:v1:bluemix:public:quantum-computing:local:a/embedded:mine::"
OTHER_CRN = "crn:v1:bluemix:public:quantum-computing:local:a/embedded:other::"


@pytest.fixture(scope="session")
def server(qiskit_runtime_server_pool: ServerPool) -> Iterator[RuntimeServer]:
    """An embedded runtime with three projects and two cloud instances with different devices."""
    settings: dict[str, Any] = {
        "users": [{"name": name, "token": f"token-of-{name}"} for name in ("alice", "bob")],
        "hubs": [
            {"name": "ibm-q/open/main", "devices": [SIMULATOR]},
            {"name": "h/g/small", "devices": ["fake_lima"]},
            {"name": "h/g/large", "devices": [SIMULATOR, "fake_lima", "fake_quito"]},
        ],
        "services": [
            {"name": "mine", "crn": CRN},
            {"name": "other", "crn": OTHER_CRN, "devices": ["fake_lima"]},
        ],
    }
    with qiskit_runtime_server_pool.server(**settings) as server:
        yield server


Login = Callable[..., QiskitRuntimeService]


@pytest.fixture
def login(server: RuntimeServer) -> Login:
    """Log in to the embedded runtime, by default as ``alice`` on the quantum channel."""

    def enter(channel: Any = "ibm_quantum", user: str = "alice", **more: Any):
        if channel == "ibm_quantum":
            more.update(url=server.url)
        else:
            more = {"url": server.url.rpartition("/api")[0], "instance": CRN, **more}
        return QiskitRuntimeService(channel=channel, token=f"token-of-{user}", **more)

    return enter


@pytest.fixture(params=["ibm_quantum", "ibm_cloud"])
def alice(request: pytest.FixtureRequest, login: Login) -> QiskitRuntimeService:
    """One user on each channel."""
    return login(request.param)
