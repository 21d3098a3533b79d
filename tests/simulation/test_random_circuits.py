"""Random circuits, each at a level and on a backend of its own, against what they mean."""

from __future__ import annotations

import random
from typing import Any

import pytest

from . import drawn
from .conftest import LINE, ONE_WAY, check

PLACES: list[tuple[str, dict[str, Any]]] = [
    ("ibmq_qasm_simulator", {}),
    ("simulator_mps", {}),
    ("fake_manila", {}),
    ("fake_lagos", {}),
    ("ibmq_qasm_simulator", {"coupling_map": LINE}),
    ("ibmq_qasm_simulator", {"coupling_map": ONE_WAY, "basis_gates": ["h", "p", "cx", "rx", "id"]}),
]


@pytest.mark.parametrize("number", range(len(PLACES)))
def test_random_circuits_are_run_as_they_are_meant(number: int) -> None:
    """
    At most one of 10^10 circuits would be found wrong by chance.
    """
    backend, settings = PLACES[number]
    rng = random.Random(number)
    for level in range(4):
        seeds = [rng.randrange(10**6) for _ in range(4)]
        circuits = [drawn.circuit(seed).bound for seed in seeds]

        check(circuits, backend, level, **settings)
