"""Unfolding of a circuit to a sequence of instructions with jumps.

Composite instructions are expanded, bodies of control flow are inlined, for loops are unrolled, and
conditions become jumps. The result has only standard gates, measurements, resets, delays and
barriers, which the transpiler and all supported versions of Aer handle correctly.
"""

from __future__ import annotations

from functools import lru_cache, partial
from typing import Any, Callable, NamedTuple, Union

import numpy as np
from qiskit.circuit import ParameterExpression

from qiskit_ibm_runtime._circuits import form
from qiskit_ibm_runtime._circuits.builder import to_circuit
from qiskit_ibm_runtime._circuits.form import OPERATION_CLASSES, Family
from qiskit_ibm_runtime._circuits.normalizer import normal_form, normalize_value

from . import classical

LONGEST = 500_000
"""Limit on the instructions of a circuit after unrolling its loops."""
WIDEST_ECHO = 4
"""Limit on the qubits of an expanded instruction whose own noise is added after it."""

NO_GATES = frozenset({"Barrier", "Measure", "Reset", "Delay"})
CHANNELS = frozenset({"kraus", "superop"})
_STANDARD = {Family.STANDARD, Family.MANY_CONTROLLED}
_LETTERS = {"X": "XGate", "Y": "YGate", "Z": "ZGate"}
_X = form.Operation("XGate", "x", 1, 0)
_RESET = form.Operation("Reset", "reset", 1, 0)


class UnsupportedError(ValueError):
    """A circuit cannot be simulated; the message says why."""


class Jump(NamedTuple):
    """Jump to a mark, unconditionally or if a bit has a value."""

    to: int
    bit: int | None = None
    value: int = 0


class Mark(NamedTuple):
    """Target of jumps."""

    number: int


Control = Union[Jump, Mark]


class Line(NamedTuple):
    """Unfolded circuit.

    Attributes:
        circuit: Instructions without control flow.
        control: Jumps and marks in order, each with the number of instructions before it.
    """

    circuit: form.Circuit
    control: tuple[tuple[int, Control], ...]


class Kept(NamedTuple):
    """Instructions that are not expanded.

    Attributes:
        is_native: Returns whether a standard gate is kept.
        names: Names and labels of other instructions that have their own noise.
    """

    is_native: Callable[[form.Operation], bool]
    names: frozenset[str] = frozenset()


class _Where(NamedTuple):
    """Context of an inner circuit: its bits, values of loop parameters, and the enclosing loop."""

    qubits: tuple[int, ...]
    clbits: tuple[int, ...]
    values: dict[Any, Any]
    loop: tuple[int, int] | None = None  # targets of break and continue


def unfold(circuit: form.Circuit, kept: Kept) -> Line:
    """Unfold a circuit; its qubits form one register, and classical registers are kept.

    Raises:
        UnsupportedError: If an instruction has no definition, a condition reads too many bits, or
            loops are too long.
    """
    made = _Unfolding(circuit, kept)
    made.add(circuit, _Where(tuple(range(circuit.qubits)), tuple(range(circuit.clbits)), {}))
    return made.line()


class _Unfolding:
    def __init__(self, circuit: form.Circuit, kept: Kept) -> None:
        self._circuit = circuit
        self._kept = kept
        self._phase: Any = 0.0
        self._items: list[form.Instruction | Control] = []
        self._marks = self._depth = 0
        self._touched: set[int] = set()
        registers = [register for register in circuit.registers if not register.quantum]
        self._names = {register.bits: register.name for register in registers}

    def line(self) -> Line:
        """Return the result, without jumps to the next instruction and unused marks."""
        items = [
            item
            for item, after in zip(self._items, [*self._items[1:], None])
            if not (isinstance(item, Jump) and after == Mark(item.to))
        ]
        targets = {item.to for item in items if isinstance(item, Jump)}
        instructions: list[form.Instruction] = []
        control: list[tuple[int, Control]] = []
        for item in items:
            if isinstance(item, form.Instruction):
                instructions.append(item)
            elif isinstance(item, Jump) or item.number in targets:
                control.append((len(instructions), item))
        circuit = self._circuit
        qubits = form.Register("q", True, tuple(range(circuit.qubits)), True)
        straight = circuit._replace(
            registers=(qubits, *(r for r in circuit.registers if not r.quantum)),
            phase=_number(self._phase),
            instructions=tuple(instructions),
            calibrations=None,
            layout=None,
        )
        return Line(straight, tuple(control))

    def add(self, circuit: form.Circuit, where: _Where) -> None:
        """Append the instructions of a circuit in some context."""
        if not self._depth:  # inside control flow it is irrelevant, or uses a loop parameter
            self._phase = self._phase + _bound(circuit.phase, where.values)
        for item in circuit.instructions:
            operation = item.operation
            its = where._replace(
                qubits=tuple([where.qubits[place] for place in item.qubits]),
                clbits=tuple([where.clbits[place] for place in item.clbits]),
            )
            condition = classical.map_bits(item.condition, where.clbits)
            flow = _FLOW.get(operation.kind)
            if flow is not None:
                flow(self, operation, condition, where, its)
            elif condition is None:
                self._operation(operation, its)
            elif self._takes(operation, condition):
                self._append(operation, its, self._of_the_circuit(condition))
            else:
                self._if(condition, partial(self._operation, operation, its))

    # -- operations

    def _operation(self, operation: form.Operation, where: _Where) -> None:
        if operation.kind in NO_GATES or self._is_native(operation):
            self._append(operation, where)
            return
        if operation.kind == "Initialize":
            self._initialize(operation, where)
        elif operation.kind == "PauliGate":
            for letter, qubit in zip(reversed(operation.params[0]), where.qubits):
                if letter != "I":
                    its = form.Operation(_LETTERS[letter], letter.lower(), 1, 0)
                    self._operation(its, where._replace(qubits=(qubit,)))
        else:
            self._composite(operation, where)
        self._echo(operation, where)

    def _append(self, operation: form.Operation, where: _Where, condition: Any = None) -> None:
        if where.values and operation.params:
            params = tuple(_bound(param, where.values) for param in operation.params)
            operation = operation._replace(params=params)
        if operation.label is not None and operation.label not in self._kept.names:
            operation = operation._replace(label=None)  # simulators would use it as the name
        self._items.append(form.Instruction(operation, where.qubits, where.clbits, condition))
        if operation.kind != "Barrier":
            self._touched.update(where.qubits)
        self._check_length(len(self._items))

    def _check_length(self, length: int) -> None:
        if length > LONGEST:
            raise UnsupportedError(
                f"Circuit {self._circuit.name!r} has more than {LONGEST:,} instructions after its "
                "loops are unrolled, which is too many to simulate."
            )

    def _is_native(self, operation: form.Operation) -> bool:
        if operation.name in CHANNELS:
            return operation.kind == "Instruction" and operation.definition is None
        family = OPERATION_CLASSES[operation.kind].family
        if family not in _STANDARD and operation.kind not in ("DiagonalGate", "UnitaryGate"):
            return False
        return _is_closed(operation) and self._kept.is_native(operation)

    def _composite(self, operation: form.Operation, where: _Where) -> None:
        """Append the definition of an operation, with flips around its open controls."""
        flipped = [
            where._replace(qubits=(where.qubits[place],))
            for place in range(operation.controls)
            if not operation.state >> place & 1
        ]
        for place in flipped:
            self._operation(_X, place)
        if flipped:
            closed = operation._replace(state=(1 << operation.controls) - 1, label=None)
            self._operation(closed, where)
        elif operation.definition is not None:
            self.add(operation.definition, where)
        else:
            self.add(self._definition(operation, where.values), where)
        for place in flipped:
            self._operation(_X, place)

    def _definition(self, operation: form.Operation, values: dict[Any, Any]) -> form.Circuit:
        params = tuple(_bound(param, values) for param in operation.params)
        found = _definition(operation._replace(params=params, label=None))
        if found is None:
            raise UnsupportedError(
                f"Circuit {self._circuit.name!r} has the instruction {operation.name!r}, which has "
                "no definition. Define it."
            )
        return found

    def _initialize(self, operation: form.Operation, where: _Where) -> None:
        """Append an initialization; qubits that were touched before are reset first."""
        fresh = not self._depth and not self._touched.intersection(where.qubits)
        is_vector = len(operation.params) == 1 << operation.qubits
        if fresh and is_vector and self._kept.is_native(operation):
            self._append(operation, where)
            return
        for qubit in () if fresh else where.qubits:
            self._operation(_RESET, where._replace(qubits=(qubit,)))
        state = operation._replace(kind="StatePreparation", name="state_preparation", label=None)
        self._composite(state, where)

    def _echo(self, operation: form.Operation, where: _Where) -> None:
        """Append the noise of an operation that was expanded, by a labeled identity."""
        name = operation.label or operation.name
        if name in self._kept.names and 0 < operation.qubits <= WIDEST_ECHO:
            self._append(_identity(operation.qubits, name), where)

    # -- conditions

    def _takes(self, operation: form.Operation, condition: form.Condition) -> bool:
        """Return whether the transpiler and Aer support an operation with a condition."""
        return (
            isinstance(condition, form.Equal)
            and OPERATION_CLASSES[operation.kind].family in _STANDARD
            and operation.kind not in NO_GATES
            and operation.label not in self._kept.names
            and self._is_native(operation)
            and classical.is_possible(condition)
            and (len(condition.target.bits) == 1 or condition.target.bits in self._names)
        )

    def _of_the_circuit(self, condition: Any) -> form.Equal:
        bits = condition.target.bits
        name = self._names[bits] if len(bits) > 1 else None
        return form.Equal(form.Classical(bits, name), condition.value)

    def _mark(self) -> int:
        self._marks += 1
        return self._marks

    def _if(
        self,
        condition: form.Condition,
        then: Callable[[], None],
        otherwise: Callable[[], None] | None = None,
    ) -> None:
        begin, yes, no, end = len(self._items), self._mark(), self._mark(), self._mark()
        self._decide(classical.decision_tree(condition), yes, no)
        inside = len(self._items)
        self._depth += 1
        self._items.append(Mark(yes))
        then()
        empty = len(self._items) == inside + 1
        self._items += [Jump(end), Mark(no)]
        if otherwise is not None:
            otherwise()
        empty = empty and len(self._items) == inside + 3
        self._items.append(Mark(end))
        self._depth -= 1
        if empty:
            del self._items[begin:]

    def _decide(self, decision: classical.Decision, yes: int, no: int) -> None:
        """Append jumps to one of two marks according to a decision tree."""
        if isinstance(decision, bool):
            self._items.append(Jump(yes if decision else no))
            return
        bit, zero, one = decision
        for value, constant, other in ((0, zero, one), (1, one, zero)):
            if isinstance(constant, bool):
                self._items.append(Jump(yes if constant else no, bit, value))
                self._decide(other, yes, no)
                return
        set_one = self._mark()
        self._items.append(Jump(set_one, bit, 1))
        self._decide(zero, yes, no)
        self._items.append(Mark(set_one))
        self._decide(one, yes, no)

    # -- control flow

    def _if_else(self, operation: Any, condition: Any, _: _Where, inside: _Where) -> None:
        bodies = [partial(self.add, body, inside) for body in operation.bodies]
        self._if(condition, *bodies)

    def _while(self, operation: Any, condition: Any, _: _Where, inside: _Where) -> None:
        again, yes, done = self._mark(), self._mark(), self._mark()
        self._items.append(Mark(again))
        self._decide(classical.decision_tree(condition), yes, done)
        self._items.append(Mark(yes))
        self._depth += 1
        self.add(operation.bodies[0], inside._replace(loop=(done, again)))
        self._depth -= 1
        self._items += [Jump(again), Mark(done)]

    def _for(self, operation: Any, condition: Any, _: _Where, inside: _Where) -> None:
        indices, parameter = operation.params
        self._check_length(len(indices))
        done = self._mark()
        self._depth += 1
        for index in indices:
            following = self._mark()
            values = inside.values if parameter is None else {**inside.values, parameter: index}
            self.add(operation.bodies[0], inside._replace(values=values, loop=(done, following)))
            self._items.append(Mark(following))
        self._depth -= 1
        self._items.append(Mark(done))

    def _switch(self, operation: Any, condition: Any, outside: _Where, inside: _Where) -> None:
        target = classical.map_bits(operation.params[0], outside.clbits)
        end = self._mark()
        self._depth += 1
        for values, body in zip(operation.params[1], operation.bodies):
            yes, no = self._mark(), self._mark()
            self._decide(classical.choice_tree(target, values), yes, no)
            self._items.append(Mark(yes))
            self.add(body, inside)
            self._items += [Jump(end), Mark(no)]
        self._depth -= 1
        self._items.append(Mark(end))

    def _leave(self, operation: Any, condition: Any, _: _Where, inside: _Where) -> None:
        done, following = inside.loop or (None, None)
        to = done if operation.kind == "BreakLoopOp" else following
        if to is None:
            raise UnsupportedError(
                f"Circuit {self._circuit.name!r} has {operation.name!r} outside of a loop."
            )
        self._items.append(Jump(to))


_FLOW: dict[str, Callable[..., None]] = {
    "IfElseOp": _Unfolding._if_else,
    "WhileLoopOp": _Unfolding._while,
    "ForLoopOp": _Unfolding._for,
    "SwitchCaseOp": _Unfolding._switch,
    "BreakLoopOp": _Unfolding._leave,
    "ContinueLoopOp": _Unfolding._leave,
}


def _is_closed(operation: form.Operation) -> bool:
    return operation.qubits > 0 and operation.state == (1 << operation.controls) - 1


def _bound(value: Any, values: dict[Any, Any]) -> Any:
    """Bind the loop parameters in a value."""
    if not values or not isinstance(value, ParameterExpression):
        return value
    there = {name: values[name] for name in value.parameters if name in values}
    return normalize_value(value.bind(there)) if there else value


def _number(phase: Any) -> Any:
    """Convert a phase to a number if its expression has no free parameters left."""
    if not isinstance(phase, ParameterExpression) or phase.sympify().free_symbols:
        return phase
    return float(phase.sympify())


@lru_cache(maxsize=1024)
def _definition(operation: form.Operation) -> form.Circuit | None:
    """Return Qiskit's definition of an operation."""
    places = tuple(range(operation.qubits))
    alone = form.Instruction(operation, places, tuple(range(operation.clbits)))
    circuit = form.Circuit("", operation.qubits, operation.clbits, (), 0.0, (alone,), {})
    made = to_circuit(circuit).data[0].operation
    if not hasattr(made, "definition"):  # for example, a Clifford
        made = made.to_instruction()
    return None if made.definition is None else normal_form(made.definition)


@lru_cache(maxsize=64)
def _identity(qubits: int, label: str) -> form.Operation:
    """Return an identity gate with a label."""
    matrix = np.eye(2**qubits, dtype=complex)
    values = form.Array(matrix.dtype.str, matrix.shape, matrix.tobytes())
    return form.Operation("UnitaryGate", "unitary", qubits, 0, (values,), label)
