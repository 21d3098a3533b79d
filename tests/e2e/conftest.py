from __future__ import annotations

import pytest

from qiskit_ibm_runtime import QiskitRuntimeService


@pytest.fixture(scope="session")
def service() -> QiskitRuntimeService:
    """A service on the embedded runtime, shared by the tests of this folder."""
    return QiskitRuntimeService(channel="local")
