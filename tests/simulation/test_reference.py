"""The exact reference, against Qiskit's state vectors and known results."""

from __future__ import annotations

import math

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.quantum_info import Statevector

from . import exact, random_circuit


@pytest.mark.parametrize("seed", range(12))
def test_reference_agrees_with_state_vectors(seed: int) -> None:
    circuit = random_circuit.circuit(seed, random_circuit.Features(dynamic=False, clbits=1)).bound
    gates = QuantumCircuit(circuit.qubits)
    for item in circuit.data:
        if item.operation.name == "pauli":  # terra 0.25 has no matrix of it with numpy 2
            for letter, qubit in zip(reversed(item.operation.params[0]), item.qubits):
                getattr(gates, {"I": "id"}.get(letter, letter.lower()))(qubit)
        elif item.operation.name not in ("measure", "barrier", "delay"):
            gates.append(item.operation, item.qubits)
    truth = Statevector(gates).probabilities()
    gates.measure_all()

    found = exact.distribution(gates)

    np.testing.assert_allclose([found.get(n, 0) for n in range(len(truth))], truth, atol=1e-9)


def test_reference_teleports_a_state() -> None:
    circuit = QuantumCircuit(3, 2)
    circuit.ry(1.0, 0)
    circuit.h(1)
    circuit.cx(1, 2)
    circuit.cx(0, 1)
    circuit.h(0)
    circuit.measure([0, 1], [0, 1])
    circuit.x(2).c_if(1, 1)
    circuit.z(2).c_if(0, 1)

    assert exact.expectation(circuit, "ZII") == pytest.approx(math.cos(1.0))
    assert exact.expectation(circuit, "XII") == pytest.approx(math.sin(1.0))


def test_reference_runs_a_loop_until_success() -> None:
    body = QuantumCircuit(1, 1)
    body.reset(0)
    body.h(0)
    body.measure(0, 0)
    circuit = QuantumCircuit(1, 1)
    circuit.while_loop((circuit.clbits[0], 0), body, [0], [0])

    assert exact.distribution(circuit) == pytest.approx({1: 1.0}, abs=1e-9)


def test_reference_breaks_out_of_a_loop() -> None:
    """
    The qubit is flipped until it is read as 1, which is the case after one of three iterations.
    """
    leave = QuantumCircuit(1, 1)
    leave.break_loop()
    body = QuantumCircuit(1, 1)
    body.x(0)
    body.measure(0, 0)
    body.if_test((body.clbits[0], 1), leave, [0], [0])
    circuit = QuantumCircuit(1, 1)
    circuit.for_loop(range(3), None, body, [0], [0])

    assert exact.distribution(circuit) == pytest.approx({1: 1.0})
