"""Names of custom operations in QPY, and how readers restore the user's names.

QPY stores the definition of a custom operation under its name. If several operations share a name,
each is written with a suffix that the reader removes; other QPY readers see the longer names. The
reader relies only on the name, never on other data of the untrusted payload. It also removes the
suffixes that Qiskit adds to controlled gates, and the name that encodes the unit of a delay.
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
_UNIQUE_NAME = re.compile(r"ucr[xyz]_dg" + _UUID.pattern)  # from 0.45 on
_DELAY = re.compile(r"delay__in_(s|ms|us|ns|ps)")


def name_of_delay(unit: str) -> str:
    """Return the name that encodes the unit of a delay, which QPY does not store."""
    return f"delay__in_{unit}"


def state_suffix(operation: form.Operation) -> str:
    """Return the suffix that Qiskit adds to the name of a gate with open controls."""
    return f"_o{operation.state}" if operation.state < 2**operation.controls - 1 else ""


def private_name(operation: form.Operation, number: int) -> str:
    """Return the unique name of an operation whose own name is shared with others."""
    return f"{operation.name}__renamed_{number}{state_suffix(operation)}"


def is_reserved(operation: form.Operation) -> bool:
    """Whether readers would misinterpret the user's name of an operation."""
    name, added = operation.name, state_suffix(operation)
    seen = _user_name(name + added, added, controlled=operation.base is not None)
    return name.startswith("###") or _DELAY.fullmatch(name) is not None or seen != name


def _user_name(written: str, added: str, *, controlled: bool) -> str:
    name = _UUID.sub("", written) if controlled or _UNIQUE_NAME.fullmatch(written) else written
    if added and name.endswith(added):
        name = name[: -len(added)]
    private = _PRIVATE.fullmatch(name)
    return private[1] if private else name


def restore_name(operation: Any, written: str) -> Any:
    """Restore the user's name, or the delay, of an operation that Qiskit read from QPY.

    Args:
        operation: The operation, which may be modified in place.
        written: Its name in the file.
    """
    if type(operation) not in (Gate, Instruction, ControlledGate):
        return operation
    delay = _DELAY.fullmatch(written)
    if delay is not None and type(operation) is Instruction and len(operation.params) == 1:
        return Delay(operation.params[0], unit=delay[1])
    controlled = isinstance(operation, ControlledGate)
    added = f"_o{operation.ctrl_state}" if controlled and operation._open_ctrl else ""
    operation.name = _user_name(written, added, controlled=controlled)
    private = _PRIVATE.fullmatch(written)
    return _unwrap(operation) if private and private[2] == "wrapped" else operation


def _unwrap(wrapper: Any) -> Any:
    """Return the controlled gate that earlier releases wrapped in another gate."""
    held = [] if wrapper.definition is None else [i.operation for i in wrapper.definition.data]
    if [type(operation) for operation in held] != [ControlledGate]:
        return wrapper
    content = copy.copy(held[0])
    if content.num_qubits != wrapper.num_qubits:
        return wrapper
    content.base_gate = content.base_gate.copy()  # it contains the parameters of this use
    return content
