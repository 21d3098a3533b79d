"""The normal form of a circuit: an immutable tree of tuples, the same on every Qiskit.

A circuit is what its registers are, and which operation acts on which of its bits in which order.
Bits are numbers: their places in the circuit that an instruction stands in. What stands inside an
operation (its definition, the bodies of control flow) is a circuit of its own, and its bit ``i`` is
the ``i``-th bit of the instruction that holds the operation.

A value is an ``int``, ``float``, ``complex`` or ``str``, an :class:`Array`, a ``range``, a tuple of
values, ``None``, or one of Qiskit's parameters and their expressions, which cannot change.

Circuits are the same if the same is written of them, see :func:`.writing.to_qpy`; ``==`` compares
parameters as Qiskit does.
"""

from __future__ import annotations

from typing import Any, NamedTuple, Union

import numpy as np

Value = Any


class Array(NamedTuple):
    """An array of numbers that cannot change.

    Attributes:
        dtype: The type of the numbers, as numpy writes it.
        shape: The length of each axis.
        data: The numbers, in the order of C.
    """

    dtype: str
    shape: tuple[int, ...]
    data: bytes

    def numbers(self) -> np.ndarray:
        """Return the numbers as an array that can be read."""
        return np.frombuffer(self.data, self.dtype).reshape(self.shape)


class Register(NamedTuple):
    """A register of a circuit.

    Attributes:
        name: Its name.
        quantum: Whether it holds qubits.
        bits: The places of its bits in the circuit.
        owner: Whether its bits were made by it, so that Qiskit takes bits of equal registers for
            the same bits. Registers may share bits; one at most owns them.
    """

    name: str
    quantum: bool
    bits: tuple[int, ...]
    owner: bool


class Classical(NamedTuple):
    """A classical value that something depends on.

    Attributes:
        bits: The bits whose value it is, the least significant one first.
        register: The name of the register that they are, if it is more than a bit.
    """

    bits: tuple[int, ...]
    register: str | None


class Equal(NamedTuple):
    """The condition that a classical value is a number."""

    target: Classical
    value: int


class Expression(NamedTuple):
    """An expression of classical values.

    Attributes:
        kind: ``Var``, ``Value``, ``Cast``, ``Unary`` or ``Binary``, as Qiskit's classes are called.
        width: How many bits its value has, ``None`` if it is true or false.
        parts: Of a ``Var`` the :class:`Classical` value, of a ``Value`` the number; of a ``Cast``
            the expression and whether it was made by Qiskit; of the others the name of the
            operation and its operands.
    """

    kind: str
    width: int | None
    parts: tuple[Any, ...]


Condition = Union[Equal, Expression]


class Operation(NamedTuple):
    """What an instruction does.

    Attributes:
        kind: What it is, by the name of the class as which Qiskit reads it: a gate of Qiskit's
            library (``CXGate``), control flow (``IfElseOp``), or ``Gate``, ``Instruction`` and
            ``ControlledGate`` for what is its definition, or nothing but a name.
        name: The name that users see (of open controls, without their state).
        qubits: On how many qubits it acts.
        clbits: On how many classical bits it acts.
        params: Its parameters, except for bodies. Of a delay the time and its unit; of a loop
            ``for`` the indices and the loop parameter; of a ``switch`` its target, a
            :class:`Classical` or an :class:`Expression`, and for each body the tuple of the values
            that select it, ``None`` for all others; of a ``PauliEvolutionGate`` the time, the
            operators, each the labels and coefficients of its terms, whether it was given a list of
            them, and the synthesis, by name and settings.
        label: Its label.
        controls: How many of its qubits, the first ones, are controls.
        state: The state of the controls at which it acts, as a number; ``2**controls - 1`` if all
            are closed.
        base: What a ``ControlledGate`` controls.
        definition: What it is made of, for the three general kinds; of a ``ControlledGate`` with
            all controls closed.
        bodies: The bodies of control flow.
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
    """An operation on bits of a circuit.

    Attributes:
        operation: What it does.
        qubits: The places of its qubits.
        clbits: The places of its classical bits.
        condition: When it acts; the condition of ``if`` and ``while`` stands here too.
    """

    operation: Operation
    qubits: tuple[int, ...]
    clbits: tuple[int, ...]
    condition: Condition | None = None


class Layout(NamedTuple):
    """Where the transpiler laid a circuit.

    Attributes:
        initial: For each qubit of the device the one that was laid there, by its register and its
            place there, ``None`` if it had no register.
        registers: Name and size of the registers among them that the circuit does not have.
        mapping: For each qubit of the circuit that was transpiled where it was laid.
        final: For each qubit of the device the one that it holds at the end.
        inputs: How many qubits the circuit had that was transpiled.
    """

    initial: tuple[tuple[str, int] | None, ...] | None
    registers: tuple[tuple[str, int], ...]
    mapping: tuple[int, ...] | None
    final: tuple[int, ...] | None
    inputs: int | None


class Circuit(NamedTuple):
    """A circuit.

    Attributes:
        name: The name; of a definition that of its operation.
        qubits: How many there are.
        clbits: How many classical bits there are.
        registers: Quantum registers, then classical ones, in the order of the circuit.
        phase: The global phase.
        instructions: What is done, in this order.
        metadata: What the user noted about a circuit (the dictionary itself).
        calibrations: The pulses that stand for its gates (likewise).
        layout: Where the transpiler laid it. Circuits inside others have none of these three.
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
