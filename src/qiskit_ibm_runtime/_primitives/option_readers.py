"""Allowed values of the options of a primitive, and their conversion to JSON values.

Each option has one reader, which converts a value or raises ``TypeError`` or ``ValueError`` if the
value is invalid. Levels, resilience methods and the execution time are validated in
:class:`qiskit_ibm_runtime.Options` when a primitive runs; the other options are read when a request
is encoded, so test doubles of sessions, services and clients see what the user passed.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, Callable

from qiskit.circuit import Qubit
from qiskit.transpiler import Layout

from qiskit_ibm_runtime.utils.arguments import shown

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

# Environment variable that disables validation.
SKIP_CHECKS = "QISKIT_RUNTIME_SKIP_OPTIONS_VALIDATION"


@dataclass(frozen=True)
class Reader:
    """Reader of an option.

    Attributes:
        read: Converts a value, or raises ``TypeError`` or ``ValueError``.
        allowed: Description of the allowed values.
        optional: Whether ``None`` is allowed, and unchanged.
    """

    read: Callable[[Any], Any]
    allowed: str
    optional: bool = True

    def convert(self, name: str, value: Any, *, checked: bool = True) -> Any:
        """Return the converted value of the option ``name``.

        Raises:
            ValueError: If the value is invalid; without ``checked`` it is returned unchanged.
        """
        if value is None and self.optional:
            return None
        try:
            return self.read(value)
        except (TypeError, ValueError):
            if not checked:
                return value
        none = ", or None" if self.optional else ""
        raise ValueError(f"'{name}' must be {self.allowed}{none}, not {shown(value)}.")


def scalar(value: Any) -> Any:
    """Convert a numpy scalar to a Python number; other values are unchanged."""
    return value.item() if getattr(value, "shape", None) == () else value


def _require(condition: bool) -> None:
    if not condition:
        raise ValueError


def one_of(names: tuple[str, ...], *, optional: bool = True) -> Reader:
    """Return a reader that accepts these strings."""

    def read(value: Any) -> Any:
        _require(isinstance(value, str) and value in names)
        return value

    return Reader(read, f"one of {', '.join(names)}", optional)


def level_up_to(highest: int) -> Reader:
    """Return a reader of a required level."""
    return Reader(_whole_from(0, highest), f"an integer from 0 to {highest}", optional=False)


def _seconds(value: Any) -> Any:
    value = scalar(value)
    _require(isinstance(value, (int, float)) and value > 0)
    return value


def _real(value: Any) -> Any:
    number = scalar(value)
    _require(isinstance(number, Real))
    return number


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
    number = _real(value)
    _require(0 <= number <= 1)
    return float(number)


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
    for factor in factors:
        _require(1 <= _real(factor) < math.inf)
    return factors if isinstance(factors, (list, tuple)) else list(factors)


def _settings(value: Any) -> Any:
    return {name: scalar(value[name]) for name in value}


SECONDS = Reader(_seconds, "a positive number of seconds")
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
        "layout_method": one_of(("trivial", "dense", "noise_adaptive", "sabre")),
        "routing_method": one_of(("basic", "lookahead", "stochastic", "sabre", "none")),
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


def with_sent_options(
    inputs: Mapping[str, Any], circuits: Sequence[QuantumCircuit], *, checked: bool
) -> dict[str, Any]:
    """Return inputs of a primitive with converted options; unknown options are kept.

    Args:
        inputs: The inputs.
        circuits: The circuits to run, which the layout may refer to.
        checked: Whether to reject invalid values, instead of keeping them.

    Raises:
        ValueError: If a value is invalid and ``checked`` is true, or a layout of qubits lacks one
            or differs between circuits.
    """
    sent = dict(inputs)
    for section, readers in READERS.items():
        given = inputs.get(section)
        if not isinstance(given, Mapping):
            continue
        sent[section] = {}
        for name, value in given.items():
            if name == "initial_layout":
                value = _without_qubits(value, circuits)  # noqa: PLW2901
            reader = readers.get(name)
            sent[section][name] = (
                reader.convert(name, value, checked=checked) if reader else scalar(value)
            )
    return sent


def _without_qubits(layout: Any, circuits: Sequence[QuantumCircuit]) -> Any:
    """Return a layout as physical qubits in circuit order, because a service has no ``Qubit``.

    A ``Layout``, a mapping between qubits and integers in either direction, and a list of qubits
    are converted; others are unchanged.
    """
    bits = layout.get_virtual_bits() if isinstance(layout, Layout) else layout
    pairs: list[tuple[Any, Any]] = []
    if isinstance(bits, Mapping):
        pairs = list(bits.items())
    elif isinstance(bits, Sequence):
        pairs = list(enumerate(bits))
    places = {one: other for one, other in pairs if isinstance(one, Qubit)}
    places.update({other: one for one, other in pairs if isinstance(other, Qubit)})
    if not places:
        return layout
    found: list[list[Any]] = []
    for circuit in circuits:
        missing = [bit for bit in circuit.qubits if bit not in places]
        if missing:
            raise ValueError(
                f"'initial_layout' lacks {missing[0]} of the circuit {circuit.name!r}."
            )
        positions = [places[bit] for bit in circuit.qubits]
        if positions not in found:
            found.append(positions)
    if len(found) > 1:
        raise ValueError(
            f"'initial_layout' means {found[0]} for one circuit and {found[1]} for another. Run "
            "these circuits separately, or use a list of integers."
        )
    return found[0] if found else layout
