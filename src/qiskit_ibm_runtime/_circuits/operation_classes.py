"""Table of Qiskit's operation classes that QPY supports natively."""

from __future__ import annotations

import enum
from functools import lru_cache
from typing import Any, NamedTuple

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
