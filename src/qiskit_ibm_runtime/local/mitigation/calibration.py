"""How a machine reads its qubits: prepared states, measured in small circuits.

Qubits are calibrated a few at a time. The readout errors of the noise models here are those of
single qubits, so nothing is lost, and the simulator need not hold the state of a whole device.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qiskit import QuantumCircuit

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy as np

    from qiskit_ibm_runtime.local.simulation.machine import Machine

QUBITS_AT_ONCE = 8


def chunks(qubits: Iterable[int]) -> list[list[int]]:
    """The qubits in lists that are calibrated together."""
    ordered = sorted(set(qubits))
    return [ordered[n : n + QUBITS_AT_ONCE] for n in range(0, len(ordered), QUBITS_AT_ONCE)]


def flipped(machine: Machine, qubits: list[int], flips: np.ndarray[Any, Any]) -> QuantumCircuit:
    """A circuit that flips some qubits and measures all of them, in their order."""
    flip = machine.in_own_gates("x")
    circuit = QuantumCircuit(max(qubits) + 1, len(qubits))
    for bit, qubit in enumerate(qubits):
        if flips[bit]:
            for gate in flip:
                circuit.append(gate, [qubit])
        circuit.measure(qubit, bit)
    return circuit
