"""The ``estimator`` program: expectation values from measured Pauli terms."""

from __future__ import annotations

from typing import Any

import numpy as np
from qiskit import QuantumCircuit
from qiskit.quantum_info import PauliList, SparsePauliOp

from .common import Machine, bound_circuits


def main(backend: dict[str, Any], user_messenger: Any, **inputs: Any) -> dict[str, Any]:
    level = (inputs.get("resilience_settings") or {}).get("level") or 0
    if level != 0:
        raise ValueError(
            f"resilience level {level} of the estimator is not done by this runtime: 0 is."
        )
    machine = Machine(backend, inputs)
    circuits = bound_circuits(inputs)
    observables = [
        inputs["observables"][i] for i in inputs.get("observable_indices") or range(len(circuits))
    ]
    measured: list[QuantumCircuit] = []
    plans = []
    for circuit, observable in zip(circuits, observables):
        operator = _collected(SparsePauliOp(observable))
        groups = operator.group_commuting(qubit_wise=True)
        plans.append((groups, len(measured)))
        measured.extend(_measured(circuit, group.paulis) for group in groups)
    counts = machine.counts(machine.transpiled(measured), machine.shots)
    values, metadata = [], []
    for groups, start in plans:
        value = variance = 0.0
        for offset, group in enumerate(groups):
            mean, spread = _moments(group, counts[start + offset])
            value += mean
            variance += spread
        values.append(value)
        metadata.append({"variance": variance, "shots": machine.shots})
    return {"values": values, "metadata": metadata}


def _collected(operator: SparsePauliOp) -> SparsePauliOp:
    """Add up equal terms. Terra's own `simplify` fails on terra below 0.45 with numpy 2."""
    terms: dict[str, complex] = {}
    for label, coefficient in operator.to_list():
        terms[label] = terms.get(label, 0) + coefficient
    return SparsePauliOp.from_list(list(terms.items()))


def _measured(circuit: QuantumCircuit, paulis: PauliList) -> QuantumCircuit:
    """The circuit with a measurement in the common basis of qubit-wise commuting terms."""
    x, z = np.any(paulis.x, axis=0), np.any(paulis.z, axis=0)
    out = circuit.remove_final_measurements(inplace=False) or circuit.copy()
    out = out.copy()
    support = [q for q in range(out.num_qubits) if x[q] or z[q]]
    if not support:
        support = [0]
    from qiskit.circuit import ClassicalRegister

    register = ClassicalRegister(len(support), "estimator_bits")
    for old in list(out.cregs):
        del old
    fresh = QuantumCircuit(*out.qregs, register) if out.qregs else out
    fresh.compose(out, qubits=range(out.num_qubits), inplace=True) if not out.clbits else None
    for bit, qubit in enumerate(support):
        if x[qubit]:
            if z[qubit]:
                fresh.sdg(qubit)
            fresh.h(qubit)
        fresh.measure(qubit, register[bit])
    return fresh


def _moments(group: SparsePauliOp, counts: dict[str, int]) -> tuple[float, float]:
    """Mean and variance, of one shot, of the group's sum."""
    x, z = np.any(group.paulis.x, axis=0), np.any(group.paulis.z, axis=0)
    support = [q for q in range(group.num_qubits) if x[q] or z[q]] or [0]
    supports = (group.paulis.x | group.paulis.z)[:, support]
    keys = np.array([[int(bit) for bit in key[::-1][: len(support)]] for key in counts], dtype=int)
    weights = np.array(list(counts.values()), dtype=float)
    signs = 1 - 2 * ((keys @ supports.T.astype(int)) % 2)
    per_shot = signs @ np.real(group.coeffs)
    mean = float(np.average(per_shot, weights=weights))
    return mean, float(np.average((per_shot - mean) ** 2, weights=weights))
