"""Thousands of random circuits, encoded, decoded and run, against an exact reference.

``RANDOM_CIRCUITS=2000`` sets their number, ``RANDOM_SEED=10000`` the first seed. A correct result
fails for at most one in 10^10 circuits: with two thousand circuits on each of five versions of
terra, in one of a million runs.
"""

from __future__ import annotations

import os

import pytest
from tests.simulation import journey

from qiskit_ibm_runtime import QiskitRuntimeService

CIRCUITS = int(os.environ.get("RANDOM_CIRCUITS", "2000"))
FIRST = int(os.environ.get("RANDOM_SEED", "10000"))
IN_A_JOB = 20


@pytest.fixture(scope="module")
def service() -> QiskitRuntimeService:
    return QiskitRuntimeService(channel="local")


@pytest.mark.parametrize("seed", range(FIRST, FIRST + CIRCUITS, IN_A_JOB))
def test_random_circuits_match_the_exact_reference(
    service: QiskitRuntimeService, seed: int
) -> None:
    last = min(seed + IN_A_JOB, FIRST + CIRCUITS)

    assert not journey.faults(service, list(range(seed, last)))
