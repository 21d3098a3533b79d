"""Readout calibration circuits.

Qubits are calibrated in small groups, so that the simulator need not hold the state of a whole
device. This is exact, because readout errors are uncorrelated in the noise models here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qiskit import QuantumCircuit

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy as np

    from qiskit_ibm_runtime.local.simulation.transpiling_backend import TranspilingBackend

QUBITS_AT_ONCE = 8


def chunks(qubits: Iterable[int]) -> list[list[int]]:
    """Divide qubits into groups that are calibrated together."""
    ordered = sorted(set(qubits))
    return [ordered[n : n + QUBITS_AT_ONCE] for n in range(0, len(ordered), QUBITS_AT_ONCE)]


def calibration_circuit(
    machine: TranspilingBackend, qubits: list[int], flips: np.ndarray[Any, Any]
) -> QuantumCircuit:
    """Return a circuit that flips some of the qubits and measures all of them in order."""
    flip = machine.in_own_gates("x")
    circuit = QuantumCircuit(max(qubits) + 1, len(qubits))
    for bit, qubit in enumerate(qubits):
        if flips[bit]:
            for gate in flip:
                circuit.append(gate, [qubit])
        circuit.measure(qubit, bit)
    return circuit
