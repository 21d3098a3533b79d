"""QPY files and the circuits in them."""

from __future__ import annotations

import io
import json
from typing import Any, NamedTuple

import numpy as np

from qiskit_ibm_runtime._circuits import form
from qiskit_ibm_runtime._circuits.form import OPERATION_CLASSES, Family
from qiskit_ibm_runtime.local.pubs.errors import DYNAMIC, ENCODING, NOT_ISA, PubError

from . import conditions
from .angles import Angles, Vectors
from .cursor import Cursor

OLDEST, NEWEST = 13, 18
MOST_BITS = 2**16
MOST_INSTRUCTIONS = 2**20
MOST_LEVELS = 16
_LEAST_INSTRUCTION = 33
_LONGEST_NUMBER = 4096
_DISPLAY_NAMES = {
    "WhileLoopOp": "while loops",
    "ForLoopOp": "for loops",
    "SwitchCaseOp": "switch statements",
    "BoxOp": "boxes",
    "Store": "stored variables",
}


class Program(NamedTuple):
    """Circuit of a file in normal form, and its parametric angles."""

    circuit: form.Circuit
    angles: Angles


def read(data: bytes) -> list[Program]:
    """Read every circuit of a file.

    Raises:
        PubError: If the file is damaged, has another version, or has unsupported contents.
    """
    view = memoryview(data)
    if bytes(view[:6]) != b"QISKIT" or len(view) < 19:
        raise PubError(ENCODING, "The data are not QPY.")
    cursor = Cursor(view, view[6])
    if not OLDEST <= cursor.version <= NEWEST:
        raise PubError(
            ENCODING, f"QPY version {cursor.version} is not supported; use {OLDEST}-{NEWEST}."
        )
    cursor.at = 10
    number = cursor.count("!Q", 1)
    cursor.take(1)  # symbolic library, unused since QPY 13
    if cursor.unpack("!c") != (b"q",):
        raise PubError(ENCODING, "Pulse schedules are not supported.")
    if cursor.version < 16:
        return [_program(cursor) for _ in range(number)]
    starts = [cursor.unpack("!Q")[0] for _ in range(number)]
    programs = []
    for start in starts:
        if not cursor.at <= start <= len(view):
            raise PubError(ENCODING, "The table of circuits in QPY points outside of the file.")
        cursor.at = start
        programs.append(_program(cursor, last=True))
    return programs


def _program(cursor: Cursor, *, last: bool = False) -> Program:
    reader = _Reader(cursor.version)
    circuit = reader.circuit(cursor)
    if not last:
        _skip_tail(cursor, circuit.qubits)
    return Program(circuit, reader.angles)


def _skip_tail(cursor: Cursor, qubits: int) -> None:
    """Skip calibrations and layout, which follow the instructions."""
    _reject_calibrations(cursor)
    exists, initial, mapping, final, registers, _ = cursor.unpack("!?iiiIi")
    if not exists:
        return
    for _ in range(registers):
        _register(cursor)
    for _ in range(max(0, initial)):
        _, size = cursor.unpack("!ii")
        cursor.take(max(0, size))
    cursor.take(4 * max(0, mapping))
    cursor.take(4 * max(0, final))


def _reject_calibrations(cursor: Cursor) -> None:
    if cursor.version < 18 and cursor.unpack("!H")[0]:
        raise PubError(NOT_ISA, "Pulse calibrations are not supported.")


def _register(cursor: Cursor) -> tuple[str, bool, bool, bool, tuple[int, ...]]:
    """Read a register: name, whether it is quantum, owns its bits and is in use, bits."""
    if cursor.version >= 18:
        kind, owner, size, name_size, used, contiguous = cursor.unpack("!c?IH?B")
        name = cursor.text(name_size)
        if contiguous:
            (start,) = cursor.unpack("!I")
            if start + size > MOST_BITS:
                raise PubError(ENCODING, f"The register {name!r} has more than {MOST_BITS} bits.")
            bits = tuple(range(start, start + size))
        else:
            bits = tuple(cursor.unpack(f"!{_sized(size)}I"))
    else:
        kind, owner, size, name_size, used = cursor.unpack("!c?IH?")
        name = cursor.text(name_size)
        bits = tuple(cursor.unpack(f"!{_sized(size)}q"))
    return name, kind != b"c", owner, used, bits


def _sized(size: int) -> int:
    if size > MOST_BITS:
        raise PubError(ENCODING, f"A register has {size} bits, more than {MOST_BITS}.")
    return size


class _Reader:
    """Reader of one circuit and the circuits inside it."""

    def __init__(self, version: int) -> None:
        self.angles = Angles()
        self._version = version
        self._instructions = 0

    def circuit(self, cursor: Cursor, level: int = 0) -> form.Circuit:
        """Read a circuit up to its last instruction."""
        if level > MOST_LEVELS:
            raise PubError(DYNAMIC, f"if_else is nested more than {MOST_LEVELS} levels deep.")
        head = cursor.unpack("!HcHIIQIQI")
        name_size, phase_kind, phase_size, qubits, clbits, metadata, registers, number, vars_ = head
        if max(qubits, clbits) > MOST_BITS:
            raise PubError(ENCODING, f"The circuit has more than {MOST_BITS} bits.")
        name = cursor.text(name_size)
        phase = cursor.part(phase_size)
        notes = _metadata(cursor.text(metadata))
        its = form.Circuit(
            name, qubits, clbits, _registers(cursor, registers, qubits, clbits), 0.0, ()
        )
        if vars_:
            raise PubError(DYNAMIC, "Circuit variables and stretches are not supported.")
        if cursor.version >= 15:
            _skip_annotations(cursor)
        vectors = _vectors(cursor) if cursor.version >= 18 else []
        custom = _custom(cursor)
        if phase_kind == b"f":
            (turn,) = phase.unpack("!d")
            its = its._replace(phase=turn if np.isfinite(turn) else 0.0)
        elif phase_kind in b"pve":
            self.angles.read(phase_kind, phase, vectors)  # a global phase cannot be observed
        self._instructions += number
        if self._instructions > MOST_INSTRUCTIONS or number * _LEAST_INSTRUCTION > len(cursor.data):
            raise PubError(ENCODING, f"The circuit declares too many instructions: {number}.")
        read = [self._instruction(cursor, its, vectors, custom, level) for _ in range(number)]
        return its._replace(instructions=tuple(read), metadata=notes if not level else None)

    def _instruction(
        self, cursor: Cursor, its: form.Circuit, vectors: Vectors, custom: set[str], level: int
    ) -> form.Instruction:
        head = cursor.unpack("!HHHIIBHqII")
        name_size, label_size, parameters, quantum, classical, extras, size, value = head[:8]
        controls, state = head[8:]
        kind, label = cursor.text(name_size), cursor.text(label_size) or None
        _check_kind(kind, custom)
        condition: form.Condition | None = None
        if extras & 3 == 1:
            condition = conditions.on_bits(cursor, size, value, its)
        elif extras & 3 == 2:
            cursor.unpack("!cQ")
            condition = conditions.expression(cursor, its)
        if condition is not None and kind != "IfElseOp":
            raise PubError(
                DYNAMIC,
                f"{kind} has a condition (c_if), which is not supported in QPY 13 and later; use "
                "if_else.",
            )
        qubits = _places(cursor, quantum, b"q", its.qubits)
        clbits = _places(cursor, classical, b"c", its.clbits)
        if len({*qubits}) < len(qubits) or len({*clbits}) < len(clbits):
            raise PubError(ENCODING, f"{kind} acts twice on one bit.")
        params = [self._param(cursor, kind, vectors, level) for _ in range(parameters)]
        if extras & 0x80:
            _skip_notes(cursor)
        operation = _operation(kind, label, len(qubits), len(clbits), params, (controls, state))
        if kind == "IfElseOp" and condition is None:
            raise PubError(ENCODING, "if_else has no condition.")
        return form.Instruction(operation, qubits, clbits, condition)

    def _param(self, cursor: Cursor, kind: str, vectors: Vectors, level: int) -> Any:
        tag, size = cursor.unpack("!cQ")
        data = cursor.part(size)
        order = ">" if cursor.version >= 18 else "<"
        if tag == b"q" and kind == "IfElseOp":
            return self.circuit(data, level + 1)
        if tag == b"z" and kind == "IfElseOp":
            return None
        if tag in (b"p", b"v", b"e"):
            return self.angles.read(tag, data, vectors)
        if tag == b"i":
            return int(data.unpack(f"{order}q")[0])
        if tag == b"f":
            return _finite(kind, data.unpack(f"{order}d")[0])
        if tag == b"c":
            real, imaginary = data.unpack("!dd")
            return _finite(kind, real if imaginary == 0 else float("nan"))
        if tag == b"n":
            return _finite(kind, _numpy_number(data))
        raise PubError(NOT_ISA, f"Unsupported parameter type {tag!r} of {kind}.")


def _finite(kind: str, value: float) -> float:
    if not np.isfinite(value):
        raise PubError(NOT_ISA, f"Parameters of {kind} must be finite real numbers.")
    return float(value)


def _numpy_number(cursor: Cursor) -> float:
    if len(cursor.data) > _LONGEST_NUMBER:
        raise PubError(NOT_ISA, "Array parameters of instructions are not supported.")
    try:
        array = np.load(io.BytesIO(cursor.data), allow_pickle=False)
        return float(array.item())
    except (ValueError, TypeError, EOFError) as error:
        text = "Array parameters of instructions are not supported."
        raise PubError(NOT_ISA, text) from error


def _check_kind(kind: str, custom: set[str]) -> None:
    if kind in custom:
        name = kind.rpartition("_")[0] or kind
        raise PubError(NOT_ISA, f"The instruction {name} is not supported by the target system.")
    its = OPERATION_CLASSES.get(kind)
    if its is None or (its.family is not Family.STANDARD and kind not in ("Barrier", "Delay")):
        if kind == "IfElseOp":
            return
        if kind in _DISPLAY_NAMES:
            raise PubError(
                DYNAMIC,
                f"The circuit has {_DISPLAY_NAMES[kind]}; only if_else is supported.",
            )
        name = its.name if its else kind
        raise PubError(NOT_ISA, f"The instruction {name} is not supported by the target system.")


def _operation(
    kind: str,
    label: str | None,
    qubits: int,
    clbits: int,
    params: list[Any],
    control: tuple[int, int],
) -> form.Operation:
    if kind == "IfElseOp":
        bodies = tuple(body for body in params if body is not None)
        if not 1 <= len(bodies) <= 2 or any(not isinstance(one, form.Circuit) for one in bodies):
            raise PubError(ENCODING, "if_else has no body.")
        if any((body.qubits, body.clbits) != (qubits, clbits) for body in bodies):
            raise PubError(
                ENCODING, "The body of if_else has a different number of bits than if_else."
            )
        return form.Operation(kind, "if_else", qubits, clbits, bodies=bodies)
    if kind == "Barrier":
        return form.Operation(kind, "barrier", qubits, 0, label=label)
    if kind == "Delay":
        if len(params) != 1 or not isinstance(params[0], int) or params[0] < 0:
            raise PubError(
                NOT_ISA,
                "QPY does not record units of delays; use integers in units of dt.",
            )
        return form.Operation(kind, "delay", qubits, 0, (params[0], "dt"))
    its = OPERATION_CLASSES[kind]
    width = _width(kind)
    bits = 1 if kind == "Measure" else 0
    if (len(params), qubits, clbits) != (its.parameters, width, bits):
        raise PubError(ENCODING, f"Wrong number of parameters, qubits or clbits of {kind}.")
    controls, state = control if its.controlled else (0, 0)
    if its.controlled:
        controls = its.state.bit_length()
        state = state if 0 <= state <= its.state else its.state
    return form.Operation(kind, its.name, qubits, clbits, tuple(params), None, controls, state)


_widths: dict[str, int] = {}


def _width(kind: str) -> int:
    """Return the number of qubits of a standard gate."""
    if not _widths:
        from qiskit.circuit import library

        for name, its in OPERATION_CLASSES.items():
            if its.family is Family.STANDARD and hasattr(library, name):
                _widths[name] = getattr(library, name)(*[0.0] * its.parameters).num_qubits
        _widths.update(Measure=1, Reset=1)
    if kind not in _widths:
        raise PubError(NOT_ISA, f"The instruction {kind} is not supported by the target system.")
    return _widths[kind]


def _places(cursor: Cursor, number: int, kind: bytes, width: int) -> tuple[int, ...]:
    if number > width:
        raise PubError(ENCODING, "An instruction in QPY acts on more bits than its circuit has.")
    places = []
    for _ in range(number):
        found, place = cursor.unpack("!cI")
        if found != kind or place >= width:
            raise PubError(
                ENCODING, "An instruction in QPY acts on a bit that its circuit does not have."
            )
        places.append(place)
    return tuple(places)


def _registers(cursor: Cursor, number: int, qubits: int, clbits: int) -> tuple[form.Register, ...]:
    found: list[form.Register] = []
    owned: dict[bool, set[int]] = {True: set(), False: set()}
    for _ in range(number):
        name, quantum, owner, used, bits = _register(cursor)
        width = qubits if quantum else clbits
        if not used:
            continue
        if any(not 0 <= bit < width for bit in bits) or len(set(bits)) < len(bits):
            raise PubError(ENCODING, f"The register {name!r} in QPY has invalid or duplicate bits.")
        if any(other.name == name for other in found):
            raise PubError(ENCODING, f"Two registers of a circuit have the name {name!r}.")
        owner = owner and not owned[quantum].intersection(bits)
        if owner:
            owned[quantum].update(bits)
        found.append(form.Register(name, quantum, bits, owner))
    return tuple(sorted(found, key=lambda register: not register.quantum))


def _metadata(text: str) -> dict[str, Any]:
    """Parse the metadata of a circuit; return an empty dict if it is not a JSON object."""
    try:
        notes = json.loads(text) if text else {}
    except (ValueError, RecursionError):
        return {}
    return notes if isinstance(notes, dict) else {}


def _skip_annotations(cursor: Cursor) -> None:
    for _ in range(cursor.count("!I", 12)):
        name, state = cursor.unpack("!IQ")
        cursor.take(name)
        cursor.take(state)


def _skip_notes(cursor: Cursor) -> None:
    for _ in range(cursor.count("!I", 12)):
        _, size = cursor.unpack("!IQ")
        cursor.take(size)


def _vectors(cursor: Cursor) -> Vectors:
    vectors = []
    for _ in range(cursor.count("!H", 26)):
        size, _, root = cursor.unpack("!HQ16s")
        vectors.append((cursor.text(size), int.from_bytes(root, "big")))
    return vectors


def _custom(cursor: Cursor) -> set[str]:
    """Read the names of custom instructions and skip their definitions."""
    names = set()
    for _ in range(cursor.count("!Q", 40)):
        name_size, _, _, _, _, size, _, _, base = cursor.unpack("!HcII?QIIQ")
        names.add(cursor.text(name_size))
        cursor.take(size)
        cursor.take(base)
    return names
