"""Safe reading of untrusted QPY with Qiskit's own reader.

Qiskit's readers before 1.0 trust the file. This module wraps some of their functions once; the
wrappers are active only inside :func:`guarded`, so other callers are not affected. They inspect
the next part of the file and reject it before Qiskit's function reads it: only formulas are
evaluated, and only instructions are created. Numbers that make Qiskit allocate or loop without
reading further are charged to the budget of the payload (see :mod:`.limits`).
"""

from __future__ import annotations

import copy
import io
import struct
from contextlib import contextmanager
from functools import lru_cache, partial, wraps
from threading import local
from typing import TYPE_CHECKING, Any

from qiskit import QuantumCircuit, qpy
from qiskit.circuit import ControlledGate, Delay, Gate, Instruction
from qiskit.qpy import common, formats
from qiskit.qpy.binary_io import circuits, schedules, value
from qiskit.quantum_info import Clifford

from qiskit_ibm_runtime._circuits.form import OPERATION_CLASSES, Family
from qiskit_ibm_runtime._circuits.qpy_writer import DELAY_NAME, PRIVATE_NAME, user_name
from qiskit_ibm_runtime.exceptions import DecodeError

from .expressions import check_expression
from .limits import budget, one_budget
from .packing import inflate

if TYPE_CHECKING:
    from collections.abc import Iterator

# Attributes of Qiskit's reader in which it looks up names, in its order.
_NAMESPACES = ("library", "circuit_mod", "extensions", "quantum_initializer", "controlflow")
_OLDEST_WITH_TYPE = 5
_OLDEST_WITH_ENCODING = 10
_MOST_CONTROLS = 2**12  # where the number of qubits is unknown
_MOST_PARAMETERS = {  # Qiskit would read another one as the number of controls
    row.kind: row.parameters
    for row in OPERATION_CLASSES.values()
    if row.family is Family.MANY_CONTROLLED
}
_CONTROLS_INDEX = 4  # in Qiskit's tuple for a custom operation, since version 5
_STEPS_TO_COPY = 2**9  # measured: copying an instruction takes 14 microseconds, a step 30 ns
_CIRCUIT_INDEX = 5  # among the arguments with which Qiskit reads a parameter, since terra 0.24
_INSTRUCTION = struct.Struct(formats.CIRCUIT_INSTRUCTION_PACK)
_INSTRUCTION_V2 = struct.Struct(formats.CIRCUIT_INSTRUCTION_V2_PACK)
_ELEMENT = struct.Struct(formats.PARAMETER_VECTOR_ELEMENT_PACK)
_EXPRESSION = struct.Struct(formats.PARAMETER_EXPR_PACK)


class _Reading(local):
    """What this thread is reading: whether guarded, and whether the vectors may lack elements."""

    active = False
    partial = False


_reading = _Reading()


def read_circuit(data: bytes, metadata_deserializer: Any = None) -> QuantumCircuit:
    """Read the single circuit of a QPY file.

    Raises:
        DecodeError: If the file is malformed, unsafe, or written by a newer version of Qiskit.
    """
    check_header(data)
    _check_holds_one_circuit(data)
    with guarded(data, partial=True):
        try:
            return qpy.load(io.BytesIO(data), metadata_deserializer)[0]
        except DecodeError:
            raise
        except (Exception, MemoryError) as exc:
            raise DecodeError(f"Cannot read a circuit: {exc}") from exc


def check_header(data: bytes) -> None:
    """Check the header of a QPY file.

    Raises:
        DecodeError: If it is not a QPY file, too new, or has expressions in an unsafe format.
    """
    if len(data) < 19 or not data.startswith(b"QISKIT"):
        raise DecodeError("Cannot read a circuit: the payload is not a QPY file.")
    version = data[6]
    if version > common.QPY_VERSION:
        raise DecodeError(
            f"A circuit was written in QPY version {version}; the installed Qiskit reads up to "
            f"{common.QPY_VERSION}. Upgrade qiskit-terra to read it."
        )
    if version >= _OLDEST_WITH_ENCODING and data[18:19] != b"p":
        # SymEngine's own format can contain pickles.
        raise DecodeError(
            "Cannot read a circuit: its expressions are in SymEngine's format, which is unsafe."
        )


def _check_holds_one_circuit(data: bytes) -> None:
    if int.from_bytes(data[10:18], "big") != 1:
        raise DecodeError("Cannot read a circuit: the QPY file must contain exactly one circuit.")
    place = 19 if data[6] >= _OLDEST_WITH_ENCODING else 18
    if data[6] >= _OLDEST_WITH_TYPE and data[place : place + 1] != b"q":
        raise DecodeError("Cannot read a circuit: the QPY file contains a pulse schedule.")


@contextmanager
def guarded(data: bytes = b"", *, partial: bool = False) -> Iterator[None]:
    """Make Qiskit's readers reject unsafe data, in this thread and within the block.

    Args:
        data: The data to read; its size adds to the budget.
        partial: Whether not to warn about parameter vectors of which only some elements are used.
    """
    before = _reading.active, _reading.partial
    _reading.active, _reading.partial = True, partial
    try:
        with one_budget() as budget:
            budget.earn_objects(len(data))
            yield
    finally:
        _reading.active, _reading.partial = before


def _install() -> None:
    guards = (
        (value, "_read_parameter_expression", _guard_expression),
        (value, "_read_parameter_expression_v3", _guard_expression),
        (value, "_read_parameter_vec", _guard_vector_element),
        (schedules, "_loads_symbolic_expr", _guard_symbolic_expression),
        (circuits, "_read_header", partial(_guard_header, "CIRCUIT_HEADER")),
        (circuits, "_read_header_v2", partial(_guard_header, "CIRCUIT_HEADER_V2")),
        (circuits, "_read_instruction", _guard_instruction),
        (circuits, "_parse_custom_operation", _guard_custom_operation),
        (circuits, "_loads_instruction_parameter", _pass_circuit),
    )
    for module, name, guard in guards:
        setattr(module, name, _when_reading(guard, getattr(module, name)))


def _when_reading(guard: Any, read: Any) -> Any:
    """Return a replacement of a function of Qiskit: a guard, which gets it as first argument."""

    @wraps(read)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        if _reading.active:
            return guard(read, *args, **kwargs)
        return read(*args, **kwargs)

    return wrapper


def _peek(file: Any, layout: struct.Struct, size_index: int = 0) -> tuple[tuple[Any, ...], str]:
    """Return the next struct of a file, and the string after it, whose size is a field of it."""
    start = file.tell()
    fields = layout.unpack(file.read(layout.size))
    text = file.read(fields[size_index]).decode()
    file.seek(start)
    return fields, text


def _guard_header(struct_name: str, read: Any, file: Any, *args: Any, **kwargs: Any) -> Any:
    place = file.tell()
    layout = getattr(formats, f"{struct_name}_PACK")
    fields = struct.unpack(layout, file.read(struct.calcsize(layout)))
    header = getattr(formats, struct_name)._make(fields)
    file.seek(place)
    left = file.getbuffer().nbytes - place
    bits = header.num_qubits + header.num_clbits
    budget().spend_bytes(left)
    budget().spend_objects(bits)
    budget().spend_steps(bits * min(header.num_instructions, left // _INSTRUCTION.size))
    return read(file, *args, **kwargs)


def _guard_vector_element(read: Any, file: Any, vectors: Any) -> Any:
    (_, size, *_), name = _peek(file, _ELEMENT)
    if name in vectors:
        return read(file, vectors)
    budget().spend_objects(size)
    element = read(file, vectors)
    if _reading.partial:
        # Qiskit warns unless all elements were read. Those of the circuit are correct, and a filter
        # of warnings would affect all threads.
        vectors[name][1].update(range(size))
    return element


def _guard_expression(read: Any, file: Any, *args: Any, **kwargs: Any) -> Any:
    _, text = _peek(file, _EXPRESSION, 1)
    check_expression(text)
    return read(file, *args, **kwargs)


def _guard_symbolic_expression(read: Any, data: bytes, *args: Any, **kwargs: Any) -> Any:
    if data:
        check_expression(inflate(data).decode())
    return read(data, *args, **kwargs)


def _guard_instruction(
    read: Any,
    file: Any,
    circuit: Any,
    registers: Any,
    custom: Any,
    version: int,
    *args: Any,
    **kwargs: Any,
) -> Any:
    layout = _INSTRUCTION if version < _OLDEST_WITH_TYPE else _INSTRUCTION_V2
    (_, _, parameters, qubits, *_, controls, _), name = _peek(file, layout)
    if name not in custom and not _is_instruction(name):
        raise DecodeError(f"A circuit contains an unknown instruction {name!r}.")
    if version >= _OLDEST_WITH_TYPE:
        _check_controls(name, controls, qubits if circuit is not None else _MOST_CONTROLS)
    if parameters > _MOST_PARAMETERS.get(name, parameters):
        raise DecodeError(f"A circuit contains a {name} with {parameters} parameters.")
    return read(file, circuit, registers, custom, version, *args, **kwargs)


def _guard_custom_operation(read: Any, custom: Any, name: str, *args: Any, **kwargs: Any) -> Any:
    entry = custom.get(name, ())
    if len(entry) > _CONTROLS_INDEX:
        _check_controls(name, entry[_CONTROLS_INDEX], _MOST_CONTROLS)
    operation = _restore_name(read(custom, name, *args, **kwargs), name)
    if isinstance(operation, ControlledGate):
        budget().spend_steps(_STEPS_TO_COPY * _instruction_count(operation.base_gate, set()))
    return operation


def _pass_circuit(read: Any, *args: Any, **kwargs: Any) -> Any:
    """Pass a circuit when reading parameters of base gates, because terra 0.25 needs its bits."""
    if args[_CIRCUIT_INDEX:][:1] == (None,):
        args = (*args[:_CIRCUIT_INDEX], QuantumCircuit(), *args[_CIRCUIT_INDEX + 1 :])
    return read(*args, **kwargs)


def _restore_name(operation: Any, written: str) -> Any:
    """Restore the user's name of an operation, or the delay, from the name in the file only.

    The operation may be modified in place; other data of the untrusted file are not used.
    """
    if type(operation) not in (Gate, Instruction, ControlledGate):
        return operation
    delay = DELAY_NAME.fullmatch(written)
    if delay is not None and type(operation) is Instruction and len(operation.params) == 1:
        return Delay(operation.params[0], unit=delay[1])
    controlled = isinstance(operation, ControlledGate)
    added = f"_o{operation.ctrl_state}" if controlled and operation._open_ctrl else ""
    operation.name = user_name(written, added, controlled=controlled)
    private = PRIVATE_NAME.fullmatch(written)
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


def _instruction_count(operation: Any, seen: set[int]) -> int:
    """Return the number of instructions that are copied with each use of a base gate."""
    weight = 1
    if isinstance(operation, ControlledGate):
        weight += _instruction_count(operation.base_gate, seen)
    definition = getattr(operation, "_definition", None)
    if definition is not None and id(definition) not in seen:
        seen.add(id(definition))
        weight += sum(_instruction_count(item.operation, seen) for item in definition.data)
    return weight


def _check_controls(name: str, controls: int, most: int) -> None:
    """Reject numbers of controls for which Qiskit would compute a huge integer."""
    if controls > most:
        raise DecodeError(f"A circuit contains an instruction {name!r} with {controls} controls.")


@lru_cache(maxsize=1024)
def _is_instruction(name: str) -> bool:
    """Return whether Qiskit's reader resolves a class name to an instruction."""
    modules = [getattr(circuits, name) for name in _NAMESPACES]
    found = next((getattr(module, name) for module in modules if hasattr(module, name)), None)
    if name == "Clifford":
        found = Clifford
    return isinstance(found, type) and issubclass(found, (Instruction, Clifford))


_install()
