from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.programs.standin import StandIn

from qiskit_ibm_runtime import QiskitRuntimeService


@pytest.fixture
def standin() -> Iterator[StandIn]:
    """A scriptable service that records its requests."""
    with StandIn() as running:
        yield running


@pytest.fixture
def service(standin: StandIn) -> QiskitRuntimeService:
    """A client of the stand-in."""
    return standin.service()
