"""Circuits whose custom gates have names that clash, made ready for QPY.

QPY keeps the definition of a custom operation under its name, once for a circuit and for the base
gates of the controlled gates in it. Where one name stands for several definitions there, a copy of
the circuit is written in which each has a private name (see :mod:`.names`).
"""

from __future__ import annotations

import copy
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from qiskit import QuantumCircuit
from qiskit.circuit import CircuitInstruction, ControlledGate, Gate

from .contents import kind_of
from .faithful import class_of
from .names import name_as_sent, private_name
from .shapes import Shapes, definition_of, is_custom

if TYPE_CHECKING:
    from collections.abc import Iterator


def renamed(circuit: QuantumCircuit, *, wrapped: bool = False) -> QuantumCircuit | None:
    """Return a copy in which custom operations that differ have different names.

    Operations without a definition keep their names, for they are nothing but a name; so do those
    for which the circuit holds calibrations.

    Args:
        circuit: It is left as it is.
        wrapped: Whether controlled gates with custom base gates are put into gates of their own:
            terra 0.23 and 0.24 lose base gates where several are kept for one circuit.

    Returns:
        The copy; nothing if no name had to change.
    """
    renaming = _Renaming(frozenset(circuit.calibrations), wrapped)
    fresh = renaming.circuit(circuit)
    return fresh if renaming.changes else None


class _Renaming:
    def __init__(self, kept: frozenset[str], wrapped: bool) -> None:
        self.changes = 0
        self._kept = kept
        self._wrapped = wrapped
        self._shapes = Shapes()
        self._copies: dict[int, tuple[QuantumCircuit, QuantumCircuit]] = {}  # held, as ids return

    def circuit(self, circuit: QuantumCircuit) -> QuantumCircuit:
        known = self._copies.get(id(circuit))
        if known is None:
            known = circuit, self._circuit(circuit, self._wrapped)
            self._copies[id(circuit)] = known
        return known[1]

    def _circuit(self, circuit: QuantumCircuit, wrapped: bool) -> QuantumCircuit:
        fresh = QuantumCircuit(
            circuit.qubits,
            circuit.clbits,
            *circuit.qregs,
            *circuit.cregs,
            name=circuit.name,
            global_phase=circuit.global_phase,
            metadata=circuit.metadata,
        )
        fresh.calibrations = circuit.calibrations
        fresh._layout = circuit._layout
        clashing = self._clashing(circuit, wrapped)
        for item in circuit.data:
            operation = self._operation(item.operation, clashing, wrapped)
            fresh._append(CircuitInstruction(operation, item.qubits, item.clbits))
        return fresh

    def _clashing(self, circuit: QuantumCircuit, wrapped: bool) -> set[str]:
        """Return the names that stand for several operations among those that QPY keeps together.

        Those that a reader would take for private ones are among them.
        """
        kept: dict[str, set[Any]] = defaultdict(set)
        reserved = set()
        for item in circuit.data:
            for operation in _kept_together(item.operation, wrapped):
                if not is_custom(operation):
                    kept[class_of(operation).__name__].add(None)
                    continue
                kept[operation.name].add(self._shapes.number(operation))
                if name_as_sent(operation, operation.name) != operation._name:
                    reserved.add(operation.name)
        clashing = {name for name, shapes in kept.items() if len(shapes) > 1}
        return (clashing | reserved) - self._kept

    def _operation(self, operation: Any, clashing: set[str], wrapped: bool) -> Any:
        if getattr(operation, "blocks", ()):
            return operation.replace_blocks([self.circuit(block) for block in operation.blocks])
        definition = definition_of(operation) if is_custom(operation) else None
        if definition is None:
            return operation
        if wrapped and _has_custom_base(operation):
            return self._wrapper(operation)
        shared = not getattr(operation, "mutable", True)  # known from terra 0.45 on
        fresh = operation.to_mutable() if shared else copy.copy(operation)
        fresh._definition = self.circuit(definition)
        if isinstance(operation, ControlledGate):
            fresh.base_gate = self._operation(operation.base_gate, clashing, False)
        if operation.name in clashing:
            fresh._name = self._private(operation, wrapped=False)
        return fresh

    def _wrapper(self, operation: ControlledGate) -> Gate:
        content = copy.copy(operation)
        content.label = content.condition = None
        alone = QuantumCircuit(operation.num_qubits)
        alone.append(content, alone.qubits)
        wrapper = Gate(self._private(operation, wrapped=True), operation.num_qubits, [])
        wrapper._params = list(operation.params)
        wrapper.label, wrapper.condition = operation.label, operation.condition
        wrapper._definition = self._circuit(alone, wrapped=False)
        return wrapper

    def _private(self, operation: Any, *, wrapped: bool) -> str:
        self.changes += 1
        return private_name(operation._name, self._shapes.number(operation), wrapped=wrapped)


def _kept_together(operation: Any, wrapped: bool) -> Iterator[Any]:
    """Yield an operation, and the base gates that QPY keeps beside it."""
    yield operation
    with_base = isinstance(operation, ControlledGate) and is_custom(operation)
    if with_base and not (wrapped and _has_custom_base(operation)):
        yield from _kept_together(operation.base_gate, wrapped)


def _has_custom_base(operation: Any) -> bool:
    """Whether QPY keeps more beside an operation than itself."""
    if not isinstance(operation, ControlledGate):
        return False
    return not kind_of(class_of(operation.base_gate)).standard
