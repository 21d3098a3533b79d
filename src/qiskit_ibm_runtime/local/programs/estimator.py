"""The ``estimator`` program: expectation values of observables."""

from __future__ import annotations

from typing import Any

from qiskit.quantum_info import SparsePauliOp

from qiskit_ibm_runtime.local.mitigation import levels
from qiskit_ibm_runtime.local.simulation import exact
from qiskit_ibm_runtime.local.simulation.machine import Machine
from qiskit_ibm_runtime.local.simulation.observables import Observable, Prepared

from .inputs import DEFAULT_SHOTS, PrimitiveInputs

HIGHEST_LEVEL = 3


def main(backend: Any, user_messenger: Any, **inputs: Any) -> dict[str, Any]:
    """Estimate each observable on its circuit.

    Resilience level 1 corrects the readout, 2 extrapolates to no noise as well, and 3 cancels the
    errors of gates as well.
    """
    given = PrimitiveInputs.of(inputs, HIGHEST_LEVEL)
    operators = _operators(given, inputs)
    machine = Machine(backend, given.transpilation, given.run)
    ready = {index: Prepared.of(machine, given.circuits[index]) for index in set(given.indices)}
    prepared = [ready[i].bound(values) for i, values in zip(given.indices, given.values)]
    circuits = [item.circuit for item in prepared]
    if given.run.shots is None and exact.is_possible(machine, circuits):
        answers = [_exact(machine, *pair) for pair in zip(prepared, operators)]
    else:
        questions = [
            levels.Question(item, Observable.of(operator))
            for item, operator in zip(prepared, operators)
        ]
        shots = given.run.shots or DEFAULT_SHOTS
        answers = levels.answers(machine, questions, shots, given.resilience)
    return {"values": [value for value, _ in answers], "metadata": [about for _, about in answers]}


def _operators(given: PrimitiveInputs, inputs: dict[str, Any]) -> list[SparsePauliOp]:
    """The observable of each circuit that is asked for.

    Raises:
        ValueError: If the numbers of circuits, observables or qubits do not fit.
    """
    observables = inputs["observables"]
    if not isinstance(observables, (list, tuple)):
        observables = [observables]
    indices = inputs.get("observable_indices")
    indices = list(range(len(observables)) if indices is None else indices)
    if len(indices) != len(given.indices):
        raise ValueError(
            f"There are {len(given.indices)} circuits and {len(indices)} observables to estimate."
        )
    operators = []
    for index, number in zip(given.indices, indices):
        if not 0 <= number < len(observables):
            raise ValueError(f"There is no observable {number}; there are {len(observables)}.")
        operator = SparsePauliOp(observables[number])
        if operator.num_qubits != given.circuits[index].num_qubits:
            raise ValueError(
                f"Observable {number} has {operator.num_qubits} qubits, and its circuit "
                f"{given.circuits[index].num_qubits}."
            )
        operators.append(operator)
    return operators


def _exact(machine: Machine, prepared: Prepared, operator: SparsePauliOp) -> levels.Answer:
    value, variance = exact.expectation(machine, prepared.circuit, prepared.positions, operator)
    return value, {"variance": variance, "shots": None}
