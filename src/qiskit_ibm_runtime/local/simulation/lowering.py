"""Lowering of circuits to a form that Aer simulates correctly.

Aer identifies gates by name or label, does not map bodies of control flow to other bits, and
ignores conditions on measurements. All supported versions are correct for Aer's own gates, the
first ``initialize`` of a qubit, conditions on gates, and jumps, to which Aer itself compiles
control flow.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from qiskit.circuit import Clbit
from qiskit.quantum_info import Pauli
from qiskit_aer import AerSimulator
from qiskit_aer.library import SaveExpectationValue
from qiskit_aer.library.control_flow_instructions import AerJump, AerMark

from qiskit_ibm_runtime._circuits.builder import to_circuit
from qiskit_ibm_runtime._circuits.form import Family, OperationClass, operation_class
from qiskit_ibm_runtime._circuits.normalizer import normal_form

from .unfolding import CHANNELS, NO_GATES, Control, Jump, Kept, unfold

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qiskit import QuantumCircuit

END = "_end"
"""Label of the value saved at the end of a circuit with jumps, so that Aer keeps its last marks."""
_TOUCH_NOTHING = {"barrier", "jump", "mark"}
_STANDARD = {Family.STANDARD, Family.MANY_CONTROLLED}


@lru_cache(maxsize=8)
def gates_of(method: str) -> frozenset[str]:
    """Return the gates that the installed Aer supports with a method."""
    return frozenset(AerSimulator(method=method).configuration().basis_gates)


def lower(circuit: QuantumCircuit, gates: frozenset[str], names: frozenset[str]) -> Any:
    """Return an equivalent circuit that a simulator runs correctly, or the circuit itself.

    Args:
        circuit: Any circuit; gates may have parameters.
        gates: Gates that the simulator supports.
        names: Names and labels in its noise model other than those of Qiskit's gates.

    Raises:
        UnsupportedError: If the circuit cannot be simulated.
    """
    if is_ready(circuit, gates, names) or has_jumps(circuit):
        return circuit
    line = unfold(normal_form(circuit), Kept(lambda its: its.name in gates, names))
    return with_jumps(to_circuit(line.circuit), line.control)


def is_standard(circuit: QuantumCircuit) -> bool:
    """Return whether a circuit has only unconditional standard gates on one register."""
    if len(circuit.qregs) != 1 or len(circuit.qregs[0]) != circuit.num_qubits:
        return False
    if circuit.calibrations:  # the transpiler does not translate such gates
        return False
    for item in circuit.data:
        operation = item.operation
        kind = _kind(operation)
        if kind.family not in _STANDARD and kind.kind not in ("Barrier", "Delay", "UnitaryGate"):
            return False
        if operation.label is not None or getattr(operation, "condition", None) is not None:
            return False
        if kind.name != operation.name or not _is_closed(operation):
            return False
    return True


def is_ready(circuit: QuantumCircuit, gates: frozenset[str], names: frozenset[str]) -> bool:
    """Return whether a simulator runs a circuit correctly without lowering."""
    touched: set[Any] = set()
    for item in circuit.data:
        operation = item.operation
        kind = _kind(operation)
        if not _is_taken(operation, kind, gates, names):
            return False
        if kind.kind == "Initialize" and touched.intersection(item.qubits):
            return False
        if operation.name not in _TOUCH_NOTHING:
            touched.update(item.qubits)
    return True


def _is_taken(
    operation: Any, kind: OperationClass, gates: frozenset[str], names: frozenset[str]
) -> bool:
    label = getattr(operation, "label", None)
    if label is not None and label not in names and kind.name:
        return False
    condition = getattr(operation, "condition", None)
    if kind.kind in NO_GATES:
        return condition is None
    if str(type(operation).__module__).startswith("qiskit_aer."):
        return True
    if any(map(_is_locked, getattr(operation, "params", ()))):
        return False
    if operation.name in CHANNELS and kind.kind == "Instruction" and operation.definition is None:
        return condition is None
    if kind.name != operation.name or kind.name not in gates:
        return False
    if kind.kind == "Initialize" and not isinstance(operation.params[0], complex):
        return False
    if kind.kind in ("DiagonalGate", "Initialize", "UnitaryGate"):
        return condition is None
    if kind.family not in _STANDARD or not _is_closed(operation):
        return False
    return condition is None or _can_hold(*condition)


def has_jumps(circuit: QuantumCircuit) -> bool:
    """Return whether a circuit has been unfolded; checks types, as names may clash."""
    return any(isinstance(item.operation, AerMark) for item in circuit.data)


def _kind(operation: Any) -> OperationClass:
    cls: Any = type(operation)
    return operation_class(cls)


def _is_locked(param: Any) -> bool:
    """Return whether a parameter is a read-only array, which Aer 0.14 reads transposed."""
    return isinstance(param, np.ndarray) and not param.flags.writeable


def _is_closed(operation: Any) -> bool:
    controls = getattr(operation, "num_ctrl_qubits", 0)
    return not controls or operation.ctrl_state == (1 << controls) - 1


def _can_hold(target: Any, value: int) -> bool:
    return isinstance(target, Clbit) or 0 <= value < 1 << len(target)


def with_jumps(circuit: QuantumCircuit, control: Sequence[tuple[int, Control]]) -> QuantumCircuit:
    """Insert jumps and marks between the instructions of a circuit."""
    if not control:
        return circuit
    made = circuit.copy_empty_like()
    # On all used qubits, so that no instruction is moved across them.
    qubits = [qubit for qubit in circuit.qubits if qubit in used(circuit)] or circuit.qubits[:1]
    waiting = list(reversed(control))
    for place, item in enumerate([*circuit.data, None]):
        while waiting and waiting[-1][0] == place:
            made._append(_instruction(waiting.pop()[1], len(qubits), circuit), qubits, [])
        if item is not None:
            made._append(item)
    return made


def used(circuit: QuantumCircuit) -> set[Any]:
    """Return the qubits on which instructions other than barriers act."""
    its = [item for item in circuit.data if item.operation.name != "barrier"]
    return {qubit for item in its for qubit in item.qubits}


def _instruction(control: Control, width: int, circuit: QuantumCircuit) -> Any:
    if not isinstance(control, Jump):
        return AerMark(str(control.number), width)
    jump = AerJump(str(control.to), width)
    if control.bit is not None:
        jump.condition = (circuit.clbits[control.bit], control.value)
    return jump


def keep_last_marks(circuit: QuantumCircuit) -> QuantumCircuit:
    """Save a value at the end of a circuit with marks, because Aer drops unused final parts."""
    mark = next((item for item in circuit.data if item.operation.name == "mark"), None)
    if mark is None:
        return circuit
    made = circuit.copy()
    made._append(SaveExpectationValue(Pauli("Z"), label=END), mark.qubits[:1], [])
    return made
