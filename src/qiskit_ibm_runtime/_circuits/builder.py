"""Construction of Qiskit circuits from their normal form."""

from __future__ import annotations

import json
from importlib import import_module
from typing import Any

from qiskit import QuantumCircuit
from qiskit import circuit as qiskit_circuit
from qiskit.circuit import (
    Barrier,
    ClassicalRegister,
    Clbit,
    ControlledGate,
    Delay,
    Gate,
    Instruction,
    QuantumRegister,
    Qubit,
    library,
)
from qiskit.circuit.library import PauliEvolutionGate
from qiskit.quantum_info import Clifford, SparsePauliOp
from qiskit.synthesis import evolution
from qiskit.transpiler.layout import Layout, TranspileLayout

from . import form
from .form import OPERATION_CLASSES, Family


def to_circuit(circuit: form.Circuit) -> QuantumCircuit:
    """Build a Qiskit circuit from its normal form.

    Bodies of control flow use the bits and registers of the outer circuit, so that bits with equal
    indices cannot be confused. Equal definitions share one object.
    """
    made = _Builder().circuit(circuit)
    made.metadata = circuit.metadata
    if circuit.calibrations:
        made.calibrations = circuit.calibrations
    if circuit.layout is not None:
        made._layout = _layout(circuit.layout, made)
    return made


class _Builder:
    def __init__(self) -> None:
        self._definitions: dict[int, QuantumCircuit] = {}

    def circuit(self, circuit: form.Circuit) -> QuantumCircuit:
        made = QuantumCircuit(name=circuit.name, global_phase=_value(circuit.phase))
        _add_bits(made, circuit)
        return self._filled(made, circuit)

    def _filled(self, made: QuantumCircuit, circuit: form.Circuit) -> QuantumCircuit:
        qubits, clbits = made.qubits, made.clbits
        append = made._append
        for operation, places, cplaces, condition in circuit.instructions:
            where = [qubits[place] for place in places]
            cwhere = [clbits[place] for place in cplaces]
            if operation.bodies:
                built = self._control_flow(operation, condition, made, where, cwhere)
            else:
                built = self._operation(operation)
                if condition is not None:
                    built = built.to_mutable() if hasattr(built, "to_mutable") else built
                    built.condition = _tested(condition, made)
            append(built, where, cwhere)
        return made

    def _operation(self, operation: form.Operation) -> Any:
        family = OPERATION_CLASSES[operation.kind].family
        if family in (Family.STANDARD, Family.MANY_CONTROLLED):
            return _standard(operation)
        if family is Family.LIBRARY:
            return _library_operation(operation)
        if family is Family.CONTROL_FLOW:  # break or continue
            cls = getattr(qiskit_circuit, operation.kind)
            return cls(operation.qubits, operation.clbits, label=operation.label)
        params = list(map(_value, operation.params))
        built: Any
        if operation.base is not None:
            built = ControlledGate(
                operation.name,
                operation.qubits,
                params,
                num_ctrl_qubits=operation.controls,
                ctrl_state=operation.state,
                base_gate=self._operation(operation.base),
            )
        elif operation.kind == "Gate":
            built = Gate(operation.name, operation.qubits, params)
        else:
            built = Instruction(operation.name, operation.qubits, operation.clbits, params)
        built.label = operation.label
        if operation.definition is not None:
            built._definition = self._definition(operation.definition)
        return built

    def _definition(self, circuit: form.Circuit) -> QuantumCircuit:
        found = self._definitions.get(id(circuit))
        if found is None:
            found = self._definitions[id(circuit)] = self.circuit(circuit)
        # Each use of a parameterized definition is bound separately, so it needs a copy.
        return found.copy() if found.parameters else found

    def _control_flow(
        self,
        operation: form.Operation,
        condition: form.Condition | None,
        outer: QuantumCircuit,
        qubits: list[Qubit],
        clbits: list[Clbit],
    ) -> Any:
        bodies = [self._body(body, outer, qubits, clbits) for body in operation.bodies]
        cls, label = getattr(qiskit_circuit, operation.kind), operation.label
        if operation.kind in ("IfElseOp", "WhileLoopOp"):
            return cls(_tested(condition, outer), *bodies, label=label)
        if operation.kind == "ForLoopOp":
            made = cls(*operation.params, *bodies, label=label)
        else:
            target, cases = operation.params
            default = qiskit_circuit.CASE_DEFAULT
            values = [tuple(default if v is None else v for v in case) for case in cases]
            made = cls(_tested(target, outer), list(zip(values, bodies)), label=label)
        if condition is not None:
            made.condition = _tested(condition, outer)
        return made

    def _body(
        self, body: form.Circuit, outer: QuantumCircuit, qubits: list[Qubit], clbits: list[Clbit]
    ) -> QuantumCircuit:
        made = QuantumCircuit(qubits, clbits, name=body.name, global_phase=_value(body.phase))
        around = {register.name: register for register in (*outer.qregs, *outer.cregs)}
        for register in body.registers:
            built = _register(register, made)
            same = around.get(register.name)
            made.add_register(same if same is not None and list(same) == list(built) else built)
        return self._filled(made, body)


def _add_bits(made: QuantumCircuit, circuit: form.Circuit) -> None:
    qubits: list[Any] = [None] * circuit.qubits
    clbits: list[Any] = [None] * circuit.clbits
    owners = {}
    for register in circuit.registers:
        if register.owner:
            cls = QuantumRegister if register.quantum else ClassicalRegister
            built = owners[register.name] = cls(len(register.bits), register.name)
            for place, bit in zip(register.bits, built):
                (qubits if register.quantum else clbits)[place] = bit
    made.add_bits([bit or Qubit() for bit in qubits])
    made.add_bits([bit or Clbit() for bit in clbits])
    for register in circuit.registers:
        made.add_register(owners.get(register.name) or _register(register, made))


def _register(register: form.Register, circuit: QuantumCircuit) -> Any:
    """Return a register of existing bits of a circuit."""
    if register.quantum:
        return QuantumRegister(name=register.name, bits=[circuit.qubits[n] for n in register.bits])
    return ClassicalRegister(name=register.name, bits=[circuit.clbits[n] for n in register.bits])


def _standard(operation: form.Operation) -> Any:
    family = OPERATION_CLASSES[operation.kind].family
    cls = getattr(library, operation.kind)
    params = operation.params
    words: dict[str, Any] = {} if operation.label is None else {"label": operation.label}
    if family is Family.MANY_CONTROLLED:
        return cls(*params, operation.controls, **words)
    if operation.state != (1 << operation.controls) - 1:
        words["ctrl_state"] = operation.state
    if operation.kind in ("Measure", "Reset"):
        made = cls()
        if operation.label is not None:
            made = made.to_mutable() if hasattr(made, "to_mutable") else made
            made.label = operation.label
        return made
    return cls(*params, **words)


def _library_operation(operation: form.Operation) -> Any:
    made = _FROM_PARAMS[operation.kind](operation)
    if operation.label is not None:
        made.label = operation.label
    return made


def _by_method(name: str) -> Any:
    """Return a function that builds an operation with a method of ``QuantumCircuit``.

    The classes of these operations moved between versions of terra; the methods did not.
    """

    def build(operation: form.Operation) -> Any:
        params: Any = list(map(_value, operation.params))
        if isinstance(params[0], str):
            params = "".join(params)
        elif len(params) == 1:
            params = params[0] if operation.kind == "UnitaryGate" else int(params[0].real)
        circuit = QuantumCircuit(operation.qubits)
        getattr(circuit, name)(params, circuit.qubits)
        return circuit.data[0].operation

    return build


def _controlled_rotations(operation: form.Operation) -> Any:
    # Before terra 0.45, these gates are not in the circuit library.
    module = library if hasattr(library, operation.kind) else import_module("qiskit.extensions")
    return getattr(module, operation.kind)(list(operation.params))


def _evolution(operation: form.Operation) -> Any:
    time, operators, several, (name, settings) = operation.params
    made = [SparsePauliOp(list(labels), list(numbers)) for labels, numbers in operators]
    synthesis = getattr(evolution, name)(**json.loads(settings))
    return PauliEvolutionGate(made if several else made[0], time=time, synthesis=synthesis)


_FROM_PARAMS: dict[str, Any] = {
    "Barrier": lambda operation: Barrier(operation.qubits),
    "Delay": lambda operation: Delay(*operation.params),
    "UnitaryGate": _by_method("unitary"),
    "PauliGate": lambda operation: library.PauliGate(operation.params[0]),
    "DiagonalGate": lambda operation: library.DiagonalGate(list(operation.params)),
    "LinearFunction": lambda operation: library.LinearFunction(_value(operation.params[0])),
    "PermutationGate": lambda operation: library.PermutationGate(_value(operation.params[0])),
    "Clifford": lambda operation: Clifford(_value(operation.params[0])),
    "Initialize": _by_method("initialize"),
    "StatePreparation": _by_method("prepare_state"),
    "PauliEvolutionGate": _evolution,
    "UCRXGate": _controlled_rotations,
    "UCRYGate": _controlled_rotations,
    "UCRZGate": _controlled_rotations,
}


def _value(value: form.Value) -> Any:
    # Aer 0.14 transposes read-only arrays, so return a writable copy.
    return value.numbers().copy() if isinstance(value, form.Array) else value


def _tested(value: form.Condition | form.Classical | None, circuit: QuantumCircuit) -> Any:
    """Build a condition, or the target of a ``switch``."""
    if isinstance(value, form.Equal):
        return _classical(value.target, circuit), value.value
    if isinstance(value, form.Classical):
        return _classical(value, circuit)
    return _expression(value, circuit)


def _classical(target: form.Classical, circuit: QuantumCircuit) -> Any:
    if target.register is None:
        return circuit.clbits[target.bits[0]]
    return next(register for register in circuit.cregs if register.name == target.register)


def _expression(node: Any, circuit: QuantumCircuit) -> Any:
    from qiskit.circuit.classical import expr, types  # from terra 0.25 on

    kind, width, parts = node
    value_type = types.Bool() if width is None else types.Uint(width)
    if kind == "Var":
        return expr.Var(_classical(parts[0], circuit), value_type)
    if kind == "Value":
        return expr.Value(parts[0], value_type)
    if kind == "Cast":
        return expr.Cast(_expression(parts[0], circuit), value_type, implicit=parts[1])
    operands = [_expression(part, circuit) for part in parts[1:]]
    cls = getattr(expr, kind)
    return cls(cls.Op[parts[0]], *operands, value_type)


def _layout(layout: form.Layout, circuit: QuantumCircuit) -> TranspileLayout:
    registers = {register.name: register for register in circuit.qregs}
    registers.update((name, QuantumRegister(size, name)) for name, size in layout.registers)
    initial = mapping = final = None
    if layout.initial is not None:
        bits = [Qubit() if bit is None else registers[bit[0]][bit[1]] for bit in layout.initial]
        initial = Layout(dict(enumerate(bits)))
        if layout.mapping is not None:
            mapping = {bits[place]: number for number, place in enumerate(layout.mapping)}
    if layout.final is not None:
        final = Layout({circuit.qubits[bit]: place for place, bit in enumerate(layout.final)})
    made = TranspileLayout(initial, mapping, final)
    if layout.inputs is not None:
        made._input_qubit_count = layout.inputs
        made._output_qubit_list = circuit.qubits
    return made
