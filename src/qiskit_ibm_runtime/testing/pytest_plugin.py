"""Fixtures for packages that use Qiskit Runtime; pytest loads them where this package is installed.

Nothing is imported or started before a test asks for a fixture.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qiskit_ibm_runtime import QiskitRuntimeService

    from . import RuntimeServer, Workshop

MARKER = "qiskit_runtime"


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line(
        "markers",
        f"{MARKER}(**settings): settings of the embedded runtime for this test, such as "
        "devices=['fake_lima'] or hubs=['h/g/p']",
    )


@pytest.fixture(scope="session")
def qiskit_runtime_workshop() -> Iterator[Workshop]:
    """Workers for all servers of this run."""
    from . import Workshop

    with Workshop() as workshop:
        yield workshop


@pytest.fixture
def qiskit_runtime_server(
    request: pytest.FixtureRequest,
    qiskit_runtime_workshop: Workshop,
    _no_default_runtime_session: None,
) -> Iterator[RuntimeServer]:
    """A server of this test's own: no jobs, no programs, no faults, no requests recorded."""
    marker = request.node.get_closest_marker(MARKER)
    with qiskit_runtime_workshop.server(**(marker.kwargs if marker else {})) as server:
        yield server


@pytest.fixture
def qiskit_runtime_service(qiskit_runtime_server: RuntimeServer) -> QiskitRuntimeService:
    """A service on a server of this test's own."""
    return qiskit_runtime_server.service()


@pytest.fixture(scope="session")
def qiskit_runtime_shared_server(qiskit_runtime_workshop: Workshop) -> Iterator[RuntimeServer]:
    """One server for the whole run."""
    with qiskit_runtime_workshop.server() as server:
        yield server


@pytest.fixture
def qiskit_runtime_shared_service(
    qiskit_runtime_shared_server: RuntimeServer, _no_default_runtime_session: None
) -> QiskitRuntimeService:
    """A service on the server of the whole run; jobs of other tests are there, too."""
    return qiskit_runtime_shared_server.service()


@pytest.fixture
def _no_default_runtime_session() -> Iterator[None]:
    """Keep a primitive without session from using the session, and so the server, of before."""
    from qiskit_ibm_runtime.session import _DEFAULT_SESSION

    _DEFAULT_SESSION.set(None)
    yield
    _DEFAULT_SESSION.set(None)
