"""Private names of operations in a file, and the names that their users gave them.

A file keeps the definition of a custom operation under its name. Where one name stands for several
of them, each is written under the user's name and a marker. The reader cuts the marker off: it goes
by the name alone and trusts a payload with nothing. Whoever reads the file with Qiskit alone sees
longer names. What Qiskit adds to the names of controlled gates to tell them apart is cut off
likewise, and so is the marker under which a delay keeps the unit of its time.
"""

from __future__ import annotations

import copy
import re
from typing import TYPE_CHECKING, Any

from qiskit.circuit import ControlledGate, Delay, Gate, Instruction

if TYPE_CHECKING:
    from . import form

_PRIVATE = re.compile(r"(.*)__(renamed|wrapped)_[0-9]+", re.DOTALL)
_UUID = re.compile(r"_[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z")  # added from 0.25 on
_MADE_UNIQUE = re.compile(r"ucr[xyz]_dg" + _UUID.pattern)  # from 0.45 on
_DELAY = re.compile(r"delay__in_(s|ms|us|ns|ps)")


def name_of_delay(unit: str) -> str:
    """Return the name of a delay whose time is in a unit that QPY does not keep."""
    return f"delay__in_{unit}"


def state_suffix(operation: form.Operation) -> str:
    """Return what Qiskit adds to the name of a gate with open controls, and takes off again."""
    return f"_o{operation.state}" if operation.state < 2**operation.controls - 1 else ""


def private_name(operation: form.Operation, number: int) -> str:
    """Return the name under which an operation is written that shares the user's with others."""
    return f"{operation.name}__renamed_{number}{state_suffix(operation)}"


def is_reserved(operation: form.Operation) -> bool:
    """Whether a reader would take the user's name of an operation for something else."""
    name, added = operation.name, state_suffix(operation)
    seen = _as_sent(name + added, added, controlled=operation.base is not None)
    return name.startswith("###") or _DELAY.fullmatch(name) is not None or seen != name


def _as_sent(written: str, added: str, *, controlled: bool) -> str:
    name = _UUID.sub("", written) if controlled or _MADE_UNIQUE.fullmatch(written) else written
    if added and name.endswith(added):
        name = name[: -len(added)]
    private = _PRIVATE.fullmatch(name)
    return private[1] if private else name


def as_sent(operation: Any, written: str) -> Any:
    """Return an operation that Qiskit read from a file as it was before it was written.

    Args:
        operation: It may be changed.
        written: Its name in the file.
    """
    if type(operation) not in (Gate, Instruction, ControlledGate):
        return operation
    delay = _DELAY.fullmatch(written)
    if delay is not None and type(operation) is Instruction and len(operation.params) == 1:
        return Delay(operation.params[0], unit=delay[1])
    controlled = isinstance(operation, ControlledGate)
    added = f"_o{operation.ctrl_state}" if controlled and operation._open_ctrl else ""
    operation.name = _as_sent(written, added, controlled=controlled)
    private = _PRIVATE.fullmatch(written)
    return _unwrapped(operation) if private and private[2] == "wrapped" else operation


def _unwrapped(wrapper: Any) -> Any:
    """Return the controlled gate that earlier versions wrote inside a gate of its own."""
    held = [] if wrapper.definition is None else [i.operation for i in wrapper.definition.data]
    if [type(operation) for operation in held] != [ControlledGate]:
        return wrapper
    content = copy.copy(held[0])
    if content.num_qubits != wrapper.num_qubits:
        return wrapper
    content.base_gate = content.base_gate.copy()  # it holds the parameters of this use
    return content
