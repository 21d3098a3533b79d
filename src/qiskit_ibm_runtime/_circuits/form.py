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

import enum
from functools import lru_cache
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
        kind: Name of the class as which Qiskit reads it, a key of ``OPERATION_CLASSES``: a library
            gate (``CXGate``), control flow (``IfElseOp``), or ``Gate``, ``Instruction`` or
            ``ControlledGate`` for custom operations, which have a definition or just a name.
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


GENERAL = ("ControlledGate", "Gate", "Instruction")  # most derived first


class Family(enum.Enum):
    """What distinguishes operations of one class from each other."""

    STANDARD = "parameters and control state"
    MANY_CONTROLLED = "parameters, control state and number of controls"
    CONTROL_FLOW = "bodies"
    LIBRARY = "attributes specific to the class"
    GENERAL = "name, parameters and definition"
    OTHER = "attributes unknown to Qiskit"


class OperationClass(NamedTuple):
    """Properties of the operations of one class.

    Attributes:
        family: What distinguishes them from each other.
        kind: Name of the class.
        name: Name of the operation.
        parameters: Number of parameters.
        controlled: Whether they have controls.
        state: Control state with all controls closed; -1 if the number of controls varies.
    """

    family: Family
    kind: str
    name: str = ""
    parameters: int = 0
    controlled: bool = False
    state: int = -1


# Class, name, number of parameters, number of controls.
_TABLE = {
    Family.STANDARD: """
        IGate id 0 0        HGate h 0 0         XGate x 0 0         YGate y 0 0
        ZGate z 0 0         SGate s 0 0         SdgGate sdg 0 0     TGate t 0 0
        TdgGate tdg 0 0     SXGate sx 0 0       SXdgGate sxdg 0 0   PhaseGate p 1 0
        RXGate rx 1 0       RYGate ry 1 0       RZGate rz 1 0       RGate r 2 0
        UGate u 3 0         U1Gate u1 1 0       U2Gate u2 2 0       U3Gate u3 3 0
        SwapGate swap 0 0   iSwapGate iswap 0 0 DCXGate dcx 0 0     ECRGate ecr 0 0
        RXXGate rxx 1 0     RYYGate ryy 1 0     RZZGate rzz 1 0     RZXGate rzx 1 0
        RCCXGate rccx 0 0   RC3XGate rcccx 0 0  GlobalPhaseGate global_phase 1 0
        XXMinusYYGate xx_minus_yy 2 0           XXPlusYYGate xx_plus_yy 2 0
        CXGate cx 0 1       CYGate cy 0 1       CZGate cz 0 1       CHGate ch 0 1
        CSGate cs 0 1       CSdgGate csdg 0 1   CSXGate csx 0 1     CSwapGate cswap 0 1
        CPhaseGate cp 1 1   CRXGate crx 1 1     CRYGate cry 1 1     CRZGate crz 1 1
        CUGate cu 4 1       CU1Gate cu1 1 1     CU3Gate cu3 3 1     CCXGate ccx 0 2
        CCZGate ccz 0 2     C3XGate mcx 0 3     C3SXGate c3sx 0 3   C4XGate mcx 0 4
        Measure measure 0 0 Reset reset 0 0
    """,
    # QPY stores the number of controls, but not the control state.
    Family.MANY_CONTROLLED: """
        MCXGate mcx 0 n                 MCXGrayCode mcx_gray 0 n    MCXVChain mcx_vchain 0 n
        MCXRecursive mcx_recursive 0 n  MCPhaseGate mcphase 1 n     MCU1Gate mcu1 1 n
    """,
    Family.CONTROL_FLOW: """
        IfElseOp if_else 0 0            WhileLoopOp while_loop 0 0  ForLoopOp for_loop 0 0
        SwitchCaseOp switch_case 0 0    BreakLoopOp break_loop 0 0  ContinueLoopOp continue_loop 0 0
    """,
    Family.LIBRARY: """
        Barrier barrier 0 0             Delay delay 0 0             UnitaryGate unitary 0 0
        PauliGate pauli 0 0             DiagonalGate diagonal 0 0   Clifford clifford 0 0
        LinearFunction linear_function 0 0      PermutationGate permutation 0 0
        StatePreparation state_preparation 0 0  Initialize initialize 0 0
        PauliEvolutionGate PauliEvolution 0 0
        UCRXGate ucrx 0 0               UCRYGate ucry 0 0           UCRZGate ucrz 0 0
    """,
}


def _build_table() -> dict[str, OperationClass]:
    rows = [OperationClass(Family.GENERAL, kind) for kind in GENERAL]
    for family, text in _TABLE.items():
        words = text.split()
        for kind, name, parameters, controls in zip(*(words[n::4] for n in range(4))):
            state = -1 if controls == "n" else 2 ** int(controls) - 1
            rows.append(OperationClass(family, kind, name, int(parameters), controls != "0", state))
    return {row.kind: row for row in rows}


OPERATION_CLASSES = _build_table()
STANDARD_GATES = frozenset(
    kind for kind, entry in OPERATION_CLASSES.items() if entry.family is Family.STANDARD
)


@lru_cache(maxsize=4096)
def operation_class(cls: Any) -> OperationClass:
    """Return the entry of exactly this class, or a generic entry for classes not in the table."""
    # Since terra 0.45, standard gates are instances of a subclass.
    base = next(base for base in cls.__mro__ if not base.__name__.startswith("_Singleton"))
    found = OPERATION_CLASSES.get(base.__name__) if base.__module__.startswith("qiskit.") else None
    if found is not None:
        return found
    general = next((base.__name__ for base in cls.__mro__ if base.__name__ in GENERAL), "")
    return OperationClass(Family.OTHER, general)
