"""Validation of the options of a primitive, and conversion to JSON values.

Each option has one reader, which converts a value or raises ``TypeError`` or ``ValueError`` if the
value is invalid.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any, Callable

from qiskit_ibm_runtime.checks import shown

# Environment variable that disables validation.
SKIP_CHECKS = "QISKIT_RUNTIME_SKIP_OPTIONS_VALIDATION"
LAYOUT_METHODS = ("trivial", "dense", "noise_adaptive", "sabre")
ROUTING_METHODS = ("basic", "lookahead", "stochastic", "sabre", "none")


@dataclass(frozen=True)
class Reader:
    """Reader of an option; ``None`` is always allowed and unchanged.

    Attributes:
        read: Converts a value, or raises ``TypeError`` or ``ValueError``.
        allowed: Description of the allowed values.
    """

    read: Callable[[Any], Any]
    allowed: str

    def sent(self, name: str, value: Any, *, checked: bool) -> Any:
        """Return the converted value of the option ``name``.

        Raises:
            ValueError: If the value is invalid; without ``checked`` it is returned unchanged.
        """
        if value is None:
            return None
        try:
            return self.read(value)
        except (TypeError, ValueError):
            if not checked:
                return value
        raise ValueError(f"'{name}' must be {self.allowed}, or None, not {shown(value)}.")


def scalar(value: Any) -> Any:
    """Convert a numpy scalar to a Python number; other values are unchanged."""
    return value.item() if getattr(value, "shape", None) == () else value


def _is_finite(value: Any) -> bool:
    if not isinstance(value, Real):
        return False
    size: Any = abs(value)
    return bool(size < math.inf)


def _one_of(names: tuple[str, ...]) -> Reader:
    def read(value: Any) -> Any:
        _require(isinstance(value, str) and value in names)
        return value

    return Reader(read, f"one of {', '.join(names)}")


def _require(condition: bool) -> None:
    if not condition:
        raise ValueError


def _whole(value: Any) -> int:
    """Read an integer, or a float without a fraction, such as ``1e4`` shots."""
    if type(value) is int:  # fast path: coupling maps contain hundreds of integers
        return value
    value = scalar(value)
    _require(isinstance(value, Integral) or (isinstance(value, float) and value.is_integer()))
    return int(value)


def _whole_from(least: int, most: float = math.inf) -> Callable[[Any], int]:
    def read(value: Any) -> int:
        number = _whole(value)
        _require(least <= number <= most)
        return number

    return read


_qubit = _whole_from(0)


def _flag(value: Any) -> bool:
    value = scalar(value)
    _require(isinstance(value, Integral) and value in (0, 1))
    return bool(value)


def _degree(value: Any) -> float:
    value = scalar(value)
    _require(_is_finite(value) and 0 <= value <= 1)
    return float(value)


def _items(value: Any) -> Any:
    """Return the items of a collection; strings and mappings do not count as collections."""
    items = value.tolist() if hasattr(value, "tolist") else value
    _require(isinstance(items, Collection) and not isinstance(items, (str, bytes, Mapping)))
    return items


def _edges(value: Any) -> list[list[int]]:
    pairs = value.get_edges() if hasattr(value, "get_edges") else _items(value)
    return [[_qubit(one), _qubit(other)] for one, other in pairs]


def _names(value: Any) -> list[str]:
    names = list(_items(value))
    _require(all(isinstance(name, str) for name in names))
    return names


def _layout(value: Any) -> Any:
    """Read physical qubits, rejecting duplicates and unordered collections."""
    if isinstance(value, Mapping):
        places = {key if isinstance(key, str) else _whole(key): value[key] for key in value}
        layout: Any = {key: _qubit(place) for key, place in places.items()}
        _require(all(int(key) >= 0 for key in layout))
        used = list(layout.values())
    else:
        _require(not isinstance(value, (set, frozenset)))
        layout = used = [_qubit(place) for place in _items(value)]
    _require(len(set(used)) == len(used))
    return layout


def _noise_model(value: Any) -> Any:
    """Accept Aer's NoiseModel, recognized by name without importing Aer, and its dict form."""
    classes = getattr(value.__class__, "__mro__", ())
    _require(isinstance(value, Mapping) or any(cls.__name__ == "NoiseModel" for cls in classes))
    return value


def _factors(value: Any) -> Any:
    factors = _items(value)
    _require(all(_is_finite(scalar(factor)) and factor >= 1 for factor in factors))
    return factors if isinstance(factors, (list, tuple)) else list(factors)


def _settings(value: Any) -> Any:
    return {name: scalar(value[name]) for name in value}


_FLAG = Reader(_flag, "True or False")
READERS: dict[str, dict[str, Reader]] = {
    "transpilation_settings": {
        "optimization_settings": Reader(_settings, "a dict with the level"),
        "skip_transpilation": _FLAG,
        "initial_layout": Reader(
            _layout,
            "a list of the physical qubit of each virtual qubit without duplicates, "
            "a dict from virtual to physical qubits, or a Layout",
        ),
        "layout_method": _one_of(LAYOUT_METHODS),
        "routing_method": _one_of(ROUTING_METHODS),
        "approximation_degree": Reader(_degree, "a number from 0 to 1"),
        "coupling_map": Reader(_edges, "a list of pairs of qubits or a CouplingMap"),
        "basis_gates": Reader(_names, "a list of gate names"),
    },
    "resilience_settings": {
        "noise_factors": Reader(_factors, "a sequence of numbers of at least 1"),
    },
    "run_options": {
        "shots": Reader(_whole_from(1), "a positive integer"),
        "init_qubits": _FLAG,
        "noise_model": Reader(_noise_model, "an Aer NoiseModel or its dict form"),
        "seed_simulator": Reader(_whole_from(-(2**63), 2**63 - 1), "a 64-bit integer"),
    },
}


def with_sent_options(inputs: Mapping[str, Any], *, checked: bool) -> dict[str, Any]:
    """Return inputs of a primitive with converted options; unknown options are kept.

    Raises:
        ValueError: If a value is invalid and ``checked`` is true.
    """
    sent = dict(inputs)
    for section, readers in READERS.items():
        if isinstance(inputs.get(section), Mapping):
            sent[section] = {
                name: readers[name].sent(name, value, checked=checked)
                if name in readers
                else scalar(value)
                for name, value in inputs[section].items()
            }
    return sent
