"""QPY read with a guard: only formulas are evaluated, only instructions are built, none for free.

The readers of Qiskit below 1.0 trust their file. Some of their functions are wrapped, once and
without effect for anybody else's calls: inside :func:`guarded` the wrappers look at what comes
next in the file and refuse it before Qiskit's own function sees it. Numbers that make Qiskit
allocate or loop without reading on are paid for from the payload's :mod:`.budget`; a loop that
reads ends with the file.
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

# Where Qiskit's reader looks names up, in its order.
_PLACES = ("library", "circuit_mod", "extensions", "quantum_initializer", "controlflow")
_OLDEST_WITH_TYPE = 5
_OLDEST_WITH_ENCODING = 10
_MOST_CONTROLS = 2**12  # where no qubits are listed to hold the number against
_MANY_CONTROLLED = frozenset(  # gates made from a number of controls, and from so many parameters
    {"MCXGate", "MCXGrayCode", "MCXRecursive", "MCXVChain", "MCPhaseGate", "MCU1Gate"}
)
_PLACE_OF_CONTROLS = 4  # among what Qiskit keeps of a custom operation, from version 5 on
_STEPS_TO_COPY = 2**9  # measured: an instruction takes 14 microseconds, a step 30 nanoseconds
_PLACE_OF_CIRCUIT = 5  # among what Qiskit reads a parameter with, from terra 0.24 on
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
    """Return the one circuit of a QPY file.

    Raises:
        DecodeError: If the file is damaged, comes from a newer Qiskit, or holds what no circuit
            needs.
    """
    check_header(data)
    _check_holds_one_circuit(data)
    with guarded(data), warnings.catch_warnings():
        # An element of a vector arrives equal to what was sent, whether or not the others came too.
        warnings.filterwarnings("ignore", "The ParameterVector", UserWarning)
        try:
            return qpy.load(io.BytesIO(data), metadata_deserializer)[0]
        except DecodeError:
            raise
        except (Exception, MemoryError) as exc:
            raise DecodeError(f"A circuit cannot be read: {exc}") from exc


def check_header(data: bytes) -> None:
    """Look at the first bytes of a file.

    Raises:
        DecodeError: If it is no QPY file, too new, or holds expressions in an unsafe format.
    """
    if len(data) < 19 or not data.startswith(b"QISKIT"):
        raise DecodeError("A circuit cannot be read: the payload is not a QPY file.")
    version = data[6]
    if version > common.QPY_VERSION:
        raise DecodeError(
            f"A circuit was written in QPY version {version}; the installed Qiskit reads up to "
            f"{common.QPY_VERSION}. Upgrade qiskit-terra to read it."
        )
    if version >= _OLDEST_WITH_ENCODING and data[18:19] != b"p":
        # SymEngine's own format can hold pickles.
        raise DecodeError(
            "A circuit holds expressions in the format of SymEngine, which is unsafe."
        )


def _check_holds_one_circuit(data: bytes) -> None:
    if int.from_bytes(data[10:18], "big") != 1:
        raise DecodeError("A payload should hold exactly one circuit.")
    place = 19 if data[6] >= _OLDEST_WITH_ENCODING else 18
    if data[6] >= _OLDEST_WITH_TYPE and data[place : place + 1] != b"q":
        raise DecodeError("A payload should hold a circuit, not a pulse schedule.")


@contextmanager
def guarded(data: bytes = b"") -> Iterator[None]:
    """Make Qiskit's readers refuse what is unsafe, in this thread, while the block lasts.

    Args:
        data: What is read; the larger it is, the more may be made of it.
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
            setattr(value, name, _checked(getattr(value, name), _look_at_expression))
        value._read_parameter_vec = _checked(value._read_parameter_vec, _look_at_element)
        schedules._loads_symbolic_expr = _checked(
            schedules._loads_symbolic_expr, _look_at_symbolic_expression
        )
        circuits._read_header = _checked(circuits._read_header, _look_at_first_header)
        circuits._read_header_v2 = _checked(circuits._read_header_v2, _look_at_header)
        circuits._read_instruction = _checked(circuits._read_instruction, _look_at_instruction)
        circuits._parse_custom_operation = _checked(
            circuits._parse_custom_operation, _look_at_custom_operation, _as_sent
        )
        circuits._loads_instruction_parameter = _given_circuit(
            circuits._loads_instruction_parameter
        )


def _checked(function: Any, look: Any, finish: Any = None) -> Any:
    @wraps(function)
    def checked(*args: Any, **kwargs: Any) -> Any:
        if not getattr(_reading, "active", False):
            return function(*args, **kwargs)
        look(*args, **kwargs)
        read = function(*args, **kwargs)
        return read if finish is None else finish(read, *args, **kwargs)

    return checked


def _given_circuit(function: Any) -> Any:
    """Give parameters of a base gate a circuit to stand in, for terra 0.25 asks it for its bits."""

    @wraps(function)
    def given(*args: Any, **kwargs: Any) -> Any:
        if getattr(_reading, "active", False) and args[_PLACE_OF_CIRCUIT:][:1] == (None,):
            before, after = args[:_PLACE_OF_CIRCUIT], args[_PLACE_OF_CIRCUIT + 1 :]
            args = (*before, QuantumCircuit(), *after)
        return function(*args, **kwargs)

    return given


def _look_at_first_header(file: Any, **_: Any) -> None:
    header = formats.CIRCUIT_HEADER._make(_peek(file, _CIRCUIT_HEADER))
    _pay_for_circuit(file, header)


def _look_at_header(file: Any, *_: Any, **__: Any) -> None:
    header = formats.CIRCUIT_HEADER_V2._make(_peek(file, _CIRCUIT_HEADER_V2))
    _pay_for_circuit(file, header)


def _pay_for_circuit(file: Any, header: Any) -> None:
    left = file.getbuffer().nbytes - file.tell()
    bits = header.num_qubits + header.num_clbits
    budget().spend_bytes(left)
    budget().spend_objects(bits)
    budget().spend_steps(bits * min(header.num_instructions, left // _INSTRUCTION.size))


def _look_at_element(file: Any, vectors: Any) -> None:
    start = file.tell()
    header = formats.PARAMETER_VECTOR_ELEMENT._make(_ELEMENT.unpack(file.read(_ELEMENT.size)))
    if file.read(header.vector_name_size).decode() not in vectors:
        budget().spend_objects(header.vector_size)
    file.seek(start)


def _look_at_expression(file: Any, *_: Any, **__: Any) -> None:
    start = file.tell()
    _, size = _EXPRESSION_HEADER.unpack(file.read(_EXPRESSION_HEADER.size))
    check_expression(file.read(size).decode())
    file.seek(start)


def _look_at_symbolic_expression(data: bytes, *_: Any, **__: Any) -> None:
    if data:
        check_expression(inflate(data).decode())


def _look_at_instruction(
    file: Any, circuit: Any, _: Any, custom: Any, version: int, *__: Any, **___: Any
) -> None:
    start = file.tell()
    layout = _INSTRUCTION if version < _OLDEST_WITH_TYPE else _INSTRUCTION_V2
    size, _, parameters, qubits, *_, controls, _ = layout.unpack(file.read(layout.size))
    name = file.read(size).decode()
    file.seek(start)
    if name not in custom and not is_instruction(name):
        raise DecodeError(f"A circuit names an instruction {name!r}, which Qiskit does not know.")
    if version >= _OLDEST_WITH_TYPE:
        _check_controls(name, controls, qubits if circuit is not None else _MOST_CONTROLS)
    if name in _MANY_CONTROLLED and parameters > _PARAMETERS.get(name, 0):
        raise DecodeError(f"A circuit holds a {name} with {parameters} parameters.")


def _look_at_custom_operation(custom: Any, name: str, *_: Any, **__: Any) -> None:
    entry = custom.get(name, ())
    if len(entry) > _PLACE_OF_CONTROLS:
        _check_controls(name, entry[_PLACE_OF_CONTROLS], _MOST_CONTROLS)


def _as_sent(operation: Any, _: Any, name: str, *__: Any, **___: Any) -> Any:
    sent = restore_name(operation, name)
    if isinstance(sent, ControlledGate):
        budget().spend_steps(_STEPS_TO_COPY * _weight(sent.base_gate, set()))
    return sent


def _weight(operation: Any, seen: set[int]) -> int:
    """Return how many instructions are copied with a base gate, which each use has for itself."""
    weight = 1
    if isinstance(operation, ControlledGate):
        weight += _weight(operation.base_gate, seen)
    definition = getattr(operation, "_definition", None)
    if definition is not None and id(definition) not in seen:
        seen.add(id(definition))
        weight += sum(_weight(item.operation, seen) for item in definition.data)
    return weight


def _check_controls(name: str, controls: int, most: int) -> None:
    """Refuse numbers of controls that make Qiskit write all of them as one integer."""
    if controls > most:
        raise DecodeError(f"A circuit holds an instruction {name!r} with {controls} controls.")


def _peek(file: Any, layout: struct.Struct) -> tuple[Any, ...]:
    start = file.tell()
    fields = layout.unpack(file.read(layout.size))
    file.seek(start)
    return fields


@lru_cache(maxsize=1024)
def is_instruction(name: str) -> bool:
    """Return whether Qiskit's reader would make an instruction of a class name."""
    modules = [getattr(circuits, place) for place in _PLACES]
    found = next((getattr(module, name) for module in modules if hasattr(module, name)), None)
    if name == "Clifford":
        found = Clifford
    return isinstance(found, type) and issubclass(found, (Instruction, Clifford))
