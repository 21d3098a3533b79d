"""Insertion of Paulis around instructions of a circuit, merged into single-qubit gates.

A circuit is divided once: into instructions that stay, and runs of single-qubit gates between them.
Each run is merged with the Paulis at its ends. There are few combinations, so further circuits are
assembled mostly from cached runs.
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

    from qiskit_ibm_runtime.local.simulation.transpiling_backend import TranspilingBackend

Site = tuple[int, int]
"""Location of a Pauli: index of an instruction in ``circuit.data``, and index of its qubit."""

_LOCAL = {"barrier", "delay", "measure", "reset"}


@dataclass(frozen=True)
class Run:
    """Run of gates on one qubit, with the sites of the Paulis before and after it."""

    qubit: Any
    gates: tuple[Gate, ...]
    start: Site | None
    end: Site | None


class Merger:
    """Merge Paulis into single-qubit gates, in the basis gates of a backend."""

    def __init__(self, machine: TranspilingBackend) -> None:
        self.basis = set(machine.basis_gates)
        self._passes = PassManager([Optimize1qGatesDecomposition(basis=machine.basis_gates)])
        self._merged: dict[Any, list[Gate]] = {}

    def merge(self, first: int, gates: tuple[Gate, ...], last: int) -> Iterable[Gate]:
        """Return basis gates equivalent to a Pauli, followed by gates, followed by a Pauli."""
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
    """Circuit into which Paulis can be inserted before and after instructions.

    Args:
        circuit: Transpiled circuit without free parameters.
        merger: Merges Paulis into single-qubit gates.
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
            # Other instructions may change the control flow, so no gate may be moved across them.
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
            and operation.label is None  # noise models may address gates by label
            and operation.name in self._merger.basis
            and all(isinstance(value, (int, float)) for value in operation.params)
        )

    def with_paulis(self, before: Mapping[Site, int], after: Mapping[Site, int]) -> QuantumCircuit:
        """Return the circuit with Paulis before and after some instructions.

        Args:
            before: Pauli before each site; 0 to 3 stand for I, X, Y and Z.
            after: Pauli after each site.
        """
        circuit = self._empty.copy()
        for piece in self._pieces:
            if isinstance(piece, CircuitInstruction):
                circuit._append(piece)
                continue
            first = after.get(piece.start, 0) if piece.start else 0
            last = before.get(piece.end, 0) if piece.end else 0
            for gate in self._merger.merge(first, piece.gates, last):
                circuit._append(CircuitInstruction(gate, (piece.qubit,), ()))
        return circuit


def _is_plain(operation: Any) -> bool:
    return isinstance(operation, Gate) and getattr(operation, "condition", None) is None
