from __future__ import annotations

import pytest
from tests.standin import StandIn

from qiskit_ibm_runtime import QiskitRuntimeService


@pytest.fixture
def service(standin: StandIn) -> QiskitRuntimeService:
    """A client of the stand-in."""
    return standin.service()
