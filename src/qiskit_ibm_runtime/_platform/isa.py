"""Circuits in the instruction set of a device (ISA circuits), the source of both encodings.

Bits are integers: a qubit is its index on the device, a classical bit its index in the user's
circuit. Each distinct unbound angle becomes one parameter column.
"""

from __future__ import annotations

import math
from itertools import accumulate
from typing import TYPE_CHECKING, Any, NamedTuple, Union

from qiskit.circuit import ParameterExpression

from qiskit_ibm_runtime._circuits import form
from qiskit_ibm_runtime._circuits.form import STANDARD_GATES
from qiskit_ibm_runtime.exceptions import IBMInputValueError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

_UNSUPPORTED_CONTROL_FLOW = frozenset(
    ("for_loop", "while_loop", "switch_case", "break_loop", "continue_loop")
)
_PREFIX = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9, "ps": 1e-12}


class Column(NamedTuple):
    """A parameter that gets a value for each row.

    Attributes:
        place: Index of the column.
    """

    place: int

    @property
    def name(self) -> str:
        """Name on the wire; sorting by name keeps the order of columns."""
        return f"p{self.place:05d}"


class BitCondition(NamedTuple):
    """Condition that the single classical bit in ``bits`` has a value."""

    bits: tuple[int, ...]
    value: bool


class RegisterCondition(NamedTuple):
    """Condition that a register equals a number."""

    bits: tuple[int, ...]
    register: str
    value: int


class ExpressionCondition(NamedTuple):
    """Condition given by a classical expression.

    Attributes:
        bits: The classical bits that it reads.
        tree: The expression; its variables refer to registers and bits of the :class:`Isa`.
    """

    bits: tuple[int, ...]
    tree: form.Expression


Condition = Union[BitCondition, RegisterCondition, ExpressionCondition]


class Step(NamedTuple):
    """One instruction.

    Attributes:
        name: Qiskit's name of the instruction; ``if_else`` for a condition.
        kind: Name of Qiskit's class.
        qubits: The qubits it acts on.
        clbits: The classical bits it writes to.
        params: Angles in radians, each a float or a :class:`Column`; for a delay, its duration in
            ``dt``.
        controls: Number of control qubits.
        state: Control state.
        condition: Condition of an ``if_else``.
        bodies: Branches of an ``if_else``: the true branch, then the false branch if there is one.
    """

    name: str
    kind: str
    qubits: tuple[int, ...]
    clbits: tuple[int, ...] = ()
    params: tuple[Any, ...] = ()
    controls: int = 0
    state: int = 0
    condition: Condition | None = None
    bodies: tuple[tuple[Step, ...], ...] = ()


class Isa(NamedTuple):
    """A circuit in the instruction set of a device.

    Attributes:
        qubits: Number of qubits.
        registers: Name and size of each classical register. They share no bits; steps number the
            bits in this order.
        steps: The instructions.
        angles: The expression of each column.
    """

    qubits: int
    registers: tuple[tuple[str, int], ...]
    steps: tuple[Step, ...]
    angles: tuple[Any, ...]

    @property
    def clbits(self) -> int:
        """Number of classical bits."""
        return sum(size for _, size in self.registers)

    @property
    def starts(self) -> list[int]:
        """Index of the first bit of each register."""
        return [0, *accumulate(size for _, size in self.registers)][:-1]

    @property
    def is_dynamic(self) -> bool:
        """Whether any instruction depends on a measurement outcome."""
        return any(step.bodies for step in self.steps)

    @property
    def highest(self) -> int:
        """Highest qubit in use; -1 if there is none."""
        used = (max(step.qubits, default=-1) for step in self.steps if step.name != "barrier")
        return max(used, default=-1)


class Timing(NamedTuple):
    """How a device counts time.

    Attributes:
        dt: Its unit in seconds; ``None`` if it is not known.
        multiple: Delays are multiples of so many units.
    """

    dt: float | None = None
    multiple: int = 1

    def units(self, duration: float, unit: str) -> int:
        """Return a time in whole units.

        Raises:
            IBMInputValueError: If the device does not say how long one is.
        """
        if unit == "dt":
            number = float(duration)
        elif self.dt is None:
            raise IBMInputValueError(
                f"Cannot convert a delay of {duration} {unit} to dt: the backend does not report "
                "its dt. Give the delay in dt."
            )
        else:
            number = duration * _PREFIX[unit] / self.dt
        return max(0, round(number / self.multiple)) * self.multiple


class Registers(NamedTuple):
    """Mapping of a circuit's classical bits to registers on the wire.

    Attributes:
        names: Name and size of each register on the wire.
        places: For each classical bit of the circuit, its index among all bits on the wire.
    """

    names: tuple[tuple[str, int], ...]
    places: tuple[int, ...]

    @classmethod
    def of(cls, circuit: form.Circuit) -> Registers:
        """Keep the registers if they share no bits, else put all bits into one register."""
        sets = [each.bits for each in circuit.registers if not each.quantum and each.bits]
        flat = [bit for bits in sets for bit in bits]
        if len(set(flat)) < len(flat):
            return cls((("c", circuit.clbits),), tuple(range(circuit.clbits)))
        loose = tuple(bit for bit in range(circuit.clbits) if bit not in set(flat))
        kept = [*sets, loose] if loose else sets
        places = dict(zip((bit for bits in kept for bit in bits), range(circuit.clbits)))
        return cls(
            tuple((f"r{number}", len(bits)) for number, bits in enumerate(kept)),
            tuple(places[bit] for bit in range(circuit.clbits)),
        )


def to_isa(circuit: form.Circuit, width: int, timing: Timing, registers: Registers) -> Isa:
    """Lower a transpiled circuit to the instruction set of a device.

    Args:
        circuit: Normal form of a circuit transpiled for the device.
        width: Number of qubits of the device.
        timing: Unit and alignment of durations.
        registers: Mapping of classical bits to registers on the wire.

    Raises:
        IBMInputValueError: If the platform cannot run an instruction of the circuit.
    """
    if circuit.calibrations:
        raise IBMInputValueError(
            f"Circuit {circuit.name!r} has pulse calibrations, which IBM Quantum Platform does not "
            "support. Remove them with circuit.calibrations = {}."
        )
    if circuit.qubits > width:
        raise IBMInputValueError(
            f"Circuit {circuit.name!r} has {circuit.qubits} qubits, but the backend has {width}."
        )
    made = _Lowering(circuit, timing, registers)
    steps = tuple(made.steps(circuit, range(circuit.qubits), registers.places))
    return Isa(width, registers.names, steps, tuple(made.angles))


class _Lowering:
    def __init__(self, circuit: form.Circuit, timing: Timing, registers: Registers) -> None:
        self._name, self._timing, self._registers = circuit.name, timing, registers
        self._columns: dict[Any, Column] = {}
        self.angles: list[Any] = []

    def steps(
        self, circuit: form.Circuit, qubits: Sequence[int], clbits: Sequence[int]
    ) -> Iterator[Step]:
        for operation, places, cplaces, condition in circuit.instructions:
            where = tuple(qubits[place] for place in places)
            cwhere = tuple(clbits[place] for place in cplaces)
            if operation.kind == "IfElseOp" and condition is not None:
                bodies = [tuple(self.steps(body, where, cwhere)) for body in operation.bodies]
                yield from self._if(condition, clbits, bodies)
                continue
            step = self._plain(operation, where, cwhere)
            if step is None:
                continue
            if condition is None:
                yield step
            else:
                yield from self._if(condition, clbits, [(step,)])

    def _plain(
        self, operation: form.Operation, qubits: tuple[int, ...], clbits: tuple[int, ...]
    ) -> Step | None:
        name = operation.name
        if name in _UNSUPPORTED_CONTROL_FLOW:
            raise IBMInputValueError(
                f"Circuit {self._name!r} contains {name}. IBM Quantum Platform supports only "
                "if/else control flow: unroll loops, or use channel='local'."
            )
        if name == "id":
            return None  # devices no longer have it, and it has no effect
        if operation.kind == "Barrier":
            return Step(name, "Barrier", qubits)
        if operation.kind == "Delay":
            return Step(name, "Delay", qubits, params=(self._time(*operation.params),))
        if operation.kind not in STANDARD_GATES:
            raise IBMInputValueError(
                f"Circuit {self._name!r} contains {name!r}, which the backend does not support. "
                "Remove skip_transpilation, or transpile the circuit for the backend first."
            )
        params = tuple(map(self._angle, operation.params))
        state = operation.state if operation.controls else 0
        return Step(name, operation.kind, qubits, clbits, params, operation.controls, state)

    def _time(self, duration: Any, unit: str) -> int:
        if isinstance(duration, ParameterExpression):
            raise IBMInputValueError(
                f"Circuit {self._name!r} contains a delay with a parameter as duration, which IBM "
                "Quantum Platform does not support. Bind the parameter before the run."
            )
        return self._timing.units(duration, unit)

    def _angle(self, value: Any) -> float | Column:
        if not isinstance(value, ParameterExpression):
            number = complex(value)
            if number.imag or not math.isfinite(number.real):
                raise IBMInputValueError(
                    f"Circuit {self._name!r} contains the angle {value}; angles must be finite "
                    "real numbers."
                )
            return number.real
        known = self._columns.get(value)
        if known is None:
            known = self._columns[value] = Column(len(self.angles))
            self.angles.append(value)
        return known

    def _if(
        self, condition: form.Condition, clbits: Sequence[int], bodies: list[tuple[Step, ...]]
    ) -> Iterator[Step]:
        if not any(bodies):
            return
        if isinstance(condition, form.Expression):
            read: list[int] = []
            tree = self._tree(condition, clbits, read)
            yield _if(ExpressionCondition(tuple(dict.fromkeys(read)), tree), bodies)
            return
        bits = tuple(clbits[place] for place in condition.target.bits)
        if condition.value >= 1 << len(bits):
            yield from bodies[1] if len(bodies) > 1 else ()
            return
        whole = self._whole(bits)
        if len(bits) == 1:
            yield _if(BitCondition(bits, bool(condition.value)), bodies)
        elif whole is not None:
            yield _if(RegisterCondition(bits, whole, condition.value), bodies)
        elif len(bodies) > 1:
            raise self._shared_register()
        else:
            yield _nested(bits, condition.value, bodies[0])

    def _whole(self, bits: tuple[int, ...]) -> str | None:
        start = 0
        for name, size in self._registers.names:
            if bits == tuple(range(start, start + size)):
                return name
            start += size
        return None

    def _shared_register(self) -> IBMInputValueError:
        return IBMInputValueError(
            f"Circuit {self._name!r} has a condition on a register that shares bits with another "
            "register, which cannot be encoded. Use registers that share no bits."
        )

    def _tree(
        self, node: form.Expression, clbits: Sequence[int], read: list[int]
    ) -> form.Expression:
        if node.kind != "Var":
            parts = tuple(
                self._tree(part, clbits, read) if isinstance(part, form.Expression) else part
                for part in node.parts
            )
            return node._replace(parts=parts)
        target = node.parts[0]
        bits = tuple(clbits[place] for place in target.bits)
        read += bits
        if target.register is None:
            return node._replace(parts=(form.Classical(bits, None),))
        whole = self._whole(bits)
        if whole is None:
            raise self._shared_register()
        return node._replace(parts=(form.Classical(bits, whole),))


def _if(condition: Condition, bodies: Iterable[tuple[Step, ...]]) -> Step:
    kept = tuple(bodies)
    if len(kept) > 1 and not kept[1]:
        kept = kept[:1]
    qubits = dict.fromkeys(qubit for body in kept for step in body for qubit in step.qubits)
    return Step("if_else", "IfElseOp", tuple(qubits), condition=condition, bodies=kept)


def _nested(bits: tuple[int, ...], value: int, body: tuple[Step, ...]) -> Step:
    """Return a condition on several bits as nested conditions on one bit each."""
    for number, bit in reversed(list(enumerate(bits))):
        body = (_if(BitCondition((bit,), bool(value >> number & 1)), [body]),)
    return body[0]


def each_step(steps: Iterable[Step]) -> Iterator[Step]:
    """Yield each instruction, including those in the branches of conditions."""
    for step in steps:
        yield step
        for body in step.bodies:
            yield from each_step(body)


def check_fits(isa: Isa, places_of: Callable[[str], Any], backend: str) -> None:
    """Check that a device supports each instruction on the qubits it is applied to.

    Args:
        isa: The circuit.
        places_of: Returns the qargs of an instruction by its name: a container of qubit tuples,
            ``None`` if the instruction is global, ``False`` if it is unsupported.
        backend: Name of the backend.

    Raises:
        IBMInputValueError: If the device does not support an instruction.
    """
    for step in each_step(isa.steps):
        if step.name in ("barrier", "delay", "if_else", "measure", "reset"):
            continue
        places = places_of(step.name)
        if places is False or (places is not None and step.qubits not in places):
            raise IBMInputValueError(
                f"Backend {backend!r} does not support {step.name!r} on qubits "
                f"{list(step.qubits)}. Remove skip_transpilation, or transpile the circuit for "
                "the backend first."
            )
