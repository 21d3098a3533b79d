"""JSON with typed wrappers for what JSON cannot express."""

from __future__ import annotations

import datetime as dt
import io
import json
import sys
import warnings
from importlib.util import find_spec
from typing import Any

import numpy as np
from dateutil import parser as date_parser
from qiskit import QuantumCircuit
from qiskit.circuit import Instruction, Parameter
from qiskit.circuit.parametertable import ParameterView
from qiskit.result import Result

from .codecs import circuits, settings
from .codecs.errors import DecodeError
from .codecs.packing import pack, unpack

HAS_AER = find_spec("qiskit_aer") is not None
HAS_SCIPY = find_spec("scipy") is not None


def to_base64_string(data: str) -> str:
    """Return the base64 text of a string's UTF-8 bytes."""
    return pack(data.encode(), compress=False)


def _wrap(tag: str, value: Any) -> dict[str, Any]:
    return {"__type__": tag, "__value__": value}


class RuntimeEncoder(json.JSONEncoder):
    """Encodes circuits, operators, arrays and more."""

    def default(self, obj: Any) -> Any:  # noqa: C901, PLR0912  # one branch for each tag
        """Return what JSON can express for an object it cannot."""
        if isinstance(obj, dt.date):
            return _wrap("datetime", obj.isoformat())
        if isinstance(obj, (complex, np.complexfloating)):
            return _wrap("complex", [float(obj.real), float(obj.imag)])
        if isinstance(obj, np.generic):
            return obj.item()
        if isinstance(obj, np.ndarray):
            if obj.dtype == object:
                return _wrap("ndarray", obj.tolist())
            buffer = io.BytesIO()
            np.save(buffer, obj, allow_pickle=False)
            return _wrap("ndarray", pack(buffer.getbuffer()))
        if isinstance(obj, set):
            return _wrap("set", list(obj))
        if isinstance(obj, Result):
            return _wrap("Result", obj.to_dict())
        if isinstance(obj, QuantumCircuit):
            return _wrap("QuantumCircuit", circuits.circuit_to_text(obj))
        if isinstance(obj, Parameter):
            return _wrap("Parameter", circuits.parameter_to_text(obj))
        if isinstance(obj, ParameterView):
            return list(obj)
        if isinstance(obj, Instruction):
            return _wrap("Instruction", circuits.instruction_to_text(obj))
        noise = sys.modules.get("qiskit_aer.noise")
        if noise is not None and isinstance(obj, noise.NoiseModel):
            return _wrap("NoiseModel", obj.to_dict())
        if hasattr(obj, "settings"):
            return {
                "__type__": "settings",
                "__module__": type(obj).__module__,
                "__class__": type(obj).__name__,
                "__value__": dict(obj.settings),
            }
        if callable(obj):
            warnings.warn(
                f"Callable {obj} is not JSON serializable and will be set to None.", stacklevel=3
            )
            return None
        return super().default(obj)


class RuntimeDecoder(json.JSONDecoder):
    """Decodes what :class:`RuntimeEncoder` encoded."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, object_hook=self.object_hook, **kwargs)

    def object_hook(self, obj: Any) -> Any:  # noqa: C901, PLR0912  # one branch for each tag
        """Return the object behind a typed wrapper; other objects as they are."""
        if "__type__" not in obj or "__value__" not in obj:
            return obj
        tag, value = obj["__type__"], obj["__value__"]
        if tag == "datetime":
            return date_parser.parse(value)
        if tag == "complex":
            return complex(*value)
        if tag == "ndarray":
            if isinstance(value, list):
                return np.array(value)
            return np.load(io.BytesIO(unpack(value)), allow_pickle=False)
        if tag == "set":
            return set(value)
        if tag == "QuantumCircuit":
            return circuits.circuit_from_text(value)
        if tag == "Parameter":
            return circuits.parameter_from_text(value)
        if tag == "Instruction":
            return circuits.instruction_from_text(value)
        if tag == "settings":
            return settings.build(obj.get("__module__"), obj.get("__class__"), value)
        if tag == "Result":
            return Result.from_dict(value)
        if tag == "to_json":
            return value
        if tag == "NoiseModel":
            from qiskit_aer.noise import NoiseModel

            return NoiseModel.from_dict(value)
        return obj


__all__ = [
    "HAS_AER",
    "HAS_SCIPY",
    "DecodeError",
    "RuntimeDecoder",
    "RuntimeEncoder",
    "to_base64_string",
]
