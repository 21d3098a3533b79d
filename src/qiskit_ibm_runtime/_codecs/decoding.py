"""Reading a payload: what becomes of each tag.

Circuits may hold any value in their metadata, and values may be circuits, so that both are read
here.
"""

from __future__ import annotations

import json
import warnings
from copy import deepcopy
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from dateutil import parser
from qiskit.result import Result

from qiskit_ibm_runtime.exceptions import DecodeError, IBMError

from .arrays import array_from_members, sparse_from_text
from .limits import budget, check_hashes, check_noise_model, one_budget
from .long_values import Extract, extract
from .packing import unpack
from .reading import read_circuit
from .settings import settings_from_members
from .symbols import expression_from_text, parameter_from_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from qiskit import QuantumCircuit
    from qiskit.circuit import Instruction

_LONGEST_DATETIME = 64  # characters; the parser takes hours over long ones
HAS_AER = find_spec("qiskit_aer") is not None


class RuntimeDecoder(json.JSONDecoder):
    """Decodes what :class:`RuntimeEncoder` encoded.

    Only objects of an allow-list are built (see :mod:`._codecs.settings`), no text is evaluated and
    nothing is imported because a payload names it. A payload may make only so much of little: 1 GiB
    more than it holds by inflating, 262,144 qubits and parameters that its bytes do not name (see
    :mod:`._codecs.limits`).

    .. code-block:: python

        import json
        from qiskit_ibm_runtime import RuntimeDecoder

        text = '{"__type__": "complex", "__value__": [1, 2]}'
        assert json.loads(text, cls=RuntimeDecoder) == 1 + 2j

    Raises:
        DecodeError: If part of a payload is damaged, too large or not allowed.
    """

    __module__ = "qiskit_ibm_runtime.utils.json"  # where users import it from

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._payload = Payload()
        self._extracts: dict[Any, Extract] = {}
        super().__init__(*args, object_hook=self.object_hook, **kwargs)

    def decode(self, s: str, *args: Any) -> Any:
        """Return what a text holds."""
        self._payload = Payload()
        try:
            with one_budget():
                return self._decode(s, *args)
        except RecursionError:
            raise DecodeError("A payload is nested too deeply.") from None
        except (DecodeError, json.JSONDecodeError):
            raise
        except ValueError as exc:  # Python's limit on the digits of an integer
            raise DecodeError(f"A payload cannot be read: {exc}.") from None

    def _decode(self, payload: str, *args: Any) -> Any:
        text, self._extracts = extract(payload)
        try:
            return super().decode(text, *args)
        except json.JSONDecodeError:
            if not self._extracts:
                raise
        finally:
            self._extracts = {}
        # The error should name a place in the payload, not in what was left of it.
        return super().decode(payload, *args)

    def object_hook(self, obj: Any) -> Any:
        """Return the object behind a typed wrapper; other objects as they are."""
        if self._extracts:
            self._fill_in(obj)
        return from_json_value(obj, self._payload)

    def _fill_in(self, obj: dict[str, Any]) -> None:
        """Put a long value in the place of its mark; arrays are read without a copy of it."""
        value = obj.get("__value__")
        found = self._extracts.get(value) if isinstance(value, str) else None
        if found is not None:
            obj["__value__"] = found if obj.get("__type__") == "ndarray" else str(found)


class Payload:
    """What the parts of one payload share.

    Attributes:
        vectors: Parameter vectors met so far, so that their elements find each other.
        circuit: Reads a circuit.
    """

    def __init__(self) -> None:
        self.vectors: dict[str, Any] = {}
        self.circuit = CircuitReader()


class CircuitReader:
    """Reads the circuits of one payload: a text that comes again costs no more than a copy."""

    def __init__(self) -> None:
        self._read: dict[str, tuple[QuantumCircuit, int]] = {}

    def __call__(self, text: object) -> QuantumCircuit:
        """Read a circuit, an object of its own each time; see :func:`circuit_from_text`."""
        if isinstance(text, str) and text in self._read:
            circuit, size = self._read[text]
            budget().spend_bytes(size)
            budget().spend_objects(circuit.num_qubits + circuit.num_clbits)
            return circuit_twin(circuit)
        data = unpack(text)
        circuit = read_circuit(data, RuntimeDecoder)
        if isinstance(text, str):
            self._read[text] = circuit, len(data)
        return circuit


def circuit_twin(circuit: QuantumCircuit) -> QuantumCircuit:
    """Return an equal circuit that shares nothing with the original that can be changed."""
    twin = circuit.copy()
    twin.metadata = deepcopy(circuit.metadata)
    return twin


def circuit_from_text(text: object) -> QuantumCircuit:
    """Read a circuit.

    Raises:
        DecodeError: If the text is damaged or holds what no circuit needs.
    """
    return read_circuit(unpack(text), RuntimeDecoder)


def instruction_from_text(text: object) -> Instruction:
    """Read an instruction."""
    data = circuit_from_text(text).data
    if len(data) != 1:
        raise DecodeError(f"An instruction came as {len(data)} instructions.")
    return data[0].operation


def from_json_value(members: dict[str, Any], payload: Payload) -> Any:
    """Return the object behind typed members; members without a known tag as they are.

    Args:
        members: A JSON object whose own members were decoded before.
        payload: What it is a part of.

    Raises:
        DecodeError: If the tag is known and what it wraps is damaged, too large or not allowed.
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
        raise DecodeError(f"A value of type {tag!r} cannot be decoded: {_reason(exc)}") from exc


def _reason(exc: BaseException) -> str:
    text = exc.message if isinstance(exc, IBMError) else str(exc)
    return f"{type(exc).__name__}: {text}" if text else type(exc).__name__


def _of_value(decode: Callable[[Any], Any]) -> Callable[[dict[str, Any], Payload], Any]:
    return lambda members, _: decode(members["__value__"])


def _complex(value: Any) -> complex:
    real, imaginary = value
    return complex(real, imaginary)


def _set(value: Any) -> set[Any]:
    if not isinstance(value, list):
        raise DecodeError(f"A set came as {type(value).__name__}, not as a list.")
    members = [_hashable(member) for member in value]
    check_hashes(members)
    return set(members)


def _hashable(member: Any) -> Any:
    """Return a member of a set: JSON made lists of tuples, and sets of frozen sets."""
    if isinstance(member, list):
        return tuple(map(_hashable, member))
    return frozenset(member) if isinstance(member, set) else member


def _noise_model(value: Any) -> Any:
    if not HAS_AER:
        warnings.warn("Qiskit Aer is not installed: a noise model stays a dict.", stacklevel=2)
        return value
    from qiskit_aer.noise import NoiseModel

    check_noise_model(value)
    with warnings.catch_warnings():
        # Deprecated by Aer without another way to read what its to_dict writes.
        warnings.simplefilter("ignore", DeprecationWarning)
        return NoiseModel.from_dict(value)


def _datetime(value: Any) -> Any:
    if isinstance(value, str) and len(value) > _LONGEST_DATETIME:
        raise DecodeError(f"A date came as {len(value)} characters.")
    return parser.parse(value)


DECODERS: dict[str, Callable[[dict[str, Any], Payload], Any]] = {
    "datetime": _of_value(_datetime),
    "complex": _of_value(_complex),
    "ndarray": lambda members, _: array_from_members(members),
    "set": _of_value(_set),
    "QuantumCircuit": lambda members, payload: payload.circuit(members["__value__"]),
    "Parameter": _of_value(parameter_from_text),
    "ParameterExpression": lambda members, payload: expression_from_text(
        members["__value__"], payload.vectors
    ),
    "Instruction": _of_value(instruction_from_text),
    "settings": lambda members, _: settings_from_members(members),
    "Result": _of_value(Result.from_dict),
    "spmatrix": _of_value(sparse_from_text),
    "to_json": _of_value(lambda value: value),
    "NoiseModel": _of_value(_noise_model),
}
