from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.programs.standin import StandIn

from qiskit_ibm_runtime import QiskitRuntimeService


@pytest.fixture
def standin() -> Iterator[StandIn]:
    """A service that does what the test tells it, and writes down what it was asked."""
    with StandIn() as running:
        yield running


@pytest.fixture(scope="session")
def local() -> QiskitRuntimeService:
    """A service on the embedded runtime."""
    return QiskitRuntimeService(channel="local")
