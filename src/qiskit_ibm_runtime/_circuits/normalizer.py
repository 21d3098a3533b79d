"""Conversion of Qiskit circuits to the normal form."""

from __future__ import annotations

import json
from numbers import Complex, Integral, Real
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from qiskit import QuantumCircuit
from qiskit.circuit import (
    ClassicalRegister,
    Clbit,
    ControlledGate,
    Gate,
    Instruction,
    Parameter,
    ParameterExpression,
    QuantumRegister,
)
from qiskit.circuit.parametervector import ParameterVectorElement
from qiskit.qpy.common import QPY_VERSION
from qiskit.quantum_info import Pauli, SparsePauliOp, Statevector

from qiskit_ibm_runtime.exceptions import CircuitError

from . import form
from .form import Family, OperationClass, operation_class

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qiskit.transpiler.layout import TranspileLayout

# Since terra 0.45, `condition` is a property; the attribute is faster.
_CONDITION = "_condition" if hasattr(Instruction, "condition") else "condition"
_SIMPLE = frozenset(
    {int, float, complex, str, type(None), range, Parameter, ParameterVectorElement}
)
_new_tuple = tuple.__new__  # creates named tuples three times as fast
_GENERAL = (ControlledGate, Gate, Instruction)  # most derived first
_LABEL_OF_PREPARATIONS = "State Preparation"  # the default label of the class
_MIN_COMPLETE_VERSION = 10  # QPY version since which readers support more library operations
_MOST_QUBITS_OF_A_VECTOR = 10
_OF_GATES = (int, float, ParameterExpression)


def normal_form(circuit: QuantumCircuit) -> form.Circuit:
    """Convert a circuit to the normal form.

    The circuit is not modified: definitions built in the process are discarded.

    Raises:
        CircuitError: If the circuit contains something that only exists in the author's process.
    """
    try:
        found, layout = _Normalizer().circuit(circuit, circuit.name), _layout_of(circuit)
    except CircuitError as exc:
        raise CircuitError(f"Circuit {circuit.name!r} contains {exc.message}.") from None
    return found._replace(
        metadata=circuit.metadata,
        calibrations=circuit.calibrations or None,
        layout=layout,
    )


def normalize_value(value: Any) -> form.Value:
    """Convert a parameter to a value of the normal form.

    Raises:
        CircuitError: If its type has no representation in the normal form.
    """
    if type(value) in _SIMPLE:
        return value
    if isinstance(value, ParameterExpression):
        return value if value.parameters else _number_of(value)
    if isinstance(value, np.ndarray) and value.ndim:
        return _array(value)
    if isinstance(value, (np.generic, np.ndarray)):
        value = value.item()
    if isinstance(value, str):
        return str(value)
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, Real):
        return float(value)
    if isinstance(value, Complex):
        return complex(value)
    if isinstance(value, (tuple, list)):
        return tuple(map(normalize_value, value))
    raise CircuitError(f"a parameter of type {type(value).__name__}, {value!r:.80}")


def _number_of(expression: ParameterExpression) -> complex:
    number = complex(expression)
    return number if number.imag else number.real


def _array(array: np.ndarray) -> form.Array:
    if array.dtype.hasobject:
        array = np.asarray(array.tolist())
        if array.dtype.kind not in "biufc":
            raise CircuitError("an array with objects that are not numbers")
    return form.Array(array.dtype.str, array.shape, array.tobytes())


class _BitIndices(dict[Any, int]):
    """Indices of the bits of a circuit, and its registers by name."""

    def __init__(self, circuit: QuantumCircuit) -> None:
        super().__init__((bit, place) for place, bit in enumerate(circuit.qubits))
        self.update((bit, place) for place, bit in enumerate(circuit.clbits))
        self.registers = {register.name: register for register in (*circuit.qregs, *circuit.cregs)}


class _Normalizer:
    """Normalization of one circuit, converting each definition and operation object once."""

    def __init__(self) -> None:
        self._operations: dict[int, form.Operation] = {}
        self._circuits: dict[int, form.Circuit] = {}
        self._plain_gates: dict[str, form.Operation] = {}
        self._keep_alive: list[Any] = []  # or their ids could be reused

    def circuit(self, circuit: QuantumCircuit, name: str) -> form.Circuit:
        data = circuit.data and circuit._data  # reading `data` builds library blueprints
        places, seen = _BitIndices(circuit), self._operations
        instructions = []
        for item in data:
            operation, clbits = item.operation, item.clbits
            condition = getattr(operation, _CONDITION, None)
            instruction = (
                seen.get(id(operation)) or self._operation(operation, places),
                tuple([places[bit] for bit in item.qubits]),
                clbits and tuple([places[bit] for bit in clbits]),
                condition if condition is None else _tested(condition, places),
            )
            instructions.append(_new_tuple(form.Instruction, instruction))
        return form.Circuit(
            name,
            len(circuit.qubits),
            len(circuit.clbits),
            tuple(_register(register, places) for register in places.registers.values()),
            normalize_value(circuit.global_phase),
            tuple(instructions),
        )

    def _inner(self, circuit: QuantumCircuit, name: str) -> form.Circuit:
        found = self._circuits.get(id(circuit))
        if found is None:
            found = self._circuits[id(circuit)] = self.circuit(circuit, name)
            self._keep_alive.append(circuit)
        return found if found.name == name else found._replace(name=name)

    def _operation(self, operation: Any, places: _BitIndices) -> form.Operation:
        cls: Any = type(operation)
        kind = operation_class(cls)
        if kind.family is Family.STANDARD and operation._name == kind.name:
            return self._standard(operation, kind)
        found = None
        if kind.family is Family.CONTROL_FLOW:
            found = self._control_flow(operation, kind, places)
        elif kind.family is Family.LIBRARY:
            found = _library_operation(operation, kind)
        elif kind.family is Family.MANY_CONTROLLED and _is_distinct_in_qpy(operation, kind):
            found = self._standard(operation, kind)
        if found is None:
            found = self._general(operation, places)
        if kind.name != "switch_case":  # its target belongs to one circuit
            self._cache(operation, found)
        return found

    def _standard(self, operation: Any, kind: OperationClass) -> form.Operation:
        label = operation._label or None
        params: tuple[form.Value, ...] = ()
        state = operation._ctrl_state if kind.controlled else 0
        plain = not kind.parameters and label is None and state == kind.state
        if plain and kind.kind in self._plain_gates:
            return self._cache(operation, self._plain_gates[kind.kind])
        if kind.parameters:
            numbers = operation.params if kind.controlled else operation._params
            params = tuple(
                [n if type(n) is float else normalize_value(n) for n in numbers[: kind.parameters]]
            )  # as base gate, Qiskit's CU has one more
        controls = operation.num_ctrl_qubits if kind.controlled else 0
        size = operation._num_qubits, operation._num_clbits
        parts = (kind.kind, kind.name, *size, params, label, controls, state, None, None, ())
        found = _new_tuple(form.Operation, parts)
        if plain:
            self._plain_gates[kind.kind] = self._cache(operation, found)
        return found

    def _cache(self, operation: Any, found: form.Operation) -> form.Operation:
        self._operations[id(operation)] = found
        self._keep_alive.append(operation)
        return found

    def _control_flow(
        self, operation: Any, kind: OperationClass, places: _BitIndices
    ) -> form.Operation:
        params: tuple[Any, ...] = ()
        if kind.name == "for_loop":
            indices, parameter, _ = operation.params
            params = (normalize_value(indices), parameter)
        elif kind.name == "switch_case":
            values = [
                tuple(int(value) if isinstance(value, Integral) else None for value in case)
                for case, _ in operation.cases_specifier()
            ]
            params = (_tested(operation.target, places), tuple(values))
        return form.Operation(
            kind.kind,
            kind.name,
            operation.num_qubits,
            operation.num_clbits,
            params,
            operation.label or None,
            bodies=tuple(self._inner(body, body.name) for body in getattr(operation, "blocks", ())),
        )

    def _general(self, operation: Any, places: _BitIndices) -> form.Operation:
        if not isinstance(operation, Instruction):
            return self._operation(_as_instruction(operation), places)
        definition = self._definition(operation)
        found = form.Operation(
            next(cls.__name__ for cls in _GENERAL if isinstance(operation, cls)),
            operation._name,
            operation.num_qubits,
            operation.num_clbits,
            label=operation.label or None,
            definition=definition,
        )
        if not isinstance(operation, ControlledGate):
            return found._replace(params=_general_params(operation, definition is not None))
        base = self._operation(operation.base_gate, places)
        params = base.params[:1] if base.kind == "PauliEvolutionGate" else base.params
        controls, state = operation.num_ctrl_qubits, operation.ctrl_state
        return found._replace(params=params, controls=controls, state=state, base=base)

    def _definition(self, operation: Instruction) -> form.Circuit | None:
        definition = _definition_of(operation)
        if definition is not None:
            return self._inner(definition, operation._name)
        if type(operation) in (Gate, Instruction):
            return None
        if isinstance(operation, Gate):
            return _matrix_of(operation)
        raise CircuitError(
            f"the instruction {operation.name!r} of class {type(operation).__name__}, which has no "
            "definition. Give it a definition, or remove it"
        )


def _general_params(operation: Any, defined: bool) -> tuple[form.Value, ...]:
    """Return the parameters of a custom operation.

    If there is a definition, parameters that Qiskit's gates cannot store are omitted.
    """
    values = []
    for param in operation.params:
        try:
            value = normalize_value(param)
        except CircuitError as exc:
            if not defined:
                raise CircuitError(f"{exc.message} of {operation.name!r}") from None
            continue
        if not isinstance(operation, Gate) or isinstance(value, _OF_GATES):
            values.append(value)
        elif not defined:
            raise CircuitError(f"{operation.name!r} with the parameter {param!r:.80}")
    return tuple(values)


def _is_distinct_in_qpy(operation: Any, kind: OperationClass) -> bool:
    """Whether QPY can distinguish an operation from others of its class."""
    closed = operation._ctrl_state == 2**operation.num_ctrl_qubits - 1
    dirty = getattr(operation, "_dirty_ancillas", False)
    return bool(operation._name == kind.name and closed and not dirty)


def _library_operation(operation: Any, kind: OperationClass) -> form.Operation | None:
    """Convert an operation of a library class; ``None`` if QPY cannot represent it as such."""
    if operation.name != kind.name or kind.kind not in _PARAMS:
        return None
    try:
        params = _PARAMS[kind.kind](operation)
    except CircuitError:
        return None
    if params is None:
        return None
    label = getattr(operation, "label", None) or None
    return form.Operation(
        kind.kind, kind.name, operation.num_qubits, operation.num_clbits, params, label
    )


def _numbers(operation: Any) -> tuple[form.Value, ...]:
    return tuple(map(normalize_value, operation.params))


def _unlabeled_numbers(operation: Any) -> tuple[form.Value, ...] | None:
    return None if operation.label else _numbers(operation)


def _state(operation: Any) -> tuple[form.Value, ...] | None:
    if operation.label not in (None, _LABEL_OF_PREPARATIONS) or getattr(
        operation, "_inverse", False
    ):
        return None
    params = _numbers(operation)
    if len(params) > 1 and not isinstance(params[0], str):
        return params
    if QPY_VERSION >= _MIN_COMPLETE_VERSION:
        return params
    if operation.num_qubits > _MOST_QUBITS_OF_A_VECTOR or isinstance(operation, Gate):
        return None  # a gate acts on all states, not just on the initial one
    size = 2**operation.num_qubits
    state = "".join(params) if isinstance(params[0], str) else int(params[0].real)
    vector = Statevector.from_label(state) if isinstance(state, str) else np.eye(1, size, state)[0]
    return tuple(np.asarray(vector, dtype=complex).tolist())


def _evolution(operation: Any) -> tuple[form.Value, ...] | None:
    operators = operation.operator
    several = isinstance(operators, list)
    terms = tuple(map(_terms, operators if several else [operators]))
    name, settings = type(operation.synthesis).__name__, operation.synthesis.settings
    try:
        text = json.dumps(settings)
    except TypeError:
        return None
    if not type(operation.synthesis).__module__.startswith("qiskit.synthesis.") or None in terms:
        return None
    return normalize_value(operation.time), terms, several, (name, text)


def _terms(operator: Any) -> tuple[Any, ...] | None:
    if isinstance(operator, Pauli):
        operator = SparsePauliOp(operator)
    if type(operator) is not SparsePauliOp:
        return None
    try:
        numbers = [complex(number) for number in operator.coeffs]
    except TypeError:
        return None
    return tuple(operator.paulis.to_labels()), tuple(numbers)


_PARAMS: dict[str, Any] = {
    "LinearFunction": _numbers,
    "PermutationGate": _numbers,
    "Barrier": lambda _: (),
    "Delay": lambda operation: (normalize_value(operation.duration), operation.unit),
    "UnitaryGate": _numbers,
    "PauliGate": _numbers,
    "Initialize": _state,
    "StatePreparation": _state,
    "PauliEvolutionGate": _evolution,
    "UCRXGate": _unlabeled_numbers,
    "UCRYGate": _unlabeled_numbers,
    "UCRZGate": _unlabeled_numbers,
}
if QPY_VERSION >= _MIN_COMPLETE_VERSION:
    _PARAMS["DiagonalGate"] = _unlabeled_numbers
    _PARAMS["Clifford"] = lambda operation: (normalize_value(operation.tableau),)


def _definition_of(operation: Any) -> QuantumCircuit | None:
    """Return the definition of an operation; for a controlled gate, with closed controls."""
    if operation._definition is not None:
        return cast("QuantumCircuit", operation._definition)
    if isinstance(operation, ControlledGate):
        operation._define()
        definition = operation._definition
    else:
        definition = operation.definition
    if getattr(operation, "mutable", True):
        operation._definition = None  # would become stale if the user changed a parameter
    return cast("QuantumCircuit", definition)


def _matrix_of(gate: Gate) -> form.Circuit | None:
    try:
        matrix = np.asarray(gate.to_matrix(), dtype=complex)
    except Exception:  # noqa: BLE001  # user classes may raise anything
        return None
    circuit = QuantumCircuit(gate.num_qubits, name=gate.name)
    circuit.unitary(matrix, circuit.qubits)
    return normal_form(circuit)


def _as_instruction(operation: Any) -> Any:
    """Convert an operation that is not an Instruction: a Clifford or an annotated operation."""
    modifiers = getattr(operation, "modifiers", None)
    if modifiers is None:
        if not hasattr(operation, "to_instruction"):
            raise CircuitError(f"an operation of class {type(operation).__name__}")
        return operation.to_instruction()
    made = operation.base_op
    if not isinstance(made, Instruction):
        made = _as_instruction(made)
    for modifier in modifiers:
        what = type(modifier).__name__
        if what == "InverseModifier":
            made = made.inverse()
        elif what == "PowerModifier":
            made = made.power(modifier.power)
        else:
            made = made.control(modifier.num_ctrl_qubits, ctrl_state=modifier.ctrl_state)
    return made


def _register(register: Any, places: _BitIndices) -> form.Register:
    bits = tuple([places[bit] for bit in register])
    owners = {id(bit._register): bit._register for bit in register}
    owner = not owners or (len(owners) == 1 and register in owners.values())
    # An ancilla register is a quantum register whose bits have their own class.
    return form.Register(register.name, isinstance(register, QuantumRegister), bits, owner)


def _classical(target: Any, places: _BitIndices) -> form.Classical:
    try:
        if not isinstance(target, ClassicalRegister):
            return form.Classical((places[target],), None)
        if places.registers.setdefault(target.name, target) == target:
            return form.Classical(tuple([places[bit] for bit in target]), target.name)
    except KeyError:
        pass
    raise CircuitError(f"a condition on {target!r}, which does not belong to the circuit")


def _tested(value: Any, places: _BitIndices) -> Any:
    """Convert a condition, or the target of a ``switch``."""
    if isinstance(value, tuple):
        return form.Equal(_classical(value[0], places), int(value[1]))
    if isinstance(value, (Clbit, ClassicalRegister)):
        return _classical(value, places)
    return _expression(value, places)


def _expression(node: Any, places: _BitIndices) -> form.Expression:
    kind = type(node).__name__
    width = getattr(node.type, "width", None)
    parts: Sequence[Any]
    if kind == "Var":
        parts = [_classical(node.var, places)]
    elif kind == "Value":
        parts = [node.value]
    elif kind == "Cast":
        parts = [_expression(node.operand, places), bool(node.implicit)]
    elif kind == "Unary":
        parts = [node.op.name, _expression(node.operand, places)]
    elif kind == "Binary":
        parts = [node.op.name, _expression(node.left, places), _expression(node.right, places)]
    else:
        raise CircuitError(f"a classical expression of class {kind}")
    return form.Expression(kind, width, tuple(parts))


def _layout_of(circuit: QuantumCircuit) -> form.Layout | None:
    layout = getattr(circuit, "_layout", None)
    if layout is None:
        return None
    try:
        return _layout(layout, circuit)
    except (KeyError, IndexError) as exc:
        raise CircuitError(f"a layout that refers to qubits of another circuit ({exc!r})") from exc


def _layout(layout: TranspileLayout, circuit: QuantumCircuit) -> form.Layout:
    initial = mapping = final = None
    registers = {}
    if layout.initial_layout is not None:
        physical = layout.initial_layout.get_physical_bits()
        bits = [physical[place] for place in range(circuit.num_qubits)]
        initial = tuple(map(_virtual, bits))
        foreign = [bit._register for bit in bits if bit._register not in (None, *circuit.qregs)]
        registers = {register.name: register.size for register in foreign}
        virtual = layout.initial_layout.get_virtual_bits()
        if layout.input_qubit_mapping is not None:
            order = sorted(layout.input_qubit_mapping.items(), key=lambda pair: int(pair[1]))
            mapping = tuple(virtual[bit] for bit, _ in order)
    if layout.final_layout is not None:
        places = {bit: place for place, bit in enumerate(circuit.qubits)}
        physical = layout.final_layout.get_physical_bits()
        final = tuple(places[physical[place]] for place in range(circuit.num_qubits))
    inputs = getattr(layout, "_input_qubit_count", None)
    return form.Layout(initial, tuple(registers.items()), mapping, final, inputs)


def _virtual(bit: Any) -> tuple[str, int] | None:
    return None if bit._register is None else (bit._register.name, bit._index)
