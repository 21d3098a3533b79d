"""JSON encoder of payloads, with one rule per kind of object that JSON cannot represent.

This module encodes both values and circuits, because the metadata of circuits may contain any
value.
"""

from __future__ import annotations

import datetime as dt
import enum
import json
import re
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from copy import copy
from threading import local
from types import BuiltinFunctionType, FunctionType, MethodType
from typing import Any

import numpy as np
from qiskit import QuantumCircuit
from qiskit.circuit import (
    ClassicalRegister,
    Instruction,
    Parameter,
    ParameterExpression,
    QuantumRegister,
)
from qiskit.circuit.parametertable import ParameterView
from qiskit.qpy.binary_io.value import dumps_value
from qiskit.quantum_info import Clifford, PauliList, ScalarOp, SparsePauliOp, StabilizerState
from qiskit.result import Result
from qiskit.transpiler import CouplingMap

from qiskit_ibm_runtime._circuits.normalizer import normal_form
from qiskit_ibm_runtime._circuits.qpy_writer import to_qpy
from qiskit_ibm_runtime.exceptions import EncodeError, IBMError

from .arrays import array_to_members, sparse_to_text
from .packing import pack
from .settings import settings_to_members

LONG = 2**12  # characters; shorter values are encoded as usual
_OF_BASE64 = ("QuantumCircuit", "ndarray")
# User strings are unlikely to look like the marker of a long value.
_MARKERS = re.compile(r'(?<=")\\u0000extract (\d+)(?=")')
_PLAIN = (str, int, float, bool, type(None))
_payload = local()


@contextmanager
def _one_payload() -> Iterator[None]:
    """Encode each circuit object only once within the block."""
    before = getattr(_payload, "written", None)
    _payload.written = {} if before is None else before
    try:
        yield
    finally:
        _payload.written = before


class RuntimeEncoder(json.JSONEncoder):
    """JSON encoder for circuits, operators, arrays and more.

    A circuit object that occurs several times in a payload is encoded once. For an object that
    cannot be encoded, the ``TypeError`` names its path within the value.

    .. code-block:: python

        import json
        import numpy as np
        from qiskit_ibm_runtime import RuntimeDecoder, RuntimeEncoder

        text = json.dumps({"angles": np.arange(3)}, cls=RuntimeEncoder)
        assert json.loads(text, cls=RuntimeDecoder)["angles"].tolist() == [0, 1, 2]
    """

    __module__ = "qiskit_ibm_runtime.utils.json"  # the public import path

    def default(self, obj: Any) -> Any:
        """Convert an object to a value that JSON can represent."""
        return to_json_value(obj)

    def encode(self, o: Any) -> str:
        """Encode a value as a JSON string.

        Raises:
            TypeError: If part of the value cannot be encoded; the message names its path.
            ValueError: If the value contains itself.
        """
        # Subclasses may depend on the return value of `default`.
        ours = type(self) is RuntimeEncoder and "default" not in vars(self)
        write = self._encode_long_values if ours else super().encode
        with _one_payload():
            try:
                return write(o)
            except TypeError:
                return super().encode(with_json_keys(o, self.default))

    def _encode_long_values(self, value: Any) -> str:
        """Encode a value, inserting long values at the end, as Python's encoder copies strings.

        Only circuits and arrays are inserted, which are base64 and need no escaping.
        """
        texts: list[str] = []

        def default(obj: Any) -> Any:
            members = to_json_value(obj)
            if not isinstance(members, dict) or members.get("__type__") not in _OF_BASE64:
                return members
            text = members["__value__"]
            if not isinstance(text, str) or len(text) < LONG:
                return members
            texts.append(text)
            return {**members, "__value__": f"\0extract {len(texts) - 1}"}

        writer = copy(self)  # several threads may share the encoder
        vars(writer)["default"] = default
        written = super(RuntimeEncoder, writer).encode(value)
        if not texts:
            return written
        parts = _MARKERS.split(written)
        if parts[1::2] != list(map(str, range(len(texts)))):
            return super().encode(value)  # a user string looks like a marker
        parts[1::2] = texts
        return "".join(parts)

    def iterencode(self, o: Any, _one_shot: bool = False) -> Iterator[str]:
        """Yield the JSON string of a value in pieces."""
        if _one_shot:
            return super().iterencode(o, _one_shot)
        return iter([self.encode(o)])


def to_json_value(value: Any) -> Any:
    """Convert an object to a JSON value, parts of which may need conversion in turn.

    Raises:
        TypeError: If the object cannot be encoded.
    """
    for kinds, tag, convert in _RULES:
        if isinstance(value, kinds) if isinstance(kinds, tuple) else kinds(value):
            made = convert(value)
            return made if tag is None else {"__type__": tag, "__value__": made}
    name = type(value).__name__
    reason = "cannot be encoded: it is not JSON serializable"
    raise TypeError(f"an object of type {name} {reason}: {_short_repr(value)}")


def _is_noise_model(value: Any) -> bool:
    noise = sys.modules.get("qiskit_aer.noise")
    return noise is not None and isinstance(value, getattr(noise, "NoiseModel", ()))


def _is_sparse(value: Any) -> bool:
    sparse = sys.modules.get("scipy.sparse")
    return sparse is not None and bool(sparse.issparse(value))


def _has_to_json(value: Any) -> bool:
    return not isinstance(value, type) and callable(getattr(value, "to_json", None))


def _has_settings(value: Any) -> bool:
    return not isinstance(value, type) and isinstance(getattr(value, "settings", None), Mapping)


def _own_settings(value: Any) -> dict[str, Any]:
    return settings_to_members(value, value.settings)


def _is_droppable(value: Any) -> bool:
    """Return whether a callable is a function, rather than a callable object of Qiskit."""
    code = isinstance(value, (FunctionType, BuiltinFunctionType, MethodType))
    return code or (callable(value) and not type(value).__module__.startswith("qiskit."))


def _drop(value: Any) -> None:
    """Encode a function as ``None``, as in 0.9.3, because optimizers may contain callbacks."""
    warnings.warn(
        f"Callable {value} is not JSON serializable and will be set to None.",
        stacklevel=_frames_to_caller(),
    )


def _frames_to_caller() -> int:
    """Return the stack level of the user's frame, relative to :func:`_drop`."""
    level, frame = 1, sys._getframe(1)
    while frame.f_back is not None:
        name = frame.f_globals.get("__name__", "")
        if name != "json" and not name.startswith(("json.", "qiskit_ibm_runtime.")):
            break
        level, frame = level + 1, frame.f_back
    return level


def _short_repr(value: Any) -> str:
    try:
        text = repr(value)
    except Exception:  # noqa: BLE001  # a failing repr must not hide the error
        return "(no repr)"
    return text if len(text) <= 80 else text[:77] + "..."


def _circuit(circuit: QuantumCircuit) -> str:
    written = getattr(_payload, "written", None)
    if written is None:
        return pack(content(circuit))
    if id(circuit) not in written:  # keep the circuit alive, so that its id is not reused
        written[id(circuit)] = circuit, pack(content(circuit))
    text: str = written[id(circuit)][1]
    return text


def content(circuit: QuantumCircuit) -> bytes:
    """Return the QPY of a circuit; circuits with equal content are interchangeable.

    Raises:
        EncodeError: If the circuit cannot be encoded.
    """
    try:
        return to_qpy(normal_form(circuit), RuntimeEncoder)
    except IBMError as exc:
        raise EncodeError(exc.message) from exc
    except Exception as exc:  # definitions of users' gates may raise anything
        reason = f"{type(exc).__name__}: {exc}"
        raise EncodeError(f"Circuit {circuit.name!r} cannot be encoded: {reason}") from exc


def _parameter(parameter: Parameter) -> str:
    """Encode the name and UUID of a parameter; an element loses its vector."""
    name = parameter.name.encode()
    data = len(name).to_bytes(2, "big") + parameter._uuid.bytes + name
    return pack(data, compress=False)


def _expression(expression: ParameterExpression) -> str:
    return pack(dumps_value(expression)[1], compress=False)


def _scalar_operator(value: ScalarOp) -> dict[str, Any]:
    return settings_to_members(value, {"dims": value.input_dims(), "coeff": value.coeff})


def _instruction(instruction: Instruction) -> str:
    """Encode an instruction as a circuit that contains only this instruction."""
    circuit = QuantumCircuit(
        QuantumRegister(instruction.num_qubits, "q"), ClassicalRegister(instruction.num_clbits, "c")
    )
    circuit.append(instruction, circuit.qubits, circuit.clbits)
    return pack(content(circuit))


# Types or a test of a value, tag, and conversion. Rules without a tag return the complete value.
# The first match wins; frequent types come first.
_RULES: tuple[tuple[Any, str | None, Callable[[Any], Any]], ...] = (
    ((Parameter,), "Parameter", _parameter),
    ((QuantumCircuit,), "QuantumCircuit", _circuit),
    ((dt.date,), "datetime", lambda value: value.isoformat()),
    ((complex, np.complexfloating), "complex", lambda v: [float(v.real), float(v.imag)]),
    ((np.bool_, np.integer, np.floating, np.str_), None, lambda value: value.item()),
    ((np.generic,), None, lambda value: array_to_members(np.array(value))),
    ((np.ndarray,), None, array_to_members),
    ((set, frozenset), "set", list),
    ((range, ParameterView), None, list),
    ((Result,), "Result", lambda value: value.to_dict()),
    (_has_to_json, "to_json", lambda value: value.to_json()),
    ((ParameterExpression,), "ParameterExpression", _expression),
    ((Instruction,), "Instruction", _instruction),
    (_is_noise_model, "NoiseModel", lambda value: value.to_dict(serializable=False)),
    ((PauliList, SparsePauliOp), None, _own_settings),  # the next test would compute their labels
    (_has_settings, None, _own_settings),
    ((Clifford,), None, lambda value: settings_to_members(value, {"data": value.tableau})),
    ((StabilizerState,), None, lambda value: settings_to_members(value, {"data": value.clifford})),
    ((ScalarOp,), None, _scalar_operator),
    ((CouplingMap,), None, lambda value: [list(edge) for edge in value.get_edges()]),
    ((enum.Enum,), None, lambda value: value.value),
    (_is_sparse, "spmatrix", sparse_to_text),
    (_is_droppable, None, _drop),
)


def with_json_keys(value: Any, convert: Callable[[Any], Any], path: str = "value") -> Any:
    """Return a copy whose dict keys are valid in JSON, converting numpy scalars.

    Args:
        value: A value that the fast encoder rejected.
        convert: Converts an object to a JSON value, or raises ``TypeError``.
        path: Path of the value within the payload.

    Raises:
        EncodeError: If part of the value cannot be encoded; the message starts with its path.
    """
    if isinstance(value, _PLAIN):
        return value
    if isinstance(value, dict):
        return {
            _key(key, path): with_json_keys(item, convert, f"{path}[{key!r}]")
            for key, item in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [
            with_json_keys(item, convert, f"{path}[{index}]") for index, item in enumerate(value)
        ]
    try:
        converted = convert(value)
    except TypeError as exc:
        text = exc.message if isinstance(exc, IBMError) else str(exc)
        raise EncodeError(f"{path}: {text}") from exc
    if isinstance(converted, dict) and "__value__" in converted:
        inside = f"{path}.{type(value).__name__}"
        return {**converted, "__value__": with_json_keys(converted["__value__"], convert, inside)}
    return with_json_keys(converted, convert, path)


def _key(key: Any, path: str) -> Any:
    if isinstance(key, np.generic):
        key = key.item()
    if isinstance(key, _PLAIN):
        return key
    raise EncodeError(f"{path}: a key of type {type(key).__name__} cannot be encoded: {key!r}")
