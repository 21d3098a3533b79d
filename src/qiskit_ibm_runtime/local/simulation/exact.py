"""Values without sampling, for ``shots=None`` on a simulator without noise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qiskit.quantum_info import SparsePauliOp

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

    from .machine import Machine

LEAST = 1e-12
"""Probabilities below it are errors of rounding."""
WIDEST = 24
"""Measured bits of a distribution that is listed in full."""


def is_possible(machine: Machine, circuits: list[QuantumCircuit]) -> bool:
    """Whether the circuits end in states that do not depend on chance."""
    return not machine.noisy and all(_has_one_ending(circuit) for circuit in circuits)


def _has_one_ending(circuit: QuantumCircuit) -> bool:
    measured: set[Any] = set()
    for item in circuit.data:
        name = item.operation.name
        if name == "barrier":
            continue
        if name == "reset" or measured & set(item.qubits):
            return False
        if getattr(item.operation, "blocks", None) or getattr(item.operation, "condition", None):
            return False
        if name == "measure":
            measured.update(item.qubits)
    return True


def distributions(machine: Machine, circuits: list[QuantumCircuit]) -> list[dict[str, float]]:
    """The probability of each bit string over all classical bits."""
    runs = []
    for circuit in circuits:
        clbits = {
            circuit.find_bit(item.clbits[0]).index: item.qubits[0]
            for item in circuit.data
            if item.operation.name == "measure"
        }
        if len(clbits) > WIDEST:
            raise ValueError(
                f"Circuit {circuit.name!r} measures {len(clbits)} bits; without shots, the "
                f"probabilities of up to {WIDEST} are listed."
            )
        plain = _without_measurements(circuit)
        # As a dictionary: the array of Aer 0.12 is wrong with numpy 2.
        plain.save_probabilities_dict([plain.find_bit(qubit).index for qubit in clbits.values()])
        runs.append((plain, list(clbits)))
    saved = machine.data([plain for plain, _ in runs])
    return [
        _listed(data["probabilities"], clbits, plain.num_clbits)
        for data, (plain, clbits) in zip(saved, runs)
    ]


def _listed(probabilities: dict[int, float], clbits: list[int], width: int) -> dict[str, float]:
    listed: dict[str, float] = {}
    for value, probability in probabilities.items():
        if probability < LEAST:
            continue
        bits = ["0"] * width
        for place, clbit in enumerate(clbits):
            bits[width - 1 - clbit] = str(value >> place & 1)
        key = "".join(bits)
        listed[key] = listed.get(key, 0.0) + float(probability)
    return listed


def expectation(
    machine: Machine, circuit: QuantumCircuit, positions: list[int], operator: Any
) -> tuple[float, float]:
    """Expectation value and variance of an operator on the qubits at these positions."""
    operator = _collected(operator)
    # Imaginary terms of the square of a Hermitian operator cancel.
    square = operator.dot(operator)
    square = SparsePauliOp(square.paulis, square.coeffs.real)
    plain = _without_measurements(circuit)
    # One number each: the pair of value and variance, an array, is wrong in Aer 0.12 with numpy 2.
    plain.save_expectation_value(operator, positions, label="value")
    plain.save_expectation_value(square, positions, label="square")
    data = machine.data([plain])[0]
    value = float(data["value"])
    return value, max(0.0, float(data["square"]) - value**2)


def _collected(operator: Any) -> SparsePauliOp:
    """Add up equal terms: the complex ones of a commutator may cancel."""
    # Not by `simplify`, which fails on terra 0.25 with numpy 2.
    total: dict[str, complex] = {}
    for label, coefficient in operator.to_list():
        total[label] = total.get(label, 0) + complex(coefficient)
    return SparsePauliOp(list(total), list(total.values()))


def _without_measurements(circuit: QuantumCircuit) -> QuantumCircuit:
    empty = circuit.copy_empty_like()
    for item in circuit.data:
        if item.operation.name != "measure":
            empty.append(item.operation, item.qubits, item.clbits)
    return empty
