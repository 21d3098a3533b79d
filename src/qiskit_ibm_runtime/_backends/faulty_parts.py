"""Detection of instructions that act on faulty qubits or gates of a device."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain, combinations
from operator import attrgetter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_QUBITS = attrgetter("qubits")
# These have qubits without acting on them.
_HARMLESS = frozenset({"barrier", "delay", "break_loop", "continue_loop"})


@dataclass(frozen=True)
class FaultyParts:
    """Faulty qubits and gates of a calibration.

    Attributes:
        qubits: Faulty qubits.
        edges: Pairs of qubits with a faulty gate, in either direction.
        gates: Other faulty gates, on one qubit or on three or more, as name and qubits.
    """

    qubits: frozenset[int]
    edges: frozenset[frozenset[int]]
    gates: frozenset[tuple[str, tuple[int, ...]]]

    @classmethod
    def of(cls, properties: Any) -> FaultyParts:
        """Collect the faulty parts of a calibration."""
        gates = [(gate.gate, tuple(gate.qubits)) for gate in properties.faulty_gates()]
        return cls(
            frozenset(properties.faulty_qubits()),
            frozenset(frozenset(places) for _, places in gates if len(places) == 2),
            frozenset((name, places) for name, places in gates if len(places) != 2),
        )

    @property
    def touched(self) -> frozenset[int]:
        """All qubits of faulty parts."""
        return self.qubits.union(*self.edges, *(places for _, places in self.gates))

    def fault_of(self, name: str, places: tuple[int, ...]) -> str:
        """Describe the faulty part that an instruction acts on; empty if there is none."""
        for place in places:
            if place in self.qubits:
                return f"faulty qubit {place}"
        for pair in combinations(places, 2) if self.edges else ():
            if frozenset(pair) in self.edges:
                return f"faulty edge {pair}"
        if (name, places) in self.gates:
            where = f"qubit {places[0]}" if len(places) == 1 else f"qubits {places}"
            return f"faulty gate {name} of {where}"
        return ""


def check(circuit: Any, faulty: FaultyParts) -> None:
    """Check a circuit for instructions on faulty parts; its qubits must be the device's, in order.

    Raises:
        ValueError: If an instruction acts on a faulty qubit, edge or gate.
    """
    touched = faulty.touched
    if not touched:
        return
    for name, places in _acting_on(circuit, range(circuit.num_qubits), touched):
        fault = faulty.fault_of(name, places)
        if fault:
            raise ValueError(
                f"Circuit {circuit.name} contains instruction {name} operating on a {fault}."
            )


def _acting_on(
    circuit: Any, outer: Iterable[int], wanted: frozenset[int]
) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Yield name and device qubits of each instruction that acts on a wanted qubit."""
    place_of = dict(zip(circuit.qubits, outer))
    data = circuit.data and circuit._data  # reading `data` builds library blueprints
    for item in _touching(data, place_of, wanted):
        places = tuple([place_of[bit] for bit in item.qubits])
        if wanted.isdisjoint(places):
            continue
        operation = item.operation
        blocks = getattr(operation, "blocks", None)
        if blocks is not None:
            for block in blocks:
                yield from _acting_on(block, places, wanted)
        elif operation.name not in _HARMLESS:
            yield operation.name, places


def _touching(data: Any, place_of: dict[Any, int], wanted: frozenset[int]) -> Any:
    """Return the instructions that may act on a wanted qubit, with a fast check.

    Bits are compared by identity, which is much faster than by value. If a bit is only equal to
    one of the circuit's, all instructions are returned.
    """
    known = {id(bit) for bit in place_of}
    suspects = {id(bit) for bit, place in place_of.items() if place in wanted}
    used = set(map(id, chain.from_iterable(map(_QUBITS, data))))
    if not used <= known:
        return data
    if used.isdisjoint(suspects):
        return ()
    apart = suspects.isdisjoint
    return [item for item, bits in zip(data, map(_QUBITS, data)) if not apart(map(id, bits))]
