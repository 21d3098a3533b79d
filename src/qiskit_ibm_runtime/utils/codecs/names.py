"""Private names of gates in a file, and the names that their users gave them.

A private name is the user's and a marker. The reader cuts the marker off: it goes by the name alone
and trusts a payload with nothing. Whoever reads the file with Qiskit alone sees longer names. What
Qiskit adds to the names of controlled gates to tell them apart is cut off likewise.
"""

from __future__ import annotations

import copy
import re
from typing import Any

from qiskit.circuit import ControlledGate, Gate, Instruction

_PRIVATE = re.compile(r"(.*)__(renamed|wrapped)_[0-9]+", re.DOTALL)
_UUID = re.compile(r"_[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z")  # added from 0.25 on
_MADE_UNIQUE = re.compile(r"ucr[xyz]_dg" + _UUID.pattern)  # from 0.45 on


def private_name(name: str, number: int, *, wrapped: bool) -> str:
    """Return the name under which an operation is written.

    Args:
        name: The user's name.
        number: What tells the operation from others of this name.
        wrapped: Whether it is written as a gate that holds the operation and nothing else.
    """
    return f"{name}__{'wrapped' if wrapped else 'renamed'}_{number}"


def name_as_sent(operation: Any, written: str) -> str:
    """Return the name that a custom operation had before it was written.

    Of a gate with open controls, it is the one that Qiskit adds the state of the controls to.
    """
    name = _without_additions(operation, written)
    private = _PRIVATE.fullmatch(name)
    return private[1] if private else name


def _without_additions(operation: Any, written: str) -> str:
    if not isinstance(operation, ControlledGate):
        return _UUID.sub("", written) if _MADE_UNIQUE.fullmatch(written) else written
    name = _UUID.sub("", written)
    state = f"_o{operation.ctrl_state}"
    return name[: -len(state)] if operation._open_ctrl and name.endswith(state) else name


def as_sent(operation: Any, written: str) -> Any:
    """Return an operation that Qiskit read from a file as it was before it was written.

    Args:
        operation: It is changed.
        written: Its name in the file.
    """
    if type(operation) not in (Gate, Instruction, ControlledGate):
        return operation
    operation.name = name_as_sent(operation, written)
    private = _PRIVATE.fullmatch(written)
    return _unwrapped(operation) if private and private[2] == "wrapped" else operation


def _unwrapped(wrapper: Any) -> Any:
    held = [] if wrapper.definition is None else [i.operation for i in wrapper.definition.data]
    if [type(operation) for operation in held] != [ControlledGate]:
        return wrapper
    content = copy.copy(held[0])
    if content.num_qubits != wrapper.num_qubits:
        return wrapper
    content.base_gate = content.base_gate.copy()  # it holds the parameters of this use
    return content
