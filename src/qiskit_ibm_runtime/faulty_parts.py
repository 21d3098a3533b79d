"""Which instructions of a circuit touch parts of a device that do not work."""

from __future__ import annotations

from typing import Any


def check(circuit: Any, properties: Any) -> None:
    """Check a circuit.

    Raises:
        ValueError: If an instruction acts on a faulty qubit or edge.
    """
    qubits = set(properties.faulty_qubits())
    edges = {tuple(gate.qubits) for gate in properties.faulty_gates() if len(gate.qubits) == 2}
    _check(circuit, list(range(circuit.num_qubits)), qubits, edges, circuit.name)


def _check(
    circuit: Any, outer: list[int], faulty: set[int], edges: set[tuple[int, ...]], name: str
) -> None:
    index = {bit: outer[number] for number, bit in enumerate(circuit.qubits)}
    for item in circuit.data:
        operation = item.operation
        if operation.name in ("barrier", "delay"):
            continue
        places = [index[bit] for bit in item.qubits]
        for block in getattr(operation, "blocks", ()):
            _check(block, places, faulty, edges, name)
        for place in places:
            if place in faulty and not getattr(operation, "blocks", ()):
                raise ValueError(
                    f"Circuit {name} contains instruction {operation.name} "
                    f"operating on a faulty qubit {place}."
                )
        for first in places:
            for second in places:
                if (
                    not getattr(operation, "blocks", ())
                    and ((first, second) in edges)
                    and len(places) >= 2
                ):
                    raise ValueError(
                        f"Circuit {name} contains instruction {operation.name} "
                        f"operating on a faulty edge {(first, second)}."
                    )
