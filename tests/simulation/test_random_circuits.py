"""Random circuits, sent, received and run, against what they mean."""

from __future__ import annotations

import pytest

from qiskit_ibm_runtime import QiskitRuntimeService

from . import journey


@pytest.fixture(scope="module")
def service() -> QiskitRuntimeService:
    return QiskitRuntimeService(channel="local")


@pytest.mark.parametrize("number", range(5))
def test_random_circuits_are_run_as_they_are_meant(
    service: QiskitRuntimeService, number: int
) -> None:
    """
    A hundred of them; ``tests/stress`` has thousands.
    """
    assert not journey.faults(service, list(range(20 * number, 20 * number + 20)))
