"""Writer of QPY version 13, the oldest version that the platform reads.

The supported versions of terra write QPY 6 to 10. The format follows Qiskit's QPY documentation.
"""

from __future__ import annotations

import json
import struct
import uuid
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from qiskit_ibm_runtime._circuits import form
from qiskit_ibm_runtime._circuits.qpy_writer import encode_expression

from .isa import BitCondition, Column, Condition, Isa, RegisterCondition, Step

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Registers = Mapping[str, Sequence[int]]

VERSION = 13
# Release of Qiskit that wrote this version; with a newer one, older readers would warn.
_QISKIT = (1, 3, 0)
_FILE = struct.Struct("!6sBBBBQc")
_CIRCUIT = struct.Struct("!H1cHIIQIQI")
_REGISTER = struct.Struct("!1c?IH?")
_INSTRUCTION = struct.Struct("!HHHIIBHqII")
_PLACE = struct.Struct("!1cI")
_VALUE = struct.Struct("!1cQ")
_NO_CUSTOM_OPERATIONS = struct.pack("!Q", 0)
# No calibrations, no layout, unknown number of input qubits.
_END = struct.pack("!H?iiiIi", 0, False, -1, -1, -1, 0, 0)
_ON_A_BIT_OR_REGISTER, _ON_AN_EXPRESSION = 1, 2


def to_qpy(circuits: Sequence[Isa], metadata: dict[str, Any] | None = None) -> bytes:
    """Serialize circuits to QPY.

    Args:
        circuits: One or more circuits.
        metadata: Metadata of the first one.
    """
    head = _FILE.pack(b"QISKIT", VERSION, *_QISKIT, len(circuits), b"p") + b"q"
    notes = [metadata or {}, *({} for _ in circuits[1:])]
    return head + b"".join(map(_program, circuits, notes))


def _program(isa: Isa, metadata: dict[str, Any]) -> bytes:
    quantum = {"q": range(isa.qubits)}
    classical = {
        name: range(start, start + size) for (name, size), start in zip(isa.registers, isa.starts)
    }
    note = json.dumps(metadata, separators=(",", ":")).encode()
    scope = _Scope(range(isa.qubits), range(isa.clbits), (quantum, classical))
    return scope.circuit("circuit", note, isa.steps)


def read_metadata(data: bytes) -> dict[str, Any]:
    """Return the metadata of the first circuit in QPY 12 to 15; ``{}`` for other data.

    This reads only as much of the format as :func:`to_qpy` writes.
    """
    try:
        if data[:6] != b"QISKIT" or not 12 <= data[6] <= 15:
            return {}
        start = _FILE.size + 1
        name, _, phase, _, _, size, *_ = _CIRCUIT.unpack_from(data, start)
        start += _CIRCUIT.size + name + phase
        found = json.loads(data[start : start + size])
    except (struct.error, ValueError, IndexError):
        return {}
    return found if isinstance(found, dict) else {}


class _Scope:
    """Bit indices within one circuit of the file, and the registers of the outer circuit.

    Bodies contain only the bits that they touch. These are written as members of the outer
    circuit's registers, so that readers identify them with the outer bits.
    """

    def __init__(
        self, qubits: Sequence[int], clbits: Sequence[int], registers: tuple[Registers, Registers]
    ) -> None:
        self.qubits = {bit: number for number, bit in enumerate(qubits)}
        self.clbits = {bit: number for number, bit in enumerate(clbits)}
        self.registers = registers

    def circuit(self, name: str, note: bytes, steps: Sequence[Step]) -> bytes:
        raw, phase = name.encode(), struct.pack("!d", 0.0)
        written = [
            _register(key, its, [known.get(bit, -1) for bit in bits])
            for key, known, group in zip((b"q", b"c"), (self.qubits, self.clbits), self.registers)
            for its, bits in group.items()
            if not known.keys().isdisjoint(bits)
        ]
        head = _CIRCUIT.pack(
            len(raw),
            b"f",
            len(phase),
            len(self.qubits),
            len(self.clbits),
            len(note),
            len(written),
            len(steps),
            0,
        )
        lines = map(self._line, steps)
        return b"".join([head, raw, phase, note, *written, _NO_CUSTOM_OPERATIONS, *lines, _END])

    def _line(self, step: Step) -> bytes:
        key, condition, wanted = 0, b"", 0
        clbits: Sequence[int] = step.clbits
        if step.condition is None:
            params = [_param(value) for value in step.params]
        else:
            clbits = sorted(_touched(step))
            key, condition, wanted = self._condition(step.condition)
            inner = _Scope(step.qubits, clbits, self.registers)
            params = [_value(b"q", inner.circuit("body", b"{}", body)) for body in step.bodies]
            params += [_value(b"z", b"")] * (2 - len(params))
        raw = step.kind.encode()
        head = _INSTRUCTION.pack(
            len(raw),
            0,
            len(params),
            len(step.qubits),
            len(clbits),
            key,
            0 if key == _ON_AN_EXPRESSION else len(condition),
            wanted,
            step.controls,
            step.state,
        )
        places = [_PLACE.pack(b"q", self.qubits[qubit]) for qubit in step.qubits]
        places += [_PLACE.pack(b"c", self.clbits[bit]) for bit in clbits]
        return b"".join([head, raw, condition, *places, *params])

    def _condition(self, condition: Condition) -> tuple[int, bytes, int]:
        if isinstance(condition, BitCondition):
            name = f"\0{self.clbits[condition.bits[0]]}".encode()
            return _ON_A_BIT_OR_REGISTER, name, int(condition.value)
        if isinstance(condition, RegisterCondition):
            return _ON_A_BIT_OR_REGISTER, condition.register.encode(), condition.value
        return _ON_AN_EXPRESSION, _value(b"x", encode_expression(self._tree(condition.tree))), 0

    def _tree(self, node: form.Expression) -> form.Expression:
        if node.kind == "Var":
            target = node.parts[0]
            bits = tuple(self.clbits[bit] for bit in target.bits)
            return node._replace(parts=(target._replace(bits=bits),))
        parts = (self._tree(p) if isinstance(p, form.Expression) else p for p in node.parts)
        return node._replace(parts=tuple(parts))


def _touched(step: Step) -> set[int]:
    """Return the classical bits that an instruction reads or writes, including its bodies."""
    read = step.condition.bits if step.condition is not None else ()
    inside = (_touched(inner) for body in step.bodies for inner in body)
    return {*step.clbits, *read}.union(*inside)


def _register(kind: bytes, name: str, bits: Sequence[int]) -> bytes:
    raw = name.encode()
    head = _REGISTER.pack(kind, True, len(bits), len(raw), -1 not in bits)
    return head + raw + struct.pack(f"!{len(bits)}q", *bits)


def _param(value: Any) -> bytes:
    if isinstance(value, Column):
        return _column(value)
    if isinstance(value, int):
        return _value(b"i", struct.pack("<q", value))
    return _value(b"f", struct.pack("<d", value))


@lru_cache(maxsize=4096)
def _column(column: Column) -> bytes:
    name = column.name.encode()
    identity = uuid.uuid5(uuid.NAMESPACE_OID, column.name).bytes
    return _value(b"p", struct.pack("!H", len(name)) + identity + name)


def _value(key: bytes, data: bytes) -> bytes:
    return _VALUE.pack(key, len(data)) + data
