"""The normal form of a circuit of Qiskit."""

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
from .layouts import layout_of
from .standard import Family, Known, known

if TYPE_CHECKING:
    from collections.abc import Sequence

# From terra 0.45 on, conditions are behind a property.
_CONDITION = "_condition" if hasattr(Instruction, "condition") else "condition"
_SIMPLE = frozenset(
    {int, float, complex, str, type(None), range, Parameter, ParameterVectorElement}
)
_new = tuple.__new__  # of a named tuple in a third of the time
_GENERAL = (("ControlledGate", ControlledGate), ("Gate", Gate), ("Instruction", Instruction))
_LABEL_OF_PREPARATIONS = "State Preparation"  # which they have from their class
_READS_MORE = 10  # the version of QPY from which on its readers know more
_MOST_QUBITS_OF_A_VECTOR = 10
_OF_GATES = (int, float, ParameterExpression)


def normal_form(circuit: QuantumCircuit) -> form.Circuit:
    """Return what a circuit says.

    The circuit stays as it is: definitions that are made to look at them are forgotten again.

    Raises:
        CircuitError: If it holds what has a meaning in its author's process alone.
    """
    try:
        found, layout = _Normalizer().circuit(circuit, circuit.name), layout_of(circuit)
    except CircuitError as exc:
        raise CircuitError(f"Circuit {circuit.name!r} holds {exc.message}.") from None
    return found._replace(
        metadata=circuit.metadata,
        calibrations=circuit.calibrations or None,
        layout=layout,
    )


def plain_value(value: Any) -> form.Value:
    """Return a parameter as a value of the normal form.

    Raises:
        CircuitError: If it is nothing that a circuit could hold everywhere.
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
        return tuple(map(plain_value, value))
    raise CircuitError(f"a parameter of type {type(value).__name__}, {value!r:.80}")


def _number_of(expression: ParameterExpression) -> complex:
    number = complex(expression)
    return number if number.imag else number.real


def _array(array: np.ndarray) -> form.Array:
    if array.dtype.hasobject:
        array = np.asarray(array.tolist())
        if array.dtype.kind not in "biufc":
            raise CircuitError("an array of objects that are not numbers")
    return form.Array(array.dtype.str, array.shape, array.tobytes())


class _Places(dict[Any, int]):
    """The places of the bits of a circuit, and its registers by name."""

    def __init__(self, circuit: QuantumCircuit) -> None:
        super().__init__((bit, place) for place, bit in enumerate(circuit.qubits))
        self.update((bit, place) for place, bit in enumerate(circuit.clbits))
        self.registers = {register.name: register for register in (*circuit.qregs, *circuit.cregs)}


class _Normalizer:
    """One look at a circuit, in which each definition and each operation is seen once."""

    def __init__(self) -> None:
        self._operations: dict[int, form.Operation] = {}
        self._circuits: dict[int, form.Circuit] = {}
        self._plain: dict[str, form.Operation] = {}
        self._held: list[Any] = []  # or their identities would return

    def circuit(self, circuit: QuantumCircuit, name: str) -> form.Circuit:
        data = circuit.data and circuit._data  # blueprints are built when it is looked at
        places, seen = _Places(circuit), self._operations
        instructions = []
        for item in data:
            operation, clbits = item.operation, item.clbits
            condition = getattr(operation, _CONDITION, None)
            instruction = (
                seen.get(id(operation)) or self._operation(operation, places),
                tuple([places[bit] for bit in item.qubits]),
                clbits and tuple([places[bit] for bit in clbits]),
                condition if condition is None else _condition(condition, places),
            )
            instructions.append(_new(form.Instruction, instruction))
        return form.Circuit(
            name,
            len(circuit.qubits),
            len(circuit.clbits),
            tuple(_register(register, places) for register in places.registers.values()),
            plain_value(circuit.global_phase),
            tuple(instructions),
        )

    def _inner(self, circuit: QuantumCircuit, name: str) -> form.Circuit:
        found = self._circuits.get(id(circuit))
        if found is None:
            found = self._circuits[id(circuit)] = self.circuit(circuit, name)
            self._held.append(circuit)
        return found if found.name == name else found._replace(name=name)

    def _operation(self, operation: Any, places: _Places | None) -> form.Operation:
        cls: Any = type(operation)
        kind = known(cls)
        if kind.family is Family.STANDARD and operation._name == kind.name:
            return self._standard(operation, kind)
        found = None
        if kind.family is Family.FLOW:
            found = self._flow(operation, kind, places)
        elif kind.family is Family.LIBRARY:
            found = _of_the_library(operation, kind)
        elif kind.family is Family.MANY_CONTROLLED and _is_told(operation, kind):
            found = self._standard(operation, kind)
        if found is None:
            found = self._general(operation)
        if kind.name != "switch_case":  # whose target belongs to one circuit
            self._remember(operation, found)
        return found

    def _standard(self, operation: Any, kind: Known) -> form.Operation:
        label = operation._label or None
        params: tuple[form.Value, ...] = ()
        state = operation._ctrl_state if kind.controlled else 0
        plain = not kind.parameters and label is None and state == kind.state
        if plain and kind.kind in self._plain:
            return self._plain[kind.kind]
        if kind.parameters:
            numbers = operation.params if kind.controlled else operation._params
            params = tuple(
                [n if type(n) is float else plain_value(n) for n in numbers[: kind.parameters]]
            )  # the base of a controlled CU gate has one more in Qiskit than its class
        controls = operation.num_ctrl_qubits if kind.controlled else 0
        size = operation._num_qubits, operation._num_clbits
        parts = (kind.kind, kind.name, *size, params, label, controls, state, None, None, ())
        found = _new(form.Operation, parts)
        if plain:
            self._plain[kind.kind] = found
        if kind.shared:
            self._remember(operation, found)
        return found

    def _remember(self, operation: Any, found: form.Operation) -> None:
        self._operations[id(operation)] = found
        self._held.append(operation)

    def _flow(self, operation: Any, kind: Known, places: _Places | None) -> form.Operation:
        params: tuple[Any, ...] = ()
        if kind.name == "for_loop":
            indices, parameter, _ = operation.params
            params = (plain_value(indices), parameter)
        elif kind.name == "switch_case":
            values = [
                tuple(int(value) if isinstance(value, Integral) else None for value in case)
                for case, _ in operation.cases_specifier()
            ]
            target = _classical_or_expression(operation.target, places or _Places(QuantumCircuit()))
            params = (target, tuple(values))
        return form.Operation(
            kind.kind,
            kind.name,
            operation.num_qubits,
            operation.num_clbits,
            params,
            operation.label or None,
            bodies=tuple(self._inner(body, body.name) for body in getattr(operation, "blocks", ())),
        )

    def _general(self, operation: Any) -> form.Operation:
        if not isinstance(operation, Instruction):
            return self._operation(_as_instruction(operation), None)
        kind, cls = next(pair for pair in _GENERAL if isinstance(operation, pair[1]))
        definition = self._definition(operation)
        its_own = cls is not ControlledGate
        found = form.Operation(
            kind,
            operation._name,
            operation.num_qubits,
            operation.num_clbits,
            _general_params(operation, definition is not None) if its_own else (),
            operation.label or None,
            definition=definition,
        )
        if its_own:
            return found
        controls, state = operation.num_ctrl_qubits, operation.ctrl_state
        base = self._operation(operation.base_gate, None)
        params = base.params[:1] if base.kind == "PauliEvolutionGate" else base.params
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
            f"the instruction {operation.name!r}, which nothing but its class "
            f"{type(operation).__name__} tells what to do: give it a definition, or leave it out"
        )


def _general_params(operation: Any, defined: bool) -> tuple[form.Value, ...]:
    """Return the parameters that an operation of the general kinds may hold.

    A definition says more than they do, so those that no gate of Qiskit's may hold can be left out.
    """
    values = []
    for param in operation.params:
        try:
            value = plain_value(param)
        except CircuitError as exc:
            if not defined:
                raise CircuitError(f"{exc.message} of {operation.name!r}") from None
            continue
        if not isinstance(operation, Gate) or isinstance(value, _OF_GATES):
            values.append(value)
        elif not defined:
            raise CircuitError(f"{operation.name!r} with the parameter {param!r:.80}")
    return tuple(values)


def _is_told(operation: Any, kind: Known) -> bool:
    """Whether QPY tells an operation from others of its class."""
    closed = operation._ctrl_state == 2**operation.num_ctrl_qubits - 1
    dirty = getattr(operation, "_dirty_ancillas", False)
    return bool(operation._name == kind.name and closed and not dirty)


def _of_the_library(operation: Any, kind: Known) -> form.Operation | None:
    """Return an operation that its class tells apart; nothing if QPY would not tell it."""
    if operation.name != kind.name:
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


def _delay(operation: Any) -> tuple[form.Value, ...]:
    return plain_value(operation.duration), operation.unit


def _numbers(operation: Any) -> tuple[form.Value, ...]:
    return tuple(map(plain_value, operation.params))


def _state(operation: Any) -> tuple[form.Value, ...] | None:
    if operation.label not in (None, _LABEL_OF_PREPARATIONS) or getattr(
        operation, "_inverse", False
    ):
        return None
    params = _numbers(operation)
    if len(params) > 1 and not isinstance(params[0], str):
        return params
    if QPY_VERSION >= _READS_MORE:
        return params
    if operation.num_qubits > _MOST_QUBITS_OF_A_VECTOR or isinstance(operation, Gate):
        return None  # as a gate, it acts on all states
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
    return plain_value(operation.time), terms, several, (name, text)


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


def _diagonal(operation: Any) -> tuple[form.Value, ...] | None:
    return None if operation.label or QPY_VERSION < _READS_MORE else _numbers(operation)


def _controlled_rotations(operation: Any) -> tuple[form.Value, ...] | None:
    return None if operation.label else _numbers(operation)


def _clifford(operation: Any) -> tuple[form.Value, ...] | None:
    return None if QPY_VERSION < _READS_MORE else (plain_value(operation.tableau),)


_PARAMS: dict[str, Any] = {
    "Clifford": _clifford,
    "LinearFunction": _numbers,
    "PermutationGate": _numbers,
    "DiagonalGate": _diagonal,
    "Barrier": lambda _: (),
    "Delay": _delay,
    "UnitaryGate": _numbers,
    "PauliGate": _numbers,
    "Initialize": _state,
    "StatePreparation": _state,
    "PauliEvolutionGate": _evolution,
    "UCRXGate": _controlled_rotations,
    "UCRYGate": _controlled_rotations,
    "UCRZGate": _controlled_rotations,
}


def _definition_of(operation: Any) -> QuantumCircuit | None:
    """Return the definition; of a controlled gate, the one with closed controls."""
    if operation._definition is not None:
        return cast("QuantumCircuit", operation._definition)
    if isinstance(operation, ControlledGate):
        operation._define()
        definition = operation._definition
    else:
        definition = operation.definition
    if getattr(operation, "mutable", True):
        operation._definition = None  # it would go stale when the user changes a parameter
    return cast("QuantumCircuit", definition)


def _matrix_of(gate: Gate) -> form.Circuit | None:
    try:
        matrix = np.asarray(gate.to_matrix(), dtype=complex)
    except Exception:  # noqa: BLE001  # a class of the user's may do anything; then it is nothing but a name
        return None
    circuit = QuantumCircuit(gate.num_qubits, name=gate.name)
    circuit.unitary(matrix, circuit.qubits)
    return normal_form(circuit)


def _as_instruction(operation: Any) -> Any:
    """Return what an operation that is no instruction stands for: a Clifford, modified gates."""
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


def _register(register: Any, places: _Places) -> form.Register:
    bits = tuple([places[bit] for bit in register])
    owners = {id(bit._register): bit._register for bit in register}
    owner = not owners or (len(owners) == 1 and register in owners.values())
    # A register of ancillas is one of qubits whose bits have a class of their own.
    return form.Register(register.name, isinstance(register, QuantumRegister), bits, owner)


def _classical(target: Any, places: _Places) -> form.Classical:
    try:
        if not isinstance(target, ClassicalRegister):
            return form.Classical((places[target],), None)
        if places.registers.setdefault(target.name, target) == target:
            return form.Classical(tuple([places[bit] for bit in target]), target.name)
    except KeyError:
        pass
    raise CircuitError(f"a condition on {target!r}, which is not in the circuit")


def _condition(condition: Any, places: _Places) -> form.Condition:
    if isinstance(condition, tuple):
        target, value = condition
        return form.Equal(_classical(target, places), int(value))
    return _expression(condition, places)


def _classical_or_expression(target: Any, places: _Places) -> form.Classical | form.Expression:
    if isinstance(target, (Clbit, ClassicalRegister)):
        return _classical(target, places)
    return _expression(target, places)


def _expression(node: Any, places: _Places) -> form.Expression:
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
