"""QPY writer for circuits in normal form, using the QPY version of the installed Qiskit.

Qiskit's own writers have gaps that differ between versions: gates that share a name are merged,
base gates are lost, and ancilla registers become classical registers. Every reader of the QPY
version can read the output of this writer.

QPY stores the definition of a custom operation under its name. If several operations share a name,
each is written with a suffix that our reader removes; other QPY readers see the longer names. The
unit of a delay, which QPY does not store, is part of such a name, too.
"""

from __future__ import annotations

import io
import json
import re
import struct
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from qiskit import __version__
from qiskit.circuit import Parameter, ParameterExpression
from qiskit.qpy import common, formats
from qiskit.qpy.binary_io.circuits import _write_calibrations
from qiskit.qpy.binary_io.value import dumps_value

from qiskit_ibm_runtime.exceptions import CircuitError

from . import form
from .form import GENERAL, STANDARD_GATES

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator

_VERSION = common.QPY_VERSION
_WITH_LAYOUT, _WITH_INPUT_COUNT, _WITH_ENCODING = 8, 10, 10  # QPY versions that added these
_INSTRUCTION = struct.Struct(formats.CIRCUIT_INSTRUCTION_V2_PACK)
_PLACE = struct.Struct(formats.CIRCUIT_INSTRUCTION_ARG_PACK)
_CUSTOM = struct.Struct(formats.CUSTOM_CIRCUIT_INST_DEF_V2_PACK)
_VALUE = struct.Struct(formats.INSTRUCTION_PARAM_PACK)
_FLOAT = struct.Struct("!1cQ").pack(b"f", 8)
_LITTLE_FLOAT = struct.Struct("<d")
_COUNT = struct.Struct("!Q")
_KEYS = {"Instruction": b"i", "Gate": b"g", "ControlledGate": b"c"}
_EVOLUTION = "PauliEvolutionGate"
_LARGEST_STATE = 2**32 - 1
DELAY_NAME = re.compile(r"delay__in_(s|ms|us|ns|ps)")
PRIVATE_NAME = re.compile(r"(.*)__(renamed|wrapped)_[0-9]+", re.DOTALL)
_UUID = re.compile(r"_[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z")  # added from 0.25 on
_UNIQUE_NAME = re.compile(r"ucr[xyz]_dg" + _UUID.pattern)  # from 0.45 on


def to_qpy(circuit: form.Circuit, encoder: type[json.JSONEncoder] = json.JSONEncoder) -> bytes:
    """Serialize a circuit to QPY.

    Args:
        circuit: The circuit.
        encoder: JSON encoder for the circuit's metadata.

    Raises:
        CircuitError: If a value is too large for QPY.
    """
    release = map(int, __version__.split(".")[:3])
    header = struct.pack(formats.FILE_HEADER_PACK, b"QISKIT", _VERSION, *release, 1)
    if _VERSION >= _WITH_ENCODING:
        header += b"p"  # encode parameter expressions as sympy text, not as pickles
    metadata_encoder = encoder if circuit.metadata else None  # the default one is faster
    metadata = json.dumps(circuit.metadata, separators=(",", ":"), cls=metadata_encoder).encode()
    calibrations = io.BytesIO()
    _write_calibrations(calibrations, circuit.calibrations or {}, encoder)
    try:
        parts = [header, b"q", *_Writer().circuit(circuit, metadata)]
        return b"".join([*parts, calibrations.getvalue(), *_layout(circuit.layout)])
    except (struct.error, OverflowError, UnicodeEncodeError) as exc:
        reason = f"contains a number or string that cannot be encoded in QPY: {exc}"
        raise CircuitError(f"Circuit {circuit.name!r} {reason}.") from exc


class _Writer:
    """Encoder of circuits, with a cache of definitions, bodies and parameter expressions."""

    def __init__(self) -> None:
        self._inner: dict[int, bytes] = {}
        self._expressions: dict[int, bytes] = {}

    def inner(self, circuit: form.Circuit) -> bytes:
        """Encode a definition or a body."""
        found = self._inner.get(id(circuit))
        if found is None:
            no_calibrations = struct.pack(formats.CALIBRATION_PACK, 0)
            parts = [*self.circuit(circuit, b"{}"), no_calibrations, *_layout(None)]
            found = self._inner[id(circuit)] = b"".join(parts)
        return found

    def value(self, value: form.Value) -> bytes:
        """Encode a parameter of an instruction."""
        if type(value) is float:
            return _FLOAT + _LITTLE_FLOAT.pack(value)
        if isinstance(value, ParameterExpression):
            found = self._expressions.get(id(value))
            if found is None:
                found = self._expressions[id(value)] = _value(*_parameter(value))
            return found
        if isinstance(value, form.Array):
            value = value.numbers()
        if isinstance(value, tuple):
            return _tuple(map(self.value, value))
        if isinstance(value, range):
            return _value(b"r", struct.pack("!qqq", value.start, value.stop, value.step))
        if isinstance(value, int):
            return _value(b"i", struct.pack("<q", value))
        return _value(*dumps_value(value))

    def circuit(self, circuit: form.Circuit, metadata: bytes) -> Iterator[bytes]:
        """Yield the encoding of a circuit, without calibrations and layout."""
        name = circuit.name.encode()
        key, phase = dumps_value(circuit.phase)
        yield struct.pack(
            formats.CIRCUIT_HEADER_V2_PACK,
            len(name),
            key,
            len(phase),
            circuit.qubits,
            circuit.clbits,
            len(metadata),
            len(circuit.registers),
            len(circuit.instructions),
        )
        yield name + phase + metadata
        yield from map(_register, circuit.registers)
        yield from _Scope(self, circuit).parts()


class _Scope:
    """Instructions of one circuit, and the table of custom operations that precedes them."""

    def __init__(self, writer: _Writer, circuit: form.Circuit) -> None:
        self._writer = writer
        self._custom: dict[str, bytes] = {}
        self._ends: dict[int, tuple[bytes, bytes]] = {}
        self._starts: dict[tuple[object, ...], bytes] = {}
        self._names = self._named(circuit)
        self._lines = list(self._written(circuit))

    def parts(self) -> Iterator[bytes]:
        """Yield the encoded custom operations, then the instructions."""
        yield _COUNT.pack(len(self._custom))
        yield from self._custom.values()
        yield from self._lines

    def _written(self, circuit: form.Circuit) -> Iterator[bytes]:
        qubits, clbits = _places(b"q", circuit.qubits), _places(b"c", circuit.clbits)
        for operation, places, cplaces, condition in circuit.instructions:
            start, end = self._start_and_end(operation, condition)
            yield start
            for place in places:
                yield qubits[place]
            for place in cplaces:
                yield clbits[place]
            yield end

    def _named(self, circuit: form.Circuit) -> dict[Hashable, str]:
        """Return the name in the file of each distinct custom operation.

        This is the user's name, unless several operations share it, or readers would mistake it
        for the name of a class or a private name.
        """
        shapes: dict[str, dict[Hashable, form.Operation]] = {}
        classes = set(GENERAL)
        for each in _each_operation(circuit):
            classes.add(each.kind)
            if each.kind in GENERAL:
                shapes.setdefault(each.name + _state_suffix(each), {})[self._shape(each)] = each
        names: dict[Hashable, str] = {}
        for name, alike in shapes.items():
            # An opaque operation consists of its name, so it keeps it.
            bare = [shape for shape, each in alike.items() if each.definition is None]
            for shape, each in alike.items():
                kept = shape in bare if len(bare) == 1 else len(alike) == 1
                free = name not in classes and not _is_reserved(each)
                private = f"{each.name}__renamed_{len(names)}{_state_suffix(each)}"
                names[shape] = name if kept and free else private
        return names

    def _shape(self, operation: form.Operation) -> Hashable:
        """Return a key of the parts that the file stores once for all uses of an operation."""
        definition, base = operation.definition, operation.base
        return (
            operation._replace(params=(), label=None, definition=None, base=None),
            definition and self._writer.inner(definition),
            base and (self._shape(base), base.label, *self._params(base)),
        )

    def _start_and_end(
        self, operation: form.Operation, condition: form.Condition | None
    ) -> tuple[bytes, bytes]:
        """Return the encoding before and after the bits of an instruction."""
        if condition is not None or operation.kind == _EVOLUTION:
            params = self._params(operation)
            return self._start(operation, len(params), condition), b"".join(params)
        found = self._ends.get(id(operation))
        if found is None:
            params = self._params(operation)
            alike = (operation.kind, operation.qubits, operation.label, operation.state)
            start = self._starts.get(alike)
            if start is None:
                start = self._start(operation, len(params), None)
                if operation.kind in STANDARD_GATES:  # saves a tenth of the time with many angles
                    self._starts[alike] = start
            found = self._ends[id(operation)] = start, b"".join(params)
        return found

    def _start(
        self, operation: form.Operation, params: int, condition: form.Condition | None
    ) -> bytes:
        name = self._name(operation).encode()
        label = (operation.label or "").encode()
        key, register, wanted = 0, b"", 0
        if isinstance(condition, form.Equal):
            key, register, wanted = 1, _classical(condition.target), condition.value
        elif condition is not None:
            key = 2
        start = _INSTRUCTION.pack(
            len(name),
            len(label),
            params,
            operation.qubits,
            operation.clbits,
            key,
            len(register),
            wanted,
            operation.controls,
            # With more controls, all are closed: other states are stored as custom operations.
            min(operation.state, _LARGEST_STATE),
        )
        if isinstance(condition, form.Expression):
            register = _value(b"x", encode_expression(condition))
        return start + name + label + register

    def _params(self, operation: form.Operation) -> list[bytes]:
        encode, params = self._writer.value, operation.params
        bodies = [_value(b"q", self._writer.inner(body)) for body in operation.bodies]
        if operation.kind == "SwitchCaseOp":
            return _switch(operation, bodies)
        if operation.kind in ("Delay", _EVOLUTION):
            params = params[:1]
        if operation.kind == "IfElseOp" and len(bodies) == 1:
            bodies.append(encode(None))
        return [*map(encode, params), *bodies]

    def _name(self, operation: form.Operation) -> str:
        """Return the name of an operation in the file, adding custom ones to the table."""
        if operation.kind == _EVOLUTION:
            # Readers share one object per name, so a condition or label would affect all uses.
            name = f"###{_EVOLUTION}_{len(self._custom)}"
            self._custom[name] = _custom(operation, name, b"p", _evolution(operation))
            return name
        if operation.kind == "Delay" and operation.params[1] != "dt":
            name = f"delay__in_{operation.params[1]}"
            self._custom[name] = _custom(operation, name, b"i", None)
            return name
        if operation.kind not in GENERAL:
            return operation.kind
        name = self._names[self._shape(operation)]
        if name not in self._custom:
            self._custom[name] = b""  # reserve its position before its base
            base = b""
            if operation.base is not None:
                base = b"".join(self._start_and_end(operation.base, None))
            definition = operation.definition
            data = None if definition is None else self._writer.inner(definition)
            self._custom[name] = _custom(operation, name, _KEYS[operation.kind], data, base)
        return name


def _state_suffix(operation: form.Operation) -> str:
    """Return the suffix that Qiskit adds to the name of a gate with open controls."""
    return f"_o{operation.state}" if operation.state < 2**operation.controls - 1 else ""


def _is_reserved(operation: form.Operation) -> bool:
    """Whether readers would misinterpret the user's name of an operation."""
    name, added = operation.name, _state_suffix(operation)
    seen = user_name(name + added, added, controlled=operation.base is not None)
    return name.startswith("###") or DELAY_NAME.fullmatch(name) is not None or seen != name


def user_name(written: str, added: str, *, controlled: bool) -> str:
    """Return the user's name of an operation, without what Qiskit and this writer add.

    Args:
        written: Its name in the file.
        added: The suffix for open controls.
        controlled: Whether it is a controlled gate.
    """
    name = _UUID.sub("", written) if controlled or _UNIQUE_NAME.fullmatch(written) else written
    if added and name.endswith(added):
        name = name[: -len(added)]
    private = PRIVATE_NAME.fullmatch(name)
    return private[1] if private else name


def _custom(
    operation: form.Operation, name: str, key: bytes, definition: bytes | None, base: bytes = b""
) -> bytes:
    raw, data = name.encode(), definition or b""
    header = _CUSTOM.pack(
        len(raw),
        key,
        operation.qubits,
        operation.clbits,
        definition is not None,
        len(data),
        operation.controls,
        operation.state,
        len(base),
    )
    return header + raw + data + base


def _evolution(operation: form.Operation) -> bytes:
    time, operators, several, (name, settings) = operation.params
    key, when = dumps_value(time)
    synthesis = json.dumps({"class": name, "settings": json.loads(settings)}).encode()
    parts = [
        struct.pack(
            formats.PAULI_EVOLUTION_DEF_PACK,
            len(operators),
            not several,
            key,
            len(when),
            len(synthesis),
        )
    ]
    for labels, coefficients in operators:
        terms = np.array(
            list(zip(labels, coefficients)),
            dtype=[("labels", f"<U{len(labels[0])}"), ("coeffs", "<c16")],
        )
        _, data = dumps_value(terms)
        parts += (_COUNT.pack(len(data)), data)
    return b"".join([*parts, when, synthesis])


def _switch(operation: form.Operation, bodies: list[bytes]) -> list[bytes]:
    target, values = operation.params
    if isinstance(target, form.Classical):
        what = _value(b"R", _classical(target))
    else:
        what = _value(b"x", encode_expression(target))
    cases = [_tuple([_tuple(map(_case, case)), body]) for case, body in zip(values, bodies)]
    return [what, _tuple(cases)]


def _case(value: int | None) -> bytes:
    return _value(b"d", b"") if value is None else _value(b"i", struct.pack("<q", value))


def _each_operation(circuit: form.Circuit) -> Iterator[form.Operation]:
    """Yield each operation of a circuit, and the base gates of controlled ones."""
    for operation in {id(item[0]): item[0] for item in circuit.instructions}.values():
        each: form.Operation | None = operation
        while each is not None:
            yield each
            each = each.base


@lru_cache(maxsize=256)
def _places(kind: bytes, number: int) -> list[bytes]:
    """Return the encodings of the bits of a circuit, by index."""
    return [_PLACE.pack(kind, place) for place in range(number)]


def _register(register: form.Register) -> bytes:
    name = register.name.encode()
    header = struct.pack(
        formats.REGISTER_V4_PACK,
        b"q" if register.quantum else b"c",
        register.owner,
        len(register.bits),
        len(name),
        True,
    )
    return header + name + struct.pack(f"!{len(register.bits)}q", *register.bits)


def _layout(layout: form.Layout | None) -> Iterator[bytes]:
    if _VERSION < _WITH_LAYOUT:
        return
    counted = _VERSION >= _WITH_INPUT_COUNT
    if layout is None:
        yield struct.pack(formats.LAYOUT_PACK, False, -1, -1, -1, 0)
        yield struct.pack("!i", 0) * counted
        return
    yield struct.pack(
        formats.LAYOUT_PACK,
        True,
        _size(layout.initial),
        _size(layout.mapping),
        _size(layout.final),
        len(layout.registers),
    )
    yield struct.pack("!i", -1 if layout.inputs is None else layout.inputs) * counted
    for name, size in layout.registers:
        yield _register(form.Register(name, True, (-1,) * size, True))
    for bit in layout.initial or ():
        place, register = (-1, None) if bit is None else (bit[1], bit[0].encode())
        length = -1 if register is None else len(register)
        yield struct.pack(formats.INITIAL_LAYOUT_BIT_PACK, place, length) + (register or b"")
    for places in (layout.mapping or (), layout.final or ()):
        yield struct.pack(f"!{len(places)}I", *places)


def _size(places: tuple[object, ...] | None) -> int:
    return -1 if places is None else len(places)


def _value(key: bytes, data: bytes) -> bytes:
    return _VALUE.pack(key, len(data)) + data


def _tuple(parts: Iterable[bytes]) -> bytes:
    encoded = list(parts)
    return _value(b"t", _COUNT.pack(len(encoded)) + b"".join(encoded))


def _parameter(value: ParameterExpression) -> tuple[bytes, bytes]:
    """Return type key and bytes; Qiskit's function takes ten times as long for a parameter."""
    if type(value) is not Parameter:
        key, data = dumps_value(value)
        return key, data
    name = value.name.encode()
    return b"p", struct.pack("!H", len(name)) + value._uuid.bytes + name


def _classical(target: form.Classical) -> bytes:
    """Encode a register as its name, and a bit as a zero byte followed by its index."""
    return (f"\0{target.bits[0]}" if target.register is None else target.register).encode()


def encode_expression(node: form.Expression) -> bytes:
    """Encode a classical expression."""
    kind, width, parts = node
    value_type = b"b" if width is None else b"u" + struct.pack("!L", width)
    if kind == "Var":
        target: form.Classical = parts[0]
        if target.register is None:
            return b"x" + value_type + b"C" + struct.pack("!L", target.bits[0])
        name = target.register.encode()
        return b"x" + value_type + b"R" + struct.pack("!H", len(name)) + name
    if kind == "Value":
        return b"v" + value_type + _constant(parts[0])
    if kind == "Cast":
        return b"c" + value_type + struct.pack("!?", parts[1]) + encode_expression(parts[0])
    from qiskit.circuit.classical import expr  # from terra 0.25 on

    key, operation = b"u" if kind == "Unary" else b"b", getattr(expr, kind).Op[parts[0]]
    operands = b"".join(map(encode_expression, parts[1:]))
    return key + value_type + bytes([operation.value]) + operands


def _constant(value: int) -> bytes:
    if isinstance(value, bool):
        return b"b" + struct.pack("!?", value)
    size = value.bit_length() // 8 + 1 if value else 0
    return b"i" + struct.pack("!B", size) + value.to_bytes(size, "big", signed=True)
