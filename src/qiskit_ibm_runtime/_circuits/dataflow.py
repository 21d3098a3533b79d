"""What goes into a circuit and what comes out: free parameters and final measurements."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qiskit.circuit import (
    Barrier,
    ClassicalRegister,
    Clbit,
    ControlFlowOp,
    ForLoopOp,
    Measure,
    ParameterExpression,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qiskit import QuantumCircuit
    from qiskit.circuit import Parameter


def free_parameters(circuit: QuantumCircuit) -> Sequence[Parameter]:
    """Return the parameters in Qiskit's order, except for loop parameters."""
    parameters: Sequence[Parameter] = circuit.parameters
    if not parameters or not any(isinstance(i.operation, ControlFlowOp) for i in circuit.data):
        return parameters
    free = _free(circuit)
    return [parameter for parameter in parameters if parameter in free]


def _free(circuit: QuantumCircuit) -> set[Any]:
    found = _named(circuit.global_phase)
    for item in circuit.data:
        operation = item.operation
        if not isinstance(operation, ControlFlowOp):
            found.update(*map(_named, getattr(operation, "params", ())))
            continue
        bound = operation.params[1] if isinstance(operation, ForLoopOp) else None
        found |= set().union(*map(_free, operation.blocks)) - {bound}
    return found


def _named(value: Any) -> set[Any]:
    return set(value.parameters) if isinstance(value, ParameterExpression) else set()


def unread_measurements(circuit: QuantumCircuit) -> set[int]:
    """Return the indices in ``circuit.data`` of measurements that no later instruction depends on.

    Their qubits are not used afterwards, and no later condition reads their outcomes.
    """
    if not circuit.num_clbits:
        return set()
    found = set()
    used: set[Any] = set()  # qubits used later, and clbits read later
    for place in reversed(range(len(circuit.data))):
        item = circuit.data[place]
        operation = item.operation
        if isinstance(operation, Barrier):
            continue
        bits = {*item.qubits, *item.clbits}
        if isinstance(operation, Measure):
            if not used & bits:
                found.add(place)
                continue
            if operation.condition is None:
                used.difference_update(item.clbits)  # earlier values are overwritten here
            bits = set(item.qubits)
        used |= bits | _bits_read(operation, circuit)
    return found


def _bits_read(operation: Any, circuit: QuantumCircuit) -> set[Clbit]:
    """Return the bits that an operation reads; all clbits if it reads an expression."""
    condition = getattr(operation, "condition", None)
    read = condition[0] if isinstance(condition, tuple) else condition
    if operation.name == "switch_case":
        read = operation.target
    if read is None:
        return set()
    if isinstance(read, Clbit):
        return {read}
    return set(read) if isinstance(read, ClassicalRegister) else set(circuit.clbits)
