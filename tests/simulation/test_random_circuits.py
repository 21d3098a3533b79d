"""Random circuits submitted to a service, against the exact reference."""

from __future__ import annotations

import pytest

from qiskit_ibm_runtime import QiskitRuntimeService

from . import journey


@pytest.fixture(scope="module")
def service() -> QiskitRuntimeService:
    return QiskitRuntimeService(channel="local")


@pytest.mark.parametrize("number", range(5))
def test_random_circuits_agree_with_the_reference(
    service: QiskitRuntimeService, number: int
) -> None:
    """
    A hundred of them; ``tests/stress`` has thousands.
    """
    assert not journey.faults(service, list(range(20 * number, 20 * number + 20)))
