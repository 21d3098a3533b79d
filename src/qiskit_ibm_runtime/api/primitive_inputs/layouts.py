"""Convert layouts that refer to circuit qubits to lists of physical qubits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from qiskit.circuit import Qubit
from qiskit.transpiler import Layout

if TYPE_CHECKING:
    from collections.abc import Iterable

    from qiskit import QuantumCircuit


def as_positions(layout: Any, circuits: Iterable[QuantumCircuit]) -> Any:
    """Return the physical qubit of each qubit of the circuits, in their order.

    Args:
        layout: A ``Layout``, a mapping between qubits and numbers in either direction, or a list of
            the qubits by place. Anything else is returned as it is.
        circuits: The circuits that share the layout.

    Raises:
        ValueError: If it misses a qubit, or the circuits differ in where it puts their qubits: one
            layout is sent for all of them.
    """
    places = _places(layout)
    if not places:
        return layout
    found: list[list[int]] = []
    for circuit in circuits:
        missing = [bit for bit in circuit.qubits if bit not in places]
        if missing:
            raise ValueError(
                f"'initial_layout' has no place for {missing[0]} of the circuit {circuit.name!r}."
            )
        positions = [places[bit] for bit in circuit.qubits]
        if positions not in found:
            found.append(positions)
    if len(found) > 1:
        raise ValueError(
            f"'initial_layout' stands for {found[0]} in one circuit and for {found[1]} in another. "
            "Run them apart, or give a list of numbers."
        )
    return found[0]


def check_places(transpilation: Mapping[str, Any], circuits: Iterable[QuantumCircuit]) -> None:
    """Check that a layout has one entry per qubit, as terra's transpiler requires.

    Args:
        transpilation: Options of the transpilation; a circuit that is not transpiled needs no
            layout.
        circuits: The circuits that share the layout.

    Raises:
        ValueError: If a circuit has another number of qubits.
    """
    layout = transpilation.get("initial_layout")
    if transpilation.get("skip_transpilation") or layout is None or isinstance(layout, Mapping):
        return
    for index, circuit in enumerate(circuits):
        # An empty layout is none to the later releases of terra.
        if len(layout) not in (0, circuit.num_qubits):
            raise ValueError(
                f"'initial_layout' has {len(layout)} places, but circuit {index} "
                f"({circuit.name!r}) has {circuit.num_qubits} qubits."
            )


def _places(layout: Any) -> dict[Any, Any]:
    if isinstance(layout, Layout):
        return dict(layout.get_virtual_bits())
    if isinstance(layout, Mapping):
        pairs = list(layout.items())
    elif isinstance(layout, Sequence):
        pairs = list(enumerate(layout))
    else:
        return {}
    places = {one: other for one, other in pairs if isinstance(one, Qubit)}
    places.update({other: one for one, other in pairs if isinstance(other, Qubit)})
    return places
