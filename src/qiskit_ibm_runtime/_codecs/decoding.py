"""JSON decoder of payloads, with one decoder function per type tag.

This module decodes both values and circuits, because the metadata of circuits may contain any
value.
"""

from __future__ import annotations

import json
import re
import warnings
from copy import deepcopy
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from dateutil import parser
from qiskit.qpy.binary_io.value import loads_value
from qiskit.result import Result

from qiskit_ibm_runtime.exceptions import DecodeError, IBMError

from .arrays import array_from_members, sparse_from_text
from .limits import budget, check_hashes, check_noise_model, one_budget
from .packing import Extract, unpack
from .reading import guarded, read_circuit
from .settings import settings_from_members

if TYPE_CHECKING:
    from collections.abc import Callable

    from qiskit import QuantumCircuit
    from qiskit.circuit import Instruction, Parameter, ParameterExpression

LONG = 2**18  # characters; shorter values are decoded as usual, which is as fast
_ROOM_FOR_KEY = 48
# The first quotation mark starts a string; inside a string, a backslash would precede it.
_KEY = re.compile(r'(?<!\\)"__value__"[ \t\r\n]*:[ \t\r\n]*"\Z')
_MARK = '"\\u0000extract '  # in JSON; user strings are unlikely to look like it
_QPY_VERSION = 6  # the structs of parameters and expressions are the same from version 3 to 10
_LONGEST_DATETIME = 64  # characters; the parser takes hours for very long strings
HAS_AER = find_spec("qiskit_aer") is not None


class RuntimeDecoder(json.JSONDecoder):
    """JSON decoder for the output of :class:`RuntimeEncoder`.

    Payloads are untrusted: only classes on an allow-list are instantiated, no text is evaluated,
    and no module is imported because a payload names it. There are limits on how far one payload
    may expand: by 1 GiB when decompressed, and by 262,144 qubits and parameters that its bytes do
    not list individually.

    .. code-block:: python

        import json
        from qiskit_ibm_runtime import RuntimeDecoder

        text = '{"__type__": "complex", "__value__": [1, 2]}'
        assert json.loads(text, cls=RuntimeDecoder) == 1 + 2j

    Raises:
        DecodeError: If part of a payload is malformed, too large or not allowed.
    """

    __module__ = "qiskit_ibm_runtime.utils.json"  # the public import path

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._payload = Payload()
        self._extracts: dict[str, Extract] = {}
        super().__init__(*args, object_hook=self.object_hook, **kwargs)

    def decode(self, s: str, *args: Any) -> Any:
        """Decode a JSON string."""
        self._payload = Payload()
        try:
            with one_budget():
                return self._decode(s, *args)
        except RecursionError:
            raise DecodeError("A payload is nested too deeply.") from None
        except (DecodeError, json.JSONDecodeError):
            raise
        except ValueError as exc:  # Python's limit on the digits of an integer
            raise DecodeError(f"Cannot decode the payload: {exc}.") from None

    def _decode(self, payload: str, *args: Any) -> Any:
        # Python's decoder copies every string. Long values are base64 and most of a payload, so
        # it gets short markers instead.
        text, self._extracts = _extract(payload)
        try:
            return super().decode(text, *args)
        except json.JSONDecodeError:
            if not self._extracts:
                raise
        finally:
            self._extracts = {}
        # Decode again, so that the error names a position in the complete payload.
        return super().decode(payload, *args)

    def object_hook(self, obj: Any) -> Any:
        """Decode a typed wrapper; return other objects unchanged."""
        if self._extracts:
            self._insert_long_value(obj)
        return from_json_value(obj, self._payload)

    def _insert_long_value(self, obj: dict[str, Any]) -> None:
        """Replace a marker by its long value; for arrays, without copying the value."""
        value = obj.get("__value__")
        found = self._extracts.get(value) if isinstance(value, str) else None
        if found is not None:
            obj["__value__"] = found if obj.get("__type__") == "ndarray" else str(found)


def _extract(payload: str) -> tuple[str, dict[str, Extract]]:
    """Replace the long values of a payload by markers.

    Returns:
        The payload with markers, and the value of each marker. Values with escape sequences are
        not replaced. Invalid JSON remains invalid, except that line breaks in long values, which
        JSON forbids, are accepted.
    """
    kept: list[str] = []
    extracts: dict[str, Extract] = {}
    done = 0
    # Each long value spans at least one of these positions.
    for place in range(LONG, len(payload), LONG):
        start = payload.rfind('"', max(done, place - LONG), place) + 1
        if not start or not _KEY.search(payload[max(0, start - _ROOM_FOR_KEY) : start]):
            continue
        end = payload.find('"', place)
        if end - start >= LONG and payload.find("\\", start, end) < 0:
            kept.append(f"{payload[done : start - 1]}{_MARK}{len(extracts)}")
            extracts[f"\0extract {len(extracts)}"] = Extract(payload, start, end)
            done = end
    if not extracts:
        return payload, {}
    text = "".join((*kept, payload[done:]))
    return (text, extracts) if text.count(_MARK) == len(extracts) else (payload, {})


class Payload:
    """State shared by the parts of one payload.

    Attributes:
        vectors: Parameter vectors decoded so far, shared by their elements.
    """

    def __init__(self) -> None:
        self.vectors: dict[str, Any] = {}
        self._circuits: dict[str, tuple[QuantumCircuit, int]] = {}

    def circuit(self, text: object) -> QuantumCircuit:
        """Decode a circuit to a new object; repeated ones are copied."""
        if isinstance(text, str) and text in self._circuits:
            circuit, size = self._circuits[text]
            budget().spend_bytes(size)
            budget().spend_objects(circuit.num_qubits + circuit.num_clbits)
            return copy_circuit(circuit)
        data = unpack(text)
        circuit = read_circuit(data, RuntimeDecoder)
        if isinstance(text, str):
            self._circuits[text] = circuit, len(data)
        return circuit


def copy_circuit(circuit: QuantumCircuit) -> QuantumCircuit:
    """Copy a circuit so that the copies share no mutable state."""
    twin = circuit.copy()
    twin.metadata = deepcopy(circuit.metadata)
    return twin


def from_json_value(members: dict[str, Any], payload: Payload) -> Any:
    """Decode a typed wrapper; return members without a known tag unchanged.

    Args:
        members: A JSON object whose members are already decoded.
        payload: State of the payload that contains it.

    Raises:
        DecodeError: If the tag is known, but its value is malformed, too large or not allowed.
    """
    tag = members.get("__type__")
    decode = DECODERS.get(tag) if isinstance(tag, str) and "__value__" in members else None
    if decode is None:
        return members
    try:
        return decode(members, payload)
    except DecodeError:
        raise
    except (Exception, MemoryError) as exc:
        raise DecodeError(f"Cannot decode a value of type {tag!r}: {_reason(exc)}") from exc


def _reason(exc: BaseException) -> str:
    text = exc.message if isinstance(exc, IBMError) else str(exc)
    return f"{type(exc).__name__}: {text}" if text else type(exc).__name__


def _from_value(decode: Callable[[Any], Any]) -> Callable[[dict[str, Any], Payload], Any]:
    return lambda members, _: decode(members["__value__"])


def _complex(value: Any) -> complex:
    real, imaginary = value
    return complex(real, imaginary)


def _instruction(text: object) -> Instruction:
    data = read_circuit(unpack(text), RuntimeDecoder).data
    if len(data) != 1:
        raise DecodeError(f"Malformed instruction: expected 1 instruction, got {len(data)}.")
    return data[0].operation


def _parameter(text: object) -> Parameter:
    return loads_value(b"p", unpack(text, compressed=False), _QPY_VERSION, {})


def _expression(members: dict[str, Any], payload: Payload) -> ParameterExpression:
    data = unpack(members["__value__"], compressed=False)
    with guarded():
        return loads_value(b"e", data, _QPY_VERSION, payload.vectors)


def _set(value: Any) -> set[Any]:
    if not isinstance(value, list):
        raise DecodeError(f"Malformed set: expected a list, got {type(value).__name__}.")
    members = [_hashable(member) for member in value]
    check_hashes(members)
    return set(members)


def _hashable(member: Any) -> Any:
    """Convert a set member back to a hashable type: lists to tuples, sets to frozensets."""
    if isinstance(member, list):
        return tuple(map(_hashable, member))
    return frozenset(member) if isinstance(member, set) else member


def _noise_model(value: Any) -> Any:
    if not HAS_AER:
        warnings.warn(
            "Qiskit Aer is not installed: returning a noise model as a dict.", stacklevel=2
        )
        return value
    from qiskit_aer.noise import NoiseModel

    check_noise_model(value)
    with warnings.catch_warnings():
        # Aer deprecated from_dict, but has no replacement that reads the output of to_dict.
        warnings.simplefilter("ignore", DeprecationWarning)
        return NoiseModel.from_dict(value)


def _datetime(value: Any) -> Any:
    if isinstance(value, str) and len(value) > _LONGEST_DATETIME:
        raise DecodeError(f"Malformed date: it has {len(value)} characters.")
    return parser.parse(value)


DECODERS: dict[str, Callable[[dict[str, Any], Payload], Any]] = {
    "datetime": _from_value(_datetime),
    "complex": _from_value(_complex),
    "ndarray": lambda members, _: array_from_members(members),
    "set": _from_value(_set),
    "QuantumCircuit": lambda members, payload: payload.circuit(members["__value__"]),
    "Parameter": _from_value(_parameter),
    "ParameterExpression": _expression,
    "Instruction": _from_value(_instruction),
    "settings": lambda members, _: settings_from_members(members),
    "Result": _from_value(Result.from_dict),
    "spmatrix": _from_value(sparse_from_text),
    "to_json": _from_value(lambda value: value),
    "NoiseModel": _from_value(_noise_model),
}
