from __future__ import annotations

import pytest
from qiskit import QuantumCircuit

from qiskit_ibm_runtime import QiskitRuntimeService


@pytest.fixture(scope="session")
def service() -> QiskitRuntimeService:
    """A service on the embedded runtime, shared by the tests of this folder."""
    return QiskitRuntimeService(channel="local")


@pytest.fixture
def bell() -> QuantumCircuit:
    circuit = QuantumCircuit(2, name="bell")
    circuit.h(0)
    circuit.cx(0, 1)
    circuit.measure_all()
    return circuit
