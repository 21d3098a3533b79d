"""Measurement of observables: measured circuits, and expectation values from counts."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any

import numpy as np
from qiskit.circuit import ClassicalRegister
from qiskit.quantum_info import PauliList, SparsePauliOp

from qiskit_ibm_runtime._circuits.dataflow import unread_measurements

from .sweeps import Sweep

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

    from .outcomes import Outcomes
    from .sweeps import Point
    from .transpiling_backend import TranspilingBackend

logger = logging.getLogger(__name__)

Array = np.ndarray[Any, Any]

_ONTO_Z = {"X": ("h",), "Y": ("sdg", "h"), "Z": ()}
"""Gates that rotate each axis to Z."""

ROUNDING = 1e-10
"""Relative size of imaginary parts that are considered rounding errors."""


@dataclass(frozen=True)
class Group:
    """Group of qubit-wise commuting Pauli terms, which one circuit measures.

    Attributes:
        qubits: Measured qubits.
        axes: Axis of each measured qubit: X, Y or Z.
        supports: Whether each term acts on each measured qubit, of shape (terms, qubits).
        coefficients: Coefficient of each term.
    """

    qubits: tuple[int, ...]
    axes: tuple[str, ...]
    supports: Array
    coefficients: Array


@dataclass(frozen=True)
class Observable:
    """Sum of Pauli terms, split into a constant and groups that are measured."""

    constant: float | complex
    groups: tuple[Group, ...]

    @classmethod
    def of(cls, operator: SparsePauliOp) -> Observable:
        """Split an operator returned by :func:`collect_terms`."""
        is_constant = ~(operator.paulis.x | operator.paulis.z).any(axis=1)
        constant = _real(operator.coeffs[is_constant]).sum().item()
        rest = operator[~is_constant]
        groups = rest.group_commuting(qubit_wise=True) if len(rest) else []
        return cls(constant, tuple(map(_group, groups)))

    def part(self, first: int, last: int) -> Observable:
        """Return the sum of some groups; the constant belongs to the first one."""
        return Observable(0.0 if first else self.constant, self.groups[first:last])


def collect_terms(operator: Any) -> SparsePauliOp:
    """Add up equal terms, and drop imaginary parts that are rounding errors.

    Replaces ``simplify`` of terra, which fails below 0.45 with numpy 2.
    """
    operator = SparsePauliOp(operator)
    terms = np.hstack([operator.paulis.z, operator.paulis.x])
    _, first, which = np.unique(terms, axis=0, return_index=True, return_inverse=True)
    order = np.argsort(first)  # in the original order
    coefficients = np.zeros(len(order), dtype=complex)
    np.add.at(coefficients, np.argsort(order)[which.ravel()], operator.coeffs.astype(complex))
    z, x = np.hsplit(terms[first[order]], 2)
    if np.abs(coefficients.imag).max() <= ROUNDING * np.abs(coefficients).max():
        coefficients = coefficients.real
    return SparsePauliOp(PauliList.from_symplectic(z, x), coefficients)


def _real(coefficients: Array) -> Array:
    """Convert coefficients to real numbers if all of them are real."""
    return coefficients if coefficients.imag.any() else coefficients.real


def _group(operator: SparsePauliOp) -> Group:
    x, z = operator.paulis.x, operator.paulis.z
    any_x, any_z = x.any(axis=0), z.any(axis=0)
    qubits = np.flatnonzero(any_x | any_z)
    axes = tuple("Y" if any_x[q] and any_z[q] else "X" if any_x[q] else "Z" for q in qubits)
    return Group(tuple(qubits.tolist()), axes, (x | z)[:, qubits], _real(operator.coeffs))


@dataclass
class Prepared:
    """Transpiled circuit, to which measurements are added.

    Attributes:
        machine: Backend for which the circuit is transpiled.
        circuit: The transpiled circuit.
        positions: Final position of each qubit of the original circuit.
        first: Index of the first added classical bit; qubit ``i`` is measured into ``first + i``.
    """

    machine: TranspilingBackend
    circuit: QuantumCircuit
    positions: list[int]
    first: int

    @classmethod
    def of(cls, machine: TranspilingBackend, circuit: QuantumCircuit) -> Prepared:
        """Transpile a circuit, without final measurements whose bits are not read.

        All qubits are measured during transpilation, which reveals their final positions. A barrier
        prevents the transpiler from removing gates that have no effect on Z measurements.
        """
        unread = unread_measurements(circuit)
        if unread:
            logger.info(
                "Ignoring %d measurements at the end of circuit %r.", len(unread), circuit.name
            )
        kept_items = [item for place, item in enumerate(circuit.data) if place not in unread]
        marked = _with_data(circuit, kept_items)
        first, width = marked.num_clbits, marked.num_qubits
        marks = ClassicalRegister(width, _free_name(circuit))
        marked.add_register(marks)
        marked.barrier()
        marked.measure(range(width), marks)
        fitted = machine.transpile([marked])[0]
        positions = [0] * width
        kept = []
        for item in fitted.data:
            if item.operation.name == "measure" and item.clbits[0] in marks:
                where = fitted.find_bit(item.qubits[0]).index
                positions[marks.index(item.clbits[0])] = where
            else:
                kept.append(item)
        last = max(n for n, item in enumerate(kept) if item.operation.name == "barrier")
        del kept[last]
        return cls(machine, _with_data(fitted, kept), positions, first)

    def bind(self, point: Point) -> Prepared:
        """Bind the parameters of the circuit."""
        if not point:
            return self
        (circuit,) = Sweep(self.circuit, [point]).bind()
        return self.with_circuit(circuit)

    def with_circuit(self, circuit: QuantumCircuit) -> Prepared:
        """Return the same placement with another circuit."""
        return Prepared(self.machine, circuit, self.positions, self.first)

    def with_measurements(self, group: Group, flips: Array | None = None) -> QuantumCircuit:
        """Return the circuit with measurements of a group; qubits may be flipped before them."""
        circuit = self.circuit.copy()
        for number, (qubit, axis) in enumerate(zip(group.qubits, group.axes)):
            where = self.positions[qubit]
            names = [*_ONTO_Z[axis], *(["x"] if flips is not None and flips[number] else [])]
            for gate in self.machine.in_own_gates(*names) if names else ():
                circuit.append(gate, [where])
        # All at the end, so that Aer samples all shots from one state.
        for qubit in group.qubits:
            circuit.measure(self.positions[qubit], self.first + qubit)
        return circuit

    def read(self, group: Group, outcomes: Outcomes) -> Outcomes:
        """Select the bits of the group's qubits, in order."""
        columns = [self.first + qubit for qubit in group.qubits]
        return type(outcomes)(outcomes.bits[:, columns], outcomes.counts)


def _free_name(circuit: QuantumCircuit) -> str:
    taken = {register.name for register in [*circuit.qregs, *circuit.cregs]}
    return next(name for name in map("observed{}".format, count()) if name not in taken)


def _with_data(circuit: QuantumCircuit, data: list[Any]) -> QuantumCircuit:
    empty = circuit.copy_empty_like()
    for item in data:
        empty._append(item)
    return empty


def moments(
    group: Group, outcomes: Outcomes, fidelities: Array | float = 1.0
) -> tuple[float | complex, float]:
    """Return the mean of a group's sum, and the variance of a single shot.

    Args:
        group: The group.
        outcomes: Outcomes of the group's qubits.
        fidelities: Divisor of each term.
    """
    weights = group.coefficients / fidelities
    per_shot = outcomes.parities(group.supports) @ weights
    mean = np.average(per_shot, weights=outcomes.counts).item()
    return mean, float(np.average(np.abs(per_shot - mean) ** 2, weights=outcomes.counts))


def term_means(group: Group, outcomes: Outcomes) -> Array:
    """Return the mean of each term of a group."""
    return np.average(outcomes.parities(group.supports), axis=0, weights=outcomes.counts)
