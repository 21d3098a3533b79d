"""Circuits with Paulis around some of their gates, merged into the gates on single qubits.

A circuit is divided once: into instructions that stay, and for each qubit the runs of gates between
them. A run is merged with the Paulis at its two ends, of which there are few; so that one circuit
after the other is put together of pieces that are known already.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qiskit import QuantumCircuit
from qiskit.circuit import CircuitInstruction, Gate
from qiskit.transpiler import PassManager
from qiskit.transpiler.passes import Optimize1qGatesDecomposition

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from qiskit_ibm_runtime.local.simulation.machine import Machine

Site = tuple[int, int]
"""Where a Pauli is: the place of an instruction in ``circuit.data``, and which of its qubits."""

_LOCAL = {"barrier", "delay", "measure", "reset"}


@dataclass(frozen=True)
class Run:
    """Gates on one qubit, and the sites of the Paulis before and after them."""

    qubit: Any
    gates: tuple[Gate, ...]
    start: Site | None
    end: Site | None


class Merger:
    """Merges Paulis into gates on one qubit, written in the gates of a machine."""

    def __init__(self, machine: Machine) -> None:
        self.basis = set(machine.basis_gates)
        self._passes = PassManager([Optimize1qGatesDecomposition(basis=machine.basis_gates)])
        self._merged: dict[Any, list[Gate]] = {}

    def merged(self, first: int, gates: tuple[Gate, ...], last: int) -> Iterable[Gate]:
        """Return gates that do the same as a Pauli, some gates and another Pauli."""
        if not first and not last:
            return gates
        key = (first, last, *((gate.name, *map(float, gate.params)) for gate in gates))
        if key not in self._merged:
            circuit = QuantumCircuit(1)
            for gate in (first, *gates, last):
                if isinstance(gate, Gate):
                    circuit.append(gate, [0])
                elif gate:
                    (circuit.x, circuit.y, circuit.z)[gate - 1](0)
            self._merged[key] = [item.operation for item in self._passes.run(circuit).data]
        return self._merged[key]


class FramedCircuit:
    """A circuit that can be written with Paulis before and after its instructions.

    Args:
        circuit: Fitted to the machine, without free parameters.
        merger: For the gates on single qubits.
    """

    def __init__(self, circuit: QuantumCircuit, merger: Merger) -> None:
        self._empty = circuit.copy_empty_like()
        self._merger = merger
        self._pieces: list[CircuitInstruction | Run] = []
        gates: dict[Any, list[Gate]] = {qubit: [] for qubit in circuit.qubits}
        starts: dict[Any, Site | None] = dict.fromkeys(circuit.qubits)

        def close(qubit: Any, end: Site | None) -> None:
            self._pieces.append(Run(qubit, tuple(gates[qubit]), starts[qubit], end))
            gates[qubit], starts[qubit] = [], None

        for place, item in enumerate(circuit.data):
            operation = item.operation
            if self._is_mergeable(operation):
                gates[item.qubits[0]].append(operation)
                continue
            # Whatever else there is may jump: no gate may pass it.
            is_local = operation.name in _LOCAL or _is_plain(operation)
            for qubit in circuit.qubits if not is_local else ():
                if qubit not in item.qubits:
                    close(qubit, None)
            for number, qubit in enumerate(item.qubits):
                close(qubit, (place, number))
                starts[qubit] = (place, number)
            self._pieces.append(item)
        for qubit in circuit.qubits:
            close(qubit, None)

    def _is_mergeable(self, operation: Any) -> bool:
        return (
            _is_plain(operation)
            and operation.num_qubits == 1
            and operation.label is None  # noise models name gates by their labels, too
            and operation.name in self._merger.basis
            and all(isinstance(value, (int, float)) for value in operation.params)
        )

    def framed(self, before: Mapping[Site, int], after: Mapping[Site, int]) -> QuantumCircuit:
        """Return the circuit with Paulis before and after some of its instructions.

        Args:
            before: The Pauli before each of them; 0 to 3 stand for I, X, Y and Z.
            after: The Pauli after each of them.
        """
        circuit = self._empty.copy()
        for piece in self._pieces:
            if isinstance(piece, CircuitInstruction):
                circuit._append(piece)
                continue
            first = after.get(piece.start, 0) if piece.start else 0
            last = before.get(piece.end, 0) if piece.end else 0
            for gate in self._merger.merged(first, piece.gates, last):
                circuit._append(CircuitInstruction(gate, (piece.qubit,), ()))
        return circuit


def _is_plain(operation: Any) -> bool:
    return isinstance(operation, Gate) and getattr(operation, "condition", None) is None
