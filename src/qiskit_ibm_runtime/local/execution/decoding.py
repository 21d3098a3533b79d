"""Decode the inputs of a job, and remember circuits from one job to the next.

Each part of a large job is a job of its own with the inputs of the whole, so the circuits of a
primitive are decoded one by one when they are needed: a part uses a few of them.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Callable, NamedTuple, overload

from qiskit_ibm_runtime.utils.json import RuntimeDecoder

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

MOST_CIRCUITS = 64
"""Circuits that a process keeps from one job to the next."""
LONGEST_CIRCUIT = 2**16
"""Characters up to which a circuit is kept."""

kept: dict[str, Any] = {}
"""The circuits of recent jobs, by their text; the programs of this package change none."""


class Inputs(RuntimeDecoder):
    """Decodes inputs; a circuit that is sent several times is one object here.

    Programs can then prepare it once, however many sets of values it is run with. An optimizer
    sends the same one again and again, so small ones are kept from job to job.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._circuits: dict[str, Any] = {}

    def object_hook(self, obj: Any) -> Any:
        """Return the object behind a typed wrapper."""
        self._insert_long_value(
            obj
        )  # a mark stands for a long text, and is the same in every payload
        text = obj.get("__value__")
        if obj.get("__type__") != "QuantumCircuit" or not isinstance(text, str):
            return super().object_hook(obj)
        return self.circuit(text, lambda: super(Inputs, self).object_hook(obj))

    def circuit(self, text: str, read: Callable[[], Any]) -> Any:
        """Return the circuit of a text, which is read unless it is remembered."""
        if text not in self._circuits:
            self._circuits[text] = _remembered(text, read)
        return self._circuits[text]


class LazyInputs(Inputs):
    """Decodes inputs, but leaves the circuits of the list ``circuits`` for later."""

    def decode(self, s: str, *args: Any) -> Any:
        """Return what a text holds, with :class:`LazyCircuits` in the place of their list."""
        self._undecoded = 0
        inputs = super().decode(s, *args)
        listed = inputs.get("circuits") if isinstance(inputs, dict) else None
        circuits = listed if isinstance(listed, list) else []
        texts = [one.text for one in circuits if isinstance(one, _Undecoded)]
        if len(circuits) == len(texts) == self._undecoded:
            return {**inputs, "circuits": LazyCircuits(texts)} if texts else inputs
        return Inputs().decode(s, *args)  # there are circuits elsewhere, or something among them

    def circuit(self, text: str, read: Callable[[], Any]) -> Any:
        """Return a stand-in for a circuit."""
        self._undecoded += 1
        return _Undecoded(text)


class _Undecoded(NamedTuple):
    text: str


class LazyCircuits(Sequence["QuantumCircuit"]):
    """Circuits that are decoded when they are first looked at; equal texts are one object.

    Args:
        texts: The encoded circuits.
    """

    def __init__(self, texts: list[str]) -> None:
        self._texts = texts
        self._decoded: dict[str, QuantumCircuit] = {}

    def __len__(self) -> int:
        return len(self._texts)

    @overload
    def __getitem__(self, place: int) -> QuantumCircuit: ...

    @overload
    def __getitem__(self, place: slice) -> list[QuantumCircuit]: ...

    def __getitem__(self, place: int | slice) -> QuantumCircuit | list[QuantumCircuit]:
        """Decode a circuit.

        Raises:
            DecodeError: If it is damaged or not allowed.
        """
        if isinstance(place, slice):
            return [self[number] for number in range(len(self))[place]]
        text = self._texts[place]
        if text not in self._decoded:
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
