"""A circuit as one line of instructions, with jumps between them.

Composite instructions are what they are made of, bodies of control flow stand on the bits that they
are laid on, loops over indices are repeated, and a condition is a jump over what depends on it. Of
all that Qiskit can say, its own gates, measurements, resets, delays and barriers are left, which
the transpiler and every supported Aer take for what they are.
"""

from __future__ import annotations

from functools import lru_cache, partial
from typing import Any, Callable, NamedTuple, Union

import numpy as np
from qiskit.circuit import ParameterExpression

from qiskit_ibm_runtime._circuits import form
from qiskit_ibm_runtime._circuits.builder import to_circuit
from qiskit_ibm_runtime._circuits.normalizer import normal_form, normalize_value
from qiskit_ibm_runtime._circuits.operation_classes import OPERATION_CLASSES, Family

from . import classical

LONGEST = 500_000
"""Instructions of one circuit, with its loops repeated."""
WIDEST_ECHO = 4
"""Qubits of an instruction of many parts whose own noise is added behind it."""

NO_GATES = frozenset({"Barrier", "Measure", "Reset", "Delay"})
CHANNELS = frozenset({"kraus", "superop"})
_STANDARD = {Family.STANDARD, Family.MANY_CONTROLLED}
_LETTERS = {"X": "XGate", "Y": "YGate", "Z": "ZGate"}
_X = form.Operation("XGate", "x", 1, 0)
_RESET = form.Operation("Reset", "reset", 1, 0)


class UnsupportedError(ValueError):
    """A circuit cannot be simulated, with the reason."""


class Jump(NamedTuple):
    """Go on at a mark: if a bit has a value, or always if there is no bit."""

    to: int
    bit: int | None = None
    value: int = 0


class Mark(NamedTuple):
    """Where a jump goes."""

    number: int


Control = Union[Jump, Mark]


class Line(NamedTuple):
    """The instructions of a circuit, none of them control flow.

    ``control`` holds the jumps and marks in their order, each with the number of instructions that
    stand before it.
    """

    circuit: form.Circuit
    control: tuple[tuple[int, Control], ...]


class Kept(NamedTuple):
    """What stays as it is.

    Attributes:
        is_native: Whether a gate of Qiskit's does.
        names: Names and labels, none of them that of such a gate, of instructions with noise of
            their own.
    """

    is_native: Callable[[form.Operation], bool]
    names: frozenset[str] = frozenset()


class _Where(NamedTuple):
    """Where an inner circuit stands: its bits, its parameters, and the loop around it."""

    qubits: tuple[int, ...]
    clbits: tuple[int, ...]
    values: dict[Any, Any]
    loop: tuple[int, int] | None = None  # the marks to which break and continue go


def unfolded(circuit: form.Circuit, kept: Kept) -> Line:
    """Unfold a circuit. Its qubits become one register; its classical registers stay.

    Raises:
        UnsupportedError: If nothing is known of an instruction but its name, if a condition reads
            too many bits, or if its loops are too long.
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
        """What was unfolded, without jumps to the next instruction and marks of no jump."""
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
        """Append what a circuit does at some place."""
        if not self._depth:  # elsewhere it has no meaning, or names the parameter of a loop
            self._phase = self._phase + _bound(circuit.phase, where.values)
        for item in circuit.instructions:
            operation = item.operation
            its = where._replace(
                qubits=tuple([where.qubits[place] for place in item.qubits]),
                clbits=tuple([where.clbits[place] for place in item.clbits]),
            )
            condition = classical.moved(item.condition, where.clbits)
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
            operation = operation._replace(label=None)  # simulators take it for a name
        self._items.append(form.Instruction(operation, where.qubits, where.clbits, condition))
        if operation.kind != "Barrier":
            self._touched.update(where.qubits)
        self._check_length(len(self._items))

    def _check_length(self, length: int) -> None:
        if length > LONGEST:
            raise UnsupportedError(
                f"Circuit {self._circuit.name!r} has more than {LONGEST:,} instructions with its "
                "loops repeated, which is too many to simulate."
            )

    def _is_native(self, operation: form.Operation) -> bool:
        if operation.name in CHANNELS:
            return operation.kind == "Instruction" and operation.definition is None
        family = OPERATION_CLASSES[operation.kind].family
        if family not in _STANDARD and operation.kind not in ("DiagonalGate", "UnitaryGate"):
            return False
        return _is_closed(operation) and self._kept.is_native(operation)

    def _composite(self, operation: form.Operation, where: _Where) -> None:
        """Append what an operation is made of, between flips of the controls that are open."""
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
                f"Circuit {self._circuit.name!r} has the instruction {operation.name!r}, of which "
                "nothing is known but its name. Give it a definition."
            )
        return found

    def _initialize(self, operation: form.Operation, where: _Where) -> None:
        """Prepare a state, of qubits that something has happened to after their reset."""
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
        """Append nothing but the noise of an operation that was taken apart."""
        name = operation.label or operation.name
        if name in self._kept.names and 0 < operation.qubits <= WIDEST_ECHO:
            self._append(_identity(operation.qubits, name), where)

    # -- conditions

    def _takes(self, operation: form.Operation, condition: form.Condition) -> bool:
        """Whether the transpiler and Aer do an operation right under a condition."""
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
        self._decide(classical.decision(condition), yes, no)
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
        """Jump to one of two marks, by a tree of decisions about single bits."""
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
        self._decide(classical.decision(condition), yes, done)
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
        target = classical.moved(operation.params[0], outside.clbits)
        end = self._mark()
        self._depth += 1
        for values, body in zip(operation.params[1], operation.bodies):
            yes, no = self._mark(), self._mark()
            self._decide(classical.choice(target, values), yes, no)
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
                f"Circuit {self._circuit.name!r} has a {operation.name!r} outside of any loop."
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
    """A parameter with the values of the loops around it."""
    if not values or not isinstance(value, ParameterExpression):
        return value
    there = {name: values[name] for name in value.parameters if name in values}
    return normalize_value(value.bind(there)) if there else value


def _number(phase: Any) -> Any:
    """A phase as a number, if it only seems to depend on parameters, as Qiskit's 0 times one."""
    if not isinstance(phase, ParameterExpression) or phase.sympify().free_symbols:
        return phase
    return float(phase.sympify())


@lru_cache(maxsize=1024)
def _definition(operation: form.Operation) -> form.Circuit | None:
    """What Qiskit makes an operation of."""
    places = tuple(range(operation.qubits))
    alone = form.Instruction(operation, places, tuple(range(operation.clbits)))
    circuit = form.Circuit("", operation.qubits, operation.clbits, (), 0.0, (alone,), {})
    made = to_circuit(circuit).data[0].operation
    if not hasattr(made, "definition"):  # a Clifford
        made = made.to_instruction()
    return None if made.definition is None else normal_form(made.definition)


@lru_cache(maxsize=64)
def _identity(qubits: int, label: str) -> form.Operation:
    """A gate that does nothing but bear a name."""
    matrix = np.eye(2**qubits, dtype=complex)
    values = form.Array(matrix.dtype.str, matrix.shape, matrix.tobytes())
    return form.Operation("UnitaryGate", "unitary", qubits, 0, (values,), label)
