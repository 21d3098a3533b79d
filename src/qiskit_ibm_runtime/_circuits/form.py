"""Normal form of a circuit: an immutable tree of tuples, equal for every version of Qiskit.

A circuit consists of its registers and a sequence of operations on its bits. Bits are integers:
their indices in the circuit that contains the instruction. A definition or a body of control flow
is a separate circuit, whose bit ``i`` is the ``i``-th bit of the instruction that contains it.

A value is an ``int``, ``float``, ``complex`` or ``str``, an :class:`Array`, a ``range``, a tuple of
values, ``None``, or one of Qiskit's immutable parameters and parameter expressions.

Circuits are equivalent if :func:`.qpy_writer.to_qpy` returns equal bytes for them; ``==`` compares
parameters as Qiskit does.
"""

from __future__ import annotations

from typing import Any, NamedTuple, Union

import numpy as np

Value = Any


class Array(NamedTuple):
    """An immutable array of numbers.

    Attributes:
        dtype: Type of the numbers, as a numpy type string.
        shape: Length of each axis.
        data: The numbers in C order.
    """

    dtype: str
    shape: tuple[int, ...]
    data: bytes

    def numbers(self) -> np.ndarray:
        """Return the numbers as a read-only array."""
        return np.frombuffer(self.data, self.dtype).reshape(self.shape)


class Register(NamedTuple):
    """A register of a circuit.

    Attributes:
        name: Name of the register.
        quantum: Whether it contains qubits.
        bits: Indices of its bits in the circuit.
        owner: Whether the register created its bits. Qiskit treats the bits of equal owners as
            equal. Registers may share bits, but at most one of them owns them.
    """

    name: str
    quantum: bool
    bits: tuple[int, ...]
    owner: bool


class Classical(NamedTuple):
    """A classical value: a bit or a register.

    Attributes:
        bits: Its bits, least significant first.
        register: Name of the register; ``None`` for a single bit.
    """

    bits: tuple[int, ...]
    register: str | None


class Equal(NamedTuple):
    """Condition that a classical value equals a number."""

    target: Classical
    value: int


class Expression(NamedTuple):
    """An expression of classical values.

    Attributes:
        kind: Name of Qiskit's class: ``Var``, ``Value``, ``Cast``, ``Unary`` or ``Binary``.
        width: Number of bits of its value; ``None`` for a Boolean.
        parts: For a ``Var``, the :class:`Classical` value; for a ``Value``, the number; for a
            ``Cast``, the expression and whether it is implicit; otherwise the name of the operation
            and its operands.
    """

    kind: str
    width: int | None
    parts: tuple[Any, ...]


Condition = Union[Equal, Expression]


class Operation(NamedTuple):
    """A gate, control-flow operation or other operation.

    Attributes:
        kind: Name of the class as which Qiskit reads it: a library gate (``CXGate``), control flow
            (``IfElseOp``), or ``Gate``, ``Instruction`` or ``ControlledGate`` for custom
            operations, which have a definition or just a name.
        name: User-visible name, without the suffix for open controls.
        qubits: Number of qubits.
        clbits: Number of classical bits.
        params: Parameters, except for bodies. For a delay: duration and unit. For a ``for`` loop:
            indices and loop parameter. For a ``switch``: its target, a :class:`Classical` or an
            :class:`Expression`, and for each body the tuple of values that select it, where
            ``None`` is the default case. For a ``PauliEvolutionGate``: time, operators (labels and
            coefficients of each), whether they were given as a list, and synthesis (name and
            settings).
        label: Label, or ``None``.
        controls: Number of controls, which are the first qubits.
        state: Control state; ``2**controls - 1`` if all controls are closed.
        base: Base gate of a ``ControlledGate``.
        definition: Definition of a custom operation; for a ``ControlledGate``, the one with all
            controls closed.
        bodies: Bodies of control flow.
    """

    kind: str
    name: str
    qubits: int
    clbits: int
    params: tuple[Value, ...] = ()
    label: str | None = None
    controls: int = 0
    state: int = 0
    base: Operation | None = None
    definition: Circuit | None = None
    bodies: tuple[Circuit, ...] = ()


class Instruction(NamedTuple):
    """An operation applied to bits of a circuit.

    Attributes:
        operation: The operation.
        qubits: Indices of its qubits.
        clbits: Indices of its classical bits.
        condition: Condition, including that of ``if`` and ``while``.
    """

    operation: Operation
    qubits: tuple[int, ...]
    clbits: tuple[int, ...]
    condition: Condition | None = None


class Layout(NamedTuple):
    """Layout of a transpiled circuit.

    Attributes:
        initial: For each device qubit, the virtual qubit placed on it, as register name and index;
            ``None`` for a qubit without a register.
        registers: Name and size of the virtual registers that the circuit does not have.
        mapping: For each qubit of the original circuit, the device qubit it was placed on.
        final: For each device qubit, the qubit it holds at the end.
        inputs: Number of qubits of the original circuit.
    """

    initial: tuple[tuple[str, int] | None, ...] | None
    registers: tuple[tuple[str, int], ...]
    mapping: tuple[int, ...] | None
    final: tuple[int, ...] | None
    inputs: int | None


class Circuit(NamedTuple):
    """A circuit.

    Attributes:
        name: Name of the circuit; for a definition, the name of its operation.
        qubits: Number of qubits.
        clbits: Number of classical bits.
        registers: Quantum registers, then classical registers, in the circuit's order.
        phase: Global phase.
        instructions: Instructions in order.
        metadata: The user's metadata; not a copy.
        calibrations: Pulse calibrations; not a copy.
        layout: Layout chosen by the transpiler. Definitions and bodies have no metadata,
            calibrations or layout.
    """

    name: str
    qubits: int
    clbits: int
    registers: tuple[Register, ...]
    phase: Value
    instructions: tuple[Instruction, ...]
    metadata: Any = None
    calibrations: Any = None
    layout: Layout | None = None
