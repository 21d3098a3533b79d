"""What becomes of each tag."""

from __future__ import annotations

import warnings
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from dateutil import parser
from qiskit.result import Result

from qiskit_ibm_runtime.exceptions import IBMError

from .arguments import check_hashes, check_noise_model
from .arrays import array_from_members, sparse_from_text
from .circuits import CircuitReader, instruction_from_text
from .errors import DecodeError
from .settings import settings_from_members
from .symbols import expression_from_text, parameter_from_text

if TYPE_CHECKING:
    from collections.abc import Callable

_LONGEST_DATETIME = 64  # characters; the parser takes hours over long ones
HAS_AER = find_spec("qiskit_aer") is not None


class Payload:
    """What the parts of one payload share.

    Attributes:
        vectors: Parameter vectors met so far, so that their elements find each other.
        circuit: Reads a circuit.
    """

    def __init__(self) -> None:
        self.vectors: dict[str, Any] = {}
        self.circuit = CircuitReader()


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
