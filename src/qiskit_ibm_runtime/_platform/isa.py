"""Circuits in the instructions of a device: what both encodings are written from.

Bits are numbers: a qubit is its place on the device, a classical bit its place in the circuit that
the user gave. Each distinct angle that waits for values is one bare column.
"""

from __future__ import annotations

import math
from itertools import accumulate
from typing import TYPE_CHECKING, Any, NamedTuple, Union

from qiskit.circuit import ParameterExpression

from qiskit_ibm_runtime._circuits import form
from qiskit_ibm_runtime._circuits.standard import STANDARD
from qiskit_ibm_runtime.exceptions import IBMInputValueError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

_LATER = {"for_loop", "while_loop", "switch_case", "break_loop", "continue_loop"}
_PREFIX = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9, "ps": 1e-12}


class Column(NamedTuple):
    """An angle that gets a value for each row.

    Attributes:
        place: Its place among the columns.
    """

    place: int

    @property
    def name(self) -> str:
        """Name on the wire; names sort as the columns do."""
        return f"p{self.place:05d}"


class Bit(NamedTuple):
    """The condition that a classical bit, the only one of ``bits``, has a value."""

    bits: tuple[int, ...]
    value: bool


class Whole(NamedTuple):
    """The condition that a whole register is a number."""

    bits: tuple[int, ...]
    register: str
    value: int


class Logic(NamedTuple):
    """An expression of classical values as condition.

    Attributes:
        bits: The classical bits that it reads.
        tree: The expression; its variables name registers and bits of the :class:`Isa` circuit.
    """

    bits: tuple[int, ...]
    tree: form.Expression


Condition = Union[Bit, Whole, Logic]


class Step(NamedTuple):
    """One instruction.

    Attributes:
        name: Qiskit's name of it; ``if_else`` for a condition.
        kind: Name of Qiskit's class.
        qubits: The qubits it acts on.
        clbits: The classical bits it writes to.
        params: Angles in radians, each a float or a :class:`Column`; of a delay its time in ``dt``.
        controls: How many qubits are controls, and ``state`` at which state of them it acts.
        state: See ``controls``.
        condition: Of ``if_else``.
        bodies: Of ``if_else``: what is done if the condition holds, and if given what otherwise.
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
    """A circuit in the instructions of a device.

    Attributes:
        qubits: How many qubits there are.
        registers: Name and size of each classical register. They share no bit, and their bits in
            this order are those that steps name.
        steps: What is done.
        angles: The expression of each column.
    """

    qubits: int
    registers: tuple[tuple[str, int], ...]
    steps: tuple[Step, ...]
    angles: tuple[Any, ...]

    @property
    def clbits(self) -> int:
        """How many classical bits there are."""
        return sum(size for _, size in self.registers)

    @property
    def starts(self) -> list[int]:
        """The place of the first bit of each register."""
        return [0, *accumulate(size for _, size in self.registers)][:-1]

    @property
    def is_dynamic(self) -> bool:
        """Whether something depends on an outcome."""
        return any(step.bodies for step in self.steps)

    @property
    def highest(self) -> int:
        """The highest qubit that is used; -1 if none is."""
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
                f"A delay of {duration} {unit} cannot be sent: the backend does not say how long "
                "its unit dt is. Give the delay in dt."
            )
        else:
            number = duration * _PREFIX[unit] / self.dt
        return max(0, round(number / self.multiple)) * self.multiple


class Registers(NamedTuple):
    """Where each classical bit of a circuit is kept on the wire.

    Attributes:
        names: Name and size of each register there.
        places: For each classical bit of the circuit its place among all bits there.
    """

    names: tuple[tuple[str, int], ...]
    places: tuple[int, ...]

    @classmethod
    def of(cls, circuit: form.Circuit) -> Registers:
        """Keep registers apart if they share no bit, else put all bits into one."""
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
    """Return a circuit for a device, written in its instructions.

    Args:
        circuit: The normal form of a circuit that was transpiled for the device.
        width: How many qubits the device has.
        timing: How it counts time.
        registers: Where classical bits go.

    Raises:
        IBMInputValueError: If it holds what the platform cannot run.
    """
    if circuit.calibrations:
        raise IBMInputValueError(
            f"Circuit {circuit.name!r} brings pulses for its gates. IBM's platform of today takes "
            "no pulses: remove them with circuit.calibrations = {}."
        )
    if circuit.qubits > width:
        raise IBMInputValueError(
            f"Circuit {circuit.name!r} has {circuit.qubits} qubits, the backend {width}."
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
        if name in _LATER:
            raise IBMInputValueError(
                f"Circuit {self._name!r} holds {name}. IBM's platform of today runs no other "
                "control flow than if and else: unroll loops, or use channel='local'."
            )
        if name == "id":
            return None  # no device has it any more, and it does nothing
        if operation.kind == "Barrier":
            return Step(name, "Barrier", qubits)
        if operation.kind == "Delay":
            return Step(name, "Delay", qubits, params=(self._time(*operation.params),))
        if operation.kind not in STANDARD:
            raise IBMInputValueError(
                f"Circuit {self._name!r} holds {name!r}, which is no instruction of the backend. "
                "Leave out skip_transpilation, or transpile the circuit for the backend first."
            )
        params = tuple(map(self._angle, operation.params))
        state = operation.state if operation.controls else 0
        return Step(name, operation.kind, qubits, clbits, params, operation.controls, state)

    def _time(self, duration: Any, unit: str) -> int:
        if isinstance(duration, ParameterExpression):
            raise IBMInputValueError(
                f"Circuit {self._name!r} holds a delay whose time is a parameter, which IBM's "
                "platform of today does not take. Bind it before the run."
            )
        return self._timing.units(duration, unit)

    def _angle(self, value: Any) -> float | Column:
        if not isinstance(value, ParameterExpression):
            number = complex(value)
            if number.imag or not math.isfinite(number.real):
                raise IBMInputValueError(
                    f"Circuit {self._name!r} holds the angle {value}, which is no finite number."
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
            yield _if(Logic(tuple(dict.fromkeys(read)), tree), bodies)
            return
        bits = tuple(clbits[place] for place in condition.target.bits)
        if condition.value >= 1 << len(bits):
            yield from bodies[1] if len(bodies) > 1 else ()
            return
        whole = self._whole(bits)
        if len(bits) == 1:
            yield _if(Bit(bits, bool(condition.value)), bodies)
        elif whole is not None:
            yield _if(Whole(bits, whole, condition.value), bodies)
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
            "one. Such a condition cannot be sent: use registers that share no bit."
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
    """Return a condition on several bits as conditions on one bit each, inside each other."""
    for number, bit in reversed(list(enumerate(bits))):
        body = (_if(Bit((bit,), bool(value >> number & 1)), [body]),)
    return body[0]


def each_step(steps: Iterable[Step]) -> Iterator[Step]:
    """Yield each instruction, also those that depend on a condition."""
    for step in steps:
        yield step
        for body in step.bodies:
            yield from each_step(body)


def check_fits(isa: Isa, places_of: Callable[[str], Any], backend: str) -> None:
    """Check that a device has each instruction, on the qubits that it is used on.

    Args:
        isa: The circuit.
        places_of: Returns the places of an instruction by its name: a container of tuples of
            qubits, ``None`` if it works everywhere, ``False`` if the device does not have it.
        backend: Name of the backend.

    Raises:
        IBMInputValueError: If it does not.
    """
    for step in each_step(isa.steps):
        if step.name in ("barrier", "delay", "if_else", "measure", "reset"):
            continue
        places = places_of(step.name)
        if places is False or (places is not None and step.qubits not in places):
            raise IBMInputValueError(
                f"Backend {backend!r} has no {step.name!r} on qubits {list(step.qubits)}, and with "
                "skip_transpilation circuits are sent as they are. Leave it out, or transpile the "
                "circuit for the backend first."
            )
