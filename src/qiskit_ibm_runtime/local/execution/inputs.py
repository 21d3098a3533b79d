"""A job's inputs: decoding, with a cache of circuits between jobs, and validation.

Each part of a large job receives the inputs of the whole job but uses only a few circuits, so the
circuits of a primitive are decoded on first use.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Callable, NamedTuple, overload

from qiskit_ibm_runtime._codecs.limits import Budget, one_budget
from qiskit_ibm_runtime.utils.json import RuntimeDecoder

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

MOST_CIRCUITS = 64
"""Number of circuits that a process caches between jobs."""
LONGEST_CIRCUIT = 2**16
"""Size in characters up to which a circuit is cached."""

_AS_ARRAY = {"ndarray", "set"}
_AS_STRING = {"datetime"}
_AS_NUMBER = {"complex"}

kept: dict[str, Any] = {}
"""Cache of the circuits of recent jobs, by encoded circuit; built-in programs do not modify them.
"""


class Inputs(RuntimeDecoder):
    """Decoder of inputs that decodes equal circuits to one object.

    Programs can then prepare a circuit once for many sets of parameter values. Optimizers send the
    same circuit repeatedly, so small circuits are cached between jobs.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._circuits: dict[str, Any] = {}

    def object_hook(self, obj: Any) -> Any:
        """Decode a value with a type tag."""
        # Placeholders are the same in every payload, so they cannot be keys of the cache.
        self._insert_long_value(obj)
        text = obj.get("__value__")
        if obj.get("__type__") != "QuantumCircuit" or not isinstance(text, str):
            return super().object_hook(obj)
        return self.circuit(text, lambda: super(Inputs, self).object_hook(obj))

    def circuit(self, text: str, read: Callable[[], Any]) -> Any:
        """Return the circuit of an encoded circuit, calling ``read`` if it is not cached."""
        if text not in self._circuits:
            self._circuits[text] = _remembered(text, read)
        return self._circuits[text]


class LazyInputs(Inputs):
    """Decoder of inputs that defers decoding of the list ``circuits``."""

    def decode(self, s: str, *args: Any) -> Any:
        """Decode JSON, with :class:`LazyCircuits` in place of the list of circuits."""
        self._undecoded = 0
        inputs = super().decode(s, *args)
        listed = inputs.get("circuits") if isinstance(inputs, dict) else None
        circuits = listed if isinstance(listed, list) else []
        texts = [one.text for one in circuits if isinstance(one, _Undecoded)]
        if len(circuits) == len(texts) == self._undecoded:
            return {**inputs, "circuits": LazyCircuits(texts)} if texts else inputs
        return Inputs().decode(s, *args)  # circuits elsewhere, or other values in the list

    def circuit(self, text: str, read: Callable[[], Any]) -> Any:
        """Return a placeholder for a circuit."""
        self._undecoded += 1
        return _Undecoded(text)


class _Undecoded(NamedTuple):
    text: str


class LazyCircuits(Sequence["QuantumCircuit"]):
    """Sequence of circuits that are decoded on first access; equal ones are one object.

    They share one budget, as if they were decoded together.

    Args:
        texts: The encoded circuits.
    """

    def __init__(self, texts: list[str]) -> None:
        self._texts = texts
        self._decoded: dict[str, QuantumCircuit] = {}
        self._budget = Budget()

    def __len__(self) -> int:
        return len(self._texts)

    @overload
    def __getitem__(self, place: int) -> QuantumCircuit: ...

    @overload
    def __getitem__(self, place: slice) -> list[QuantumCircuit]: ...

    def __getitem__(self, place: int | slice) -> QuantumCircuit | list[QuantumCircuit]:
        """Decode a circuit.

        Raises:
            DecodeError: If the circuit is damaged or not allowed.
        """
        if isinstance(place, slice):
            return [self[number] for number in range(len(self))[place]]
        text = self._texts[place]
        if text not in self._decoded:
            with one_budget(self._budget):
                self._decoded[text] = _remembered(text, lambda: _circuit(text))
        return self._decoded[text]


def _circuit(text: str) -> Any:
    wrapped = json.dumps({"__type__": "QuantumCircuit", "__value__": text})
    return json.loads(wrapped, cls=RuntimeDecoder)


def _remembered(text: str, read: Callable[[], Any]) -> Any:
    if len(text) > LONGEST_CIRCUIT:
        return read()
    if text not in kept:
        if len(kept) >= MOST_CIRCUITS:
            kept.pop(next(iter(kept)))
        kept[text] = read()
    return kept[text]


class ArgumentsError(ValueError):
    """The inputs violate the schema of the program; the message lists every violation."""


def check(schema: dict[str, Any], params: Any) -> None:
    """Validate the inputs of a job against the JSON schema of its program's parameters.

    Inputs are validated in their encoded form. Arrays and dates with a type tag are treated as the
    values that they represent.

    Args:
        schema: Schema in the program's metadata, under ``spec`` and ``parameters``.
        params: The inputs as plain JSON values, not decoded further.

    Raises:
        ArgumentsError: If the inputs violate the schema.
        ValueError: If the schema itself is invalid.
    """
    import jsonschema
    from jsonschema import validators

    cls = validators.validator_for(schema, default=validators.Draft201909Validator)
    plain = cls.TYPE_CHECKER
    checker = plain.redefine_many(
        {
            "array": lambda _, value: plain.is_type(value, "array") or _tag(value) in _AS_ARRAY,
            "string": lambda _, value: plain.is_type(value, "string") or _tag(value) in _AS_STRING,
            "number": lambda _, value: plain.is_type(value, "number") or _tag(value) in _AS_NUMBER,
        }
    )
    try:
        cls.check_schema(schema)
    except jsonschema.SchemaError as exc:
        raise ValueError(
            f"The schema of the program's parameters is invalid: {exc.message}"
        ) from exc
    validator = validators.extend(cls, _for_plain_values(cls), type_checker=checker)(schema)
    found = sorted(validator.iter_errors(params), key=lambda error: error.json_path)
    if found:
        lines = [f"{_place(error)}: {_shortened(error.message)}" for error in found]
        raise ArgumentsError(
            "The inputs violate the schema of the program's parameters. " + "; ".join(lines)
        )


def _for_plain_values(cls: Any) -> dict[str, Any]:
    """Return rules on the contents of arrays, disabled for values with a type tag."""
    inside = ("items", "minItems", "maxItems", "uniqueItems", "contains", "prefixItems")
    rules = {name: rule for name, rule in cls.VALIDATORS.items() if name in inside}
    return {name: _unless_wrapped(rule) for name, rule in rules.items()}


def _unless_wrapped(rule: Any) -> Any:
    def check_plain(validator: Any, value: Any, instance: Any, schema: Any) -> Any:
        return () if _tag(instance) else rule(validator, value, instance, schema) or ()

    return check_plain


def _tag(value: Any) -> str | None:
    return value.get("__type__") if isinstance(value, dict) else None


def _place(error: Any) -> str:
    path = ".".join(map(str, error.absolute_path))
    return path or "inputs"


def _shortened(text: str) -> str:
    return text if len(text) <= 200 else f"{text[:200]}..."
