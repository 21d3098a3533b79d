"""QPY read with a guard: only formulas are evaluated, only instructions are built.

The readers of Qiskit below 1.0 trust their file. Three of their functions are wrapped, once and
without effect for anybody else's calls: inside :func:`guarded` the wrappers look at what comes
next in the file and refuse it before Qiskit's own function sees it.
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
from qiskit.circuit import Instruction
from qiskit.qpy import common, formats
from qiskit.qpy.binary_io import circuits, schedules, value
from qiskit.quantum_info import Clifford

from .errors import DecodeError
from .packing import inflate
from .symbols import check_expression

if TYPE_CHECKING:
    from collections.abc import Iterator

# Where Qiskit's reader looks names up, in its order.
_PLACES = ("library", "circuit_mod", "extensions", "quantum_initializer", "controlflow")
_OLDEST_WITH_TYPE = 5
_OLDEST_WITH_ENCODING = 10
_EXPRESSION_HEADER = struct.Struct("!QQ")
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
    with guarded(), warnings.catch_warnings():
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
        raise DecodeError("A circuit cannot be read: the payload is no QPY file.")
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
def guarded() -> Iterator[None]:
    """Make Qiskit's readers refuse what is unsafe, in this thread, while the block lasts."""
    _install()
    before = getattr(_reading, "active", False)
    _reading.active = True
    try:
        yield
    finally:
        _reading.active = before


@lru_cache(maxsize=1)
def _install() -> None:
    with _installing:
        for name in ("_read_parameter_expression", "_read_parameter_expression_v3"):
            setattr(value, name, _checked(getattr(value, name), _look_at_expression))
        schedules._loads_symbolic_expr = _checked(
            schedules._loads_symbolic_expr, _look_at_symbolic_expression
        )
        circuits._read_instruction = _checked(circuits._read_instruction, _look_at_instruction)


def _checked(function: Any, look: Any) -> Any:
    @wraps(function)
    def checked(*args: Any, **kwargs: Any) -> Any:
        if getattr(_reading, "active", False):
            look(*args)
        return function(*args, **kwargs)

    return checked


def _look_at_expression(file: Any, *_: Any) -> None:
    start = file.tell()
    _, size = _EXPRESSION_HEADER.unpack(file.read(_EXPRESSION_HEADER.size))
    check_expression(file.read(size).decode())
    file.seek(start)


def _look_at_symbolic_expression(data: bytes, *_: Any) -> None:
    if data:
        check_expression(inflate(data).decode())


def _look_at_instruction(file: Any, _: Any, __: Any, custom: Any, version: int, *___: Any) -> None:
    start = file.tell()
    (size,) = struct.unpack("!H", file.read(2))
    header = (
        formats.CIRCUIT_INSTRUCTION_SIZE
        if version < _OLDEST_WITH_TYPE
        else formats.CIRCUIT_INSTRUCTION_V2_SIZE
    )
    file.seek(start + header)
    name = file.read(size).decode()
    file.seek(start)
    if name not in custom and not _is_instruction(name):
        raise DecodeError(f"A circuit names an instruction {name!r}, which Qiskit does not know.")


@lru_cache(maxsize=1024)
def _is_instruction(name: str) -> bool:
    """Return whether Qiskit's reader would make an instruction of a class name."""
    modules = [getattr(circuits, place) for place in _PLACES]
    found = next((getattr(module, name) for module in modules if hasattr(module, name)), None)
    if name == "Clifford":
        found = Clifford
    return isinstance(found, type) and issubclass(found, (Instruction, Clifford))
