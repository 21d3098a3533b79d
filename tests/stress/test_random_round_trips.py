"""Thousands of random circuits round-trip.

``nox -s stress`` runs it, or ``pytest tests/stress/test_random_round_trips.py``.
"""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from qiskit import QuantumCircuit
from tests.circuits.circuit_strategies import circuits
from tests.circuits.test_sending import check_round_trip


@settings(max_examples=3000, suppress_health_check=list(HealthCheck), deadline=None)
@given(circuits(depth=2))
def test_random_circuit_round_trips(circuit: QuantumCircuit) -> None:
    check_round_trip(circuit)
