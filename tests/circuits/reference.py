"""Independent comparison of circuits, without any code under test.

Gates are compared by the matrices that :class:`~qiskit.quantum_info.Operator` computes, everything
else by its parts.
"""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
from qiskit import QuantumCircuit
from qiskit.circuit import Clbit, ControlFlowOp, ParameterExpression
from qiskit.exceptions import QiskitError
from qiskit.quantum_info import Operator, Statevector

ANY = object()  # name and label of an operation that is decoded as the gate it represents
_TO_GATES = ("clifford", "annotated")


def difference(one: Any, other: Any, path: str = "") -> str:
    """Return the path to the first difference between two descriptions; empty if they are equal."""
    if one is ANY or other is ANY:
        return ""
    if isinstance(one, np.ndarray) and isinstance(other, np.ndarray):
        alike = one.shape == other.shape and np.allclose(one, other, atol=1e-9)
        return "" if alike else f"{path}: {one} is not {other}"
    if isinstance(one, (list, tuple)) and isinstance(other, (list, tuple)):
        if len(one) != len(other):
            return f"{path}: {one} is not {other}"
        parts = (difference(a, b, f"{path}/{n}") for n, (a, b) in enumerate(zip(one, other)))
        return next(filter(None, parts), "")
    return "" if one == other else f"{path}: {one!r} is not {other!r}"


def description(circuit: QuantumCircuit) -> list[Any]:
    """Return a description of a circuit."""
    places = {bit: n for bits in (circuit.qubits, circuit.clbits) for n, bit in enumerate(bits)}
    registers = [
        (register.name, [places[bit] for bit in register])
        for register in (*circuit.qregs, *circuit.cregs)
    ]
    steps = [
        [
            [places[bit] for bit in (*item.qubits, *item.clbits)],
            _condition(getattr(item.operation, "condition", None), places),
            _operation(item.operation, places),
        ]
        for item in circuit.data
    ]
    size = (circuit.num_qubits, circuit.num_clbits)
    return [size, registers, _number(circuit.global_phase), steps]


def _number(value: Any) -> Any:
    """Return a value; evaluate expressions with parameter values derived from their names."""
    if isinstance(value, ParameterExpression):
        by_name = {p: sum(p.name.encode()) / 1000 for p in value.parameters}
        return np.array(complex(value.bind(by_name) if by_name else value))
    if isinstance(value, (int, float, complex, np.number, np.ndarray)):
        return np.asarray(value, dtype=complex)
    return value


def _condition(condition: Any, places: dict[Any, int]) -> Any:
    if condition is None:
        return None
    if isinstance(condition, tuple):
        return _bits(condition[0], places), int(condition[1])
    return _expression(condition, places)


def _bits(target: Any, places: dict[Any, int]) -> list[int]:
    return [places[bit] for bit in ([target] if isinstance(target, Clbit) else target)]


def _expression(node: Any, places: dict[Any, int]) -> Any:
    if hasattr(node, "var"):
        return _bits(node.var, places)
    operands = [getattr(node, name) for name in ("operand", "left", "right") if hasattr(node, name)]
    inner = [_expression(operand, places) for operand in operands]
    return [
        type(node).__name__,
        str(node.type),
        repr(getattr(node, "op", None)),
        inner or node.value,
    ]


def _operation(operation: Any, places: dict[Any, int]) -> list[Any]:
    own = [operation.name, getattr(operation, "label", None) or None]
    if operation.name.lower().startswith(_TO_GATES):
        own = [ANY, ANY]
    if isinstance(operation, ControlFlowOp):
        return [*own, _flow(operation, places), [description(body) for body in operation.blocks]]
    if operation.name == "delay":
        return [*own, _number(operation.duration), operation.unit]
    if getattr(operation, "condition", None) is not None:
        operation = copy.copy(operation)
        operation.condition = None
    if operation.name == "initialize":
        return [*own, Statevector(operation.definition).data]
    params = list(map(_number, getattr(operation, "params", ())))
    if not _has_symbols(operation):
        try:
            return [own, Operator(operation).data]
        # Not unitary, or opaque; or terra 0.25 with NumPy 2.
        except (QiskitError, NotImplementedError, TypeError):
            pass
    definition = getattr(operation, "definition", None)
    if definition is None:
        return [own, params]
    return [own, description(definition)[2:]]


def _flow(operation: Any, places: dict[Any, int]) -> Any:
    if operation.name == "for_loop":
        indices, parameter, _ = operation.params
        return [list(map(int, indices)), parameter and parameter.name]
    if operation.name != "switch_case":
        return None
    target = operation.target
    where = _expression(target, places) if hasattr(target, "type") else _bits(target, places)
    return where, [tuple(map(str, values)) for values, _ in operation.cases_specifier()]


def _has_symbols(operation: Any) -> bool:
    params = getattr(operation, "params", ())
    return any(isinstance(param, ParameterExpression) and param.parameters for param in params)
