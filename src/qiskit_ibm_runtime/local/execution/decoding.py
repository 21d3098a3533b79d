"""Decoding of a job's inputs, with a cache of circuits between jobs.

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
