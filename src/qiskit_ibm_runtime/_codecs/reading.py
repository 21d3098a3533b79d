"""Safe reading of untrusted QPY with Qiskit's own reader.

Qiskit's readers before 1.0 trust the file. This module wraps some of their functions once; the
wrappers are active only inside :func:`guarded`, so other callers are not affected. They inspect
the next part of the file and reject it before Qiskit's function reads it: only formulas are
evaluated, and only instructions are created. Numbers that make Qiskit allocate or loop without
reading further are charged to the budget of the payload (see :mod:`.limits`).
"""

from __future__ import annotations

import io
import struct
import warnings
from contextlib import contextmanager
from functools import lru_cache, partial, wraps
from threading import local
from typing import TYPE_CHECKING, Any

from qiskit import QuantumCircuit, qpy
from qiskit.circuit import ControlledGate, Instruction
from qiskit.qpy import common, formats
from qiskit.qpy.binary_io import circuits, schedules, value
from qiskit.quantum_info import Clifford

from qiskit_ibm_runtime._circuits.qpy_names import restore_name
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
_MANY_CONTROLLED = frozenset(  # gates with a variable number of controls
    {"MCXGate", "MCXGrayCode", "MCXRecursive", "MCXVChain", "MCPhaseGate", "MCU1Gate"}
)
_CONTROLS_INDEX = 4  # in Qiskit's tuple for a custom operation, since version 5
_STEPS_TO_COPY = 2**9  # measured: copying an instruction takes 14 microseconds, a step 30 ns
_CIRCUIT_INDEX = 5  # among the arguments with which Qiskit reads a parameter, since terra 0.24
_PARAMETERS = {"MCPhaseGate": 1, "MCU1Gate": 1}
_INSTRUCTION_SIZE = struct.calcsize(formats.CIRCUIT_INSTRUCTION_PACK)
_reading = local()


def read_circuit(data: bytes, metadata_deserializer: Any = None) -> QuantumCircuit:
    """Read the single circuit of a QPY file.

    Raises:
        DecodeError: If the file is malformed, unsafe, or written by a newer version of Qiskit.
    """
    check_header(data)
    _check_holds_one_circuit(data)
    with guarded(data), warnings.catch_warnings():
        # Qiskit warns about vectors with missing elements, but the elements are read correctly.
        warnings.filterwarnings("ignore", "The ParameterVector", UserWarning)
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
def guarded(data: bytes = b"") -> Iterator[None]:
    """Make Qiskit's readers reject unsafe data, in this thread and within the block.

    Args:
        data: The data to read; its size adds to the budget.
    """
    before = getattr(_reading, "active", False)
    _reading.active = True
    try:
        with one_budget() as budget:
            budget.earn_objects(len(data))
            yield
    finally:
        _reading.active = before


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
    """Return a replacement of a function of Qiskit, which calls the guard with it in its place."""

    @wraps(read)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        if getattr(_reading, "active", False):
            return guard(partial(read, *args, **kwargs), *args, **kwargs)
        return read(*args, **kwargs)

    return wrapper


def _peek(file: Any, struct_name: str, size: str | None = None) -> tuple[Any, str]:
    """Return the next struct of a file, and the string after it, whose size is a field of it."""
    start = file.tell()
    layout = getattr(formats, f"{struct_name}_PACK")
    values = struct.unpack(layout, file.read(struct.calcsize(layout)))
    fields = getattr(formats, struct_name)._make(values)
    text = file.read(getattr(fields, size)).decode() if size else ""
    file.seek(start)
    return fields, text


def _guard_header(struct_name: str, read: Any, file: Any, *_: Any, **__: Any) -> Any:
    header, _text = _peek(file, struct_name)
    left = file.getbuffer().nbytes - file.tell()
    bits = header.num_qubits + header.num_clbits
    budget().spend_bytes(left)
    budget().spend_objects(bits)
    budget().spend_steps(bits * min(header.num_instructions, left // _INSTRUCTION_SIZE))
    return read()


def _guard_vector_element(read: Any, file: Any, vectors: Any) -> Any:
    header, name = _peek(file, "PARAMETER_VECTOR_ELEMENT", "vector_name_size")
    if name not in vectors:
        budget().spend_objects(header.vector_size)
    return read()


def _guard_expression(read: Any, file: Any, *_: Any, **__: Any) -> Any:
    _header, text = _peek(file, "PARAMETER_EXPR", "expr_size")
    check_expression(text)
    return read()


def _guard_symbolic_expression(read: Any, data: bytes, *_: Any, **__: Any) -> Any:
    if data:
        check_expression(inflate(data).decode())
    return read()


def _guard_instruction(
    read: Any, file: Any, circuit: Any, _: Any, custom: Any, version: int, *__: Any, **___: Any
) -> Any:
    controlled = version >= _OLDEST_WITH_TYPE
    layout = "CIRCUIT_INSTRUCTION_V2" if controlled else "CIRCUIT_INSTRUCTION"
    fields, name = _peek(file, layout, "name_size")
    if name not in custom and not is_instruction(name):
        raise DecodeError(f"A circuit contains an unknown instruction {name!r}.")
    if controlled:
        most = _MOST_CONTROLS if circuit is None else fields.num_qargs
        _check_controls(name, fields.num_ctrl_qubits, most)
    if name in _MANY_CONTROLLED and fields.num_parameters > _PARAMETERS.get(name, 0):
        raise DecodeError(f"A circuit contains a {name} with {fields.num_parameters} parameters.")
    return read()


def _guard_custom_operation(read: Any, custom: Any, name: str, *_: Any, **__: Any) -> Any:
    entry = custom.get(name, ())
    if len(entry) > _CONTROLS_INDEX:
        _check_controls(name, entry[_CONTROLS_INDEX], _MOST_CONTROLS)
    operation = restore_name(read(), name)
    if isinstance(operation, ControlledGate):
        budget().spend_steps(_STEPS_TO_COPY * _instruction_count(operation.base_gate, set()))
    return operation


def _pass_circuit(read: Any, *args: Any, **kwargs: Any) -> Any:
    """Pass a circuit when reading parameters of base gates, because terra 0.25 needs its bits."""
    if args[_CIRCUIT_INDEX:][:1] != (None,):
        return read()
    return read.func(
        *args[:_CIRCUIT_INDEX], QuantumCircuit(), *args[_CIRCUIT_INDEX + 1 :], **kwargs
    )


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
def is_instruction(name: str) -> bool:
    """Return whether Qiskit's reader resolves a class name to an instruction."""
    modules = [getattr(circuits, name) for name in _NAMESPACES]
    found = next((getattr(module, name) for module in modules if hasattr(module, name)), None)
    if name == "Clifford":
        found = Clifford
    return isinstance(found, type) and issubclass(found, (Instruction, Clifford))


_install()
