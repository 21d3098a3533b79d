"""What QPY keeps of custom operations, as numbers: equal numbers mean equal operations.

Numbers cost one pass, however deep the definitions lie and however often they are used. Where it
cannot be told cheaply whether two operations are equal, they count as different.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from qiskit.circuit import ControlledGate, Instruction

from .contents import kind_of
from .faithful import class_of, condition_of, frame_of, generic_class_of, places_of
from .reading import is_instruction

if TYPE_CHECKING:
    from qiskit import QuantumCircuit


def is_custom(operation: Any) -> bool:
    """Whether QPY writes an operation by its own name, with its definition beside it."""
    cls = class_of(operation)
    if kind_of(cls).generic or cls is ControlledGate:
        return True
    return isinstance(operation, Instruction) and not is_instruction(cls.__name__)


def definition_of(operation: Any) -> QuantumCircuit | None:
    """Return the definition that QPY writes: of a controlled gate, the one with closed controls."""
    if not isinstance(operation, ControlledGate):
        return operation.definition
    if operation._definition is None:
        operation._define()  # as Qiskit does for a gate of a user's class when it is looked at
    return operation._definition


class Shapes:
    """The numbers of one circuit, which must not change meanwhile."""

    def __init__(self) -> None:
        self._numbers: dict[Any, int] = {}
        self._circuits: dict[int, tuple[QuantumCircuit, int]] = {}  # held, or ids would return

    def number(self, operation: Any) -> int:
        """Return the number of what QPY keeps once for all uses of a custom operation."""
        definition = definition_of(operation)
        parts = [
            generic_class_of(operation),
            operation.num_qubits,
            operation.num_clbits,
            None if definition is None else self._circuit(definition),
        ]
        if isinstance(operation, ControlledGate):
            base = self._use(operation.base_gate, {})
            parts += [operation.num_ctrl_qubits, operation.ctrl_state, base]
        return self._numbered(tuple(parts))

    def _numbered(self, parts: Any) -> int:
        return self._numbers.setdefault(parts, len(self._numbers))

    def _circuit(self, circuit: QuantumCircuit) -> int:
        known = self._circuits.get(id(circuit))
        if known is None:
            places = places_of(circuit)
            uses = [
                (self._use(item.operation, places), *map(places.get, (*item.qubits, *item.clbits)))
                for item in circuit.data
            ]
            known = circuit, self._numbered((frame_of(circuit), tuple(uses)))
            self._circuits[id(circuit)] = known
        return known[1]

    def _use(self, operation: Any, places: dict[Any, int]) -> Any:
        custom, kind = is_custom(operation), kind_of(class_of(operation))
        return (
            class_of(operation),
            operation.name,
            self.number(operation) if custom else None,
            None if custom or kind.known else id(operation),
            getattr(operation, "label", None) or None,
            getattr(operation, "unit", None) if kind.delay else None,
            getattr(operation, "num_ctrl_qubits", None),
            getattr(operation, "ctrl_state", None),
            condition_of(operation, places),
            tuple(map(_value, getattr(operation, "params", ()))),
        )


def _value(value: Any) -> Any:
    if isinstance(value, np.ndarray) and not value.dtype.hasobject:
        return value.dtype.str, value.shape, value.tobytes()
    try:
        hash(value)
    except TypeError:
        return id(value)
    return value
