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
from functools import lru_cache, wraps
from threading import Lock, local
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
_EXPRESSION_HEADER = struct.Struct(formats.PARAMETER_EXPR_PACK)
_CIRCUIT_HEADER = struct.Struct(formats.CIRCUIT_HEADER_PACK)
_CIRCUIT_HEADER_V2 = struct.Struct(formats.CIRCUIT_HEADER_V2_PACK)
_INSTRUCTION = struct.Struct(formats.CIRCUIT_INSTRUCTION_PACK)
_INSTRUCTION_V2 = struct.Struct(formats.CIRCUIT_INSTRUCTION_V2_PACK)
_ELEMENT = struct.Struct(formats.PARAMETER_VECTOR_ELEMENT_PACK)
_reading = local()
_installing = Lock()


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
    _install()
    before = getattr(_reading, "active", False)
    _reading.active = True
    try:
        with one_budget() as budget:
            budget.earn_objects(len(data))
            yield
    finally:
        _reading.active = before


@lru_cache(maxsize=1)
def _install() -> None:
    with _installing:
        for name in ("_read_parameter_expression", "_read_parameter_expression_v3"):
            setattr(value, name, _guard(getattr(value, name), _check_expression_text))
        value._read_parameter_vec = _guard(value._read_parameter_vec, _check_vector_element)
        schedules._loads_symbolic_expr = _guard(
            schedules._loads_symbolic_expr, _check_symbolic_expression
        )
        circuits._read_header = _guard(circuits._read_header, _check_first_header)
        circuits._read_header_v2 = _guard(circuits._read_header_v2, _check_circuit_header)
        circuits._read_instruction = _guard(circuits._read_instruction, _check_instruction)
        circuits._parse_custom_operation = _guard(
            circuits._parse_custom_operation, _check_custom_operation, _restore_operation
        )
        circuits._loads_instruction_parameter = _with_circuit_argument(
            circuits._loads_instruction_parameter
        )


def _guard(function: Any, check: Any, finish: Any = None) -> Any:
    @wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        if not getattr(_reading, "active", False):
            return function(*args, **kwargs)
        check(*args, **kwargs)
        read = function(*args, **kwargs)
        return read if finish is None else finish(read, *args, **kwargs)

    return wrapper


def _with_circuit_argument(function: Any) -> Any:
    """Pass a circuit when reading parameters of base gates, because terra 0.25 needs its bits."""

    @wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        if getattr(_reading, "active", False) and args[_CIRCUIT_INDEX:][:1] == (None,):
            before, after = args[:_CIRCUIT_INDEX], args[_CIRCUIT_INDEX + 1 :]
            args = (*before, QuantumCircuit(), *after)
        return function(*args, **kwargs)

    return wrapper


def _check_first_header(file: Any, **_: Any) -> None:
    header = formats.CIRCUIT_HEADER._make(_peek(file, _CIRCUIT_HEADER))
    _charge_for_circuit(file, header)


def _check_circuit_header(file: Any, *_: Any, **__: Any) -> None:
    header = formats.CIRCUIT_HEADER_V2._make(_peek(file, _CIRCUIT_HEADER_V2))
    _charge_for_circuit(file, header)


def _charge_for_circuit(file: Any, header: Any) -> None:
    left = file.getbuffer().nbytes - file.tell()
    bits = header.num_qubits + header.num_clbits
    budget().spend_bytes(left)
    budget().spend_objects(bits)
    budget().spend_steps(bits * min(header.num_instructions, left // _INSTRUCTION.size))


def _check_vector_element(file: Any, vectors: Any) -> None:
    start = file.tell()
    header = formats.PARAMETER_VECTOR_ELEMENT._make(_ELEMENT.unpack(file.read(_ELEMENT.size)))
    if file.read(header.vector_name_size).decode() not in vectors:
        budget().spend_objects(header.vector_size)
    file.seek(start)


def _check_expression_text(file: Any, *_: Any, **__: Any) -> None:
    start = file.tell()
    _, size = _EXPRESSION_HEADER.unpack(file.read(_EXPRESSION_HEADER.size))
    check_expression(file.read(size).decode())
    file.seek(start)


def _check_symbolic_expression(data: bytes, *_: Any, **__: Any) -> None:
    if data:
        check_expression(inflate(data).decode())


def _check_instruction(
    file: Any, circuit: Any, _: Any, custom: Any, version: int, *__: Any, **___: Any
) -> None:
    start = file.tell()
    layout = _INSTRUCTION if version < _OLDEST_WITH_TYPE else _INSTRUCTION_V2
    size, _, parameters, qubits, *_, controls, _ = layout.unpack(file.read(layout.size))
    name = file.read(size).decode()
    file.seek(start)
    if name not in custom and not is_instruction(name):
        raise DecodeError(f"A circuit contains an unknown instruction {name!r}.")
    if version >= _OLDEST_WITH_TYPE:
        _check_controls(name, controls, qubits if circuit is not None else _MOST_CONTROLS)
    if name in _MANY_CONTROLLED and parameters > _PARAMETERS.get(name, 0):
        raise DecodeError(f"A circuit contains a {name} with {parameters} parameters.")


def _check_custom_operation(custom: Any, name: str, *_: Any, **__: Any) -> None:
    entry = custom.get(name, ())
    if len(entry) > _CONTROLS_INDEX:
        _check_controls(name, entry[_CONTROLS_INDEX], _MOST_CONTROLS)


def _restore_operation(operation: Any, _: Any, name: str, *__: Any, **___: Any) -> Any:
    sent = restore_name(operation, name)
    if isinstance(sent, ControlledGate):
        budget().spend_steps(_STEPS_TO_COPY * _instruction_count(sent.base_gate, set()))
    return sent


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


def _peek(file: Any, layout: struct.Struct) -> tuple[Any, ...]:
    start = file.tell()
    fields = layout.unpack(file.read(layout.size))
    file.seek(start)
    return fields


@lru_cache(maxsize=1024)
def is_instruction(name: str) -> bool:
    """Return whether Qiskit's reader resolves a class name to an instruction."""
    modules = [getattr(circuits, name) for name in _NAMESPACES]
    found = next((getattr(module, name) for module in modules if hasattr(module, name)), None)
    if name == "Clifford":
        found = Clifford
    return isinstance(found, type) and issubclass(found, (Instruction, Clifford))
