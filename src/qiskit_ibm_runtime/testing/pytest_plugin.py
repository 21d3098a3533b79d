"""Fixtures for packages that use Qiskit Runtime; pytest loads them if this package is installed.

Nothing is imported or started before a test requests a fixture.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qiskit_ibm_runtime import QiskitRuntimeService

    from . import RuntimeServer, ServerPool

MARKER = "qiskit_runtime"


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker."""
    config.addinivalue_line(
        "markers",
        f"{MARKER}(**settings): settings of the embedded runtime for this test, such as "
        "devices=['fake_lima'] or hubs=['h/g/p']",
    )


@pytest.fixture(scope="session")
def qiskit_runtime_server_pool() -> Iterator[ServerPool]:
    """Pool of servers for the whole test run; all servers share its workers."""
    from . import ServerPool

    with ServerPool() as pool:
        yield pool


@pytest.fixture
def qiskit_runtime_server(
    request: pytest.FixtureRequest,
    qiskit_runtime_server_pool: ServerPool,
    _no_default_runtime_session: None,
) -> Iterator[RuntimeServer]:
    """Fresh server for one test, without jobs, uploaded programs, faults or recorded requests."""
    marker = request.node.get_closest_marker(MARKER)
    with qiskit_runtime_server_pool.server(**(marker.kwargs if marker else {})) as server:
        yield server


@pytest.fixture
def qiskit_runtime_service(qiskit_runtime_server: RuntimeServer) -> QiskitRuntimeService:
    """Service on a fresh server for one test."""
    return qiskit_runtime_server.service()


@pytest.fixture(scope="session")
def qiskit_runtime_shared_server(qiskit_runtime_server_pool: ServerPool) -> Iterator[RuntimeServer]:
    """Server for the whole test run."""
    with qiskit_runtime_server_pool.server() as server:
        yield server


@pytest.fixture
def qiskit_runtime_shared_service(
    qiskit_runtime_shared_server: RuntimeServer, _no_default_runtime_session: None
) -> QiskitRuntimeService:
    """Service on the shared server, which also has the jobs of other tests."""
    return qiskit_runtime_shared_server.service()


@pytest.fixture
def _no_default_runtime_session() -> Iterator[None]:
    """Clear the default session, which may use the server of an earlier test."""
    from qiskit_ibm_runtime.session import _DEFAULT_SESSION

    _DEFAULT_SESSION.set(None)
    yield
    _DEFAULT_SESSION.set(None)
