"""Free parameters of circuits with loops."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qiskit.circuit import ControlFlowOp, ForLoopOp, ParameterExpression

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
            for value in getattr(operation, "params", ()):
                found |= _named(value)
            continue
        inside = set().union(*map(_free, operation.blocks))
        bound = operation.params[1] if isinstance(operation, ForLoopOp) else None
        found |= inside - {bound}
    return found


def _named(value: Any) -> set[Any]:
    return set(value.parameters) if isinstance(value, ParameterExpression) else set()
