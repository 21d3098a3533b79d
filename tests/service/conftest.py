from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tests.standin import CRN, configuration

from qiskit_ibm_runtime.api.retry import without_waiting


@pytest.fixture(autouse=True)
def _retries_do_not_pause() -> Iterator[None]:
    with without_waiting():
        yield


@pytest.fixture
def crn() -> str:
    return CRN


@pytest.fixture
def device() -> Callable[..., dict[str, Any]]:
    """Configuration of a device, by name and number of qubits."""
    return configuration
