"""Recognize the inputs of a primitive and what they run."""

from __future__ import annotations

from typing import Any

from qiskit import QuantumCircuit

PROGRAMS = frozenset({"sampler", "estimator"})


def is_of_primitive(program_id: str, inputs: Any) -> bool:
    """Whether these are the inputs of a primitive program."""
    return program_id in PROGRAMS and isinstance(inputs, dict)


def pointed_at(items: Any, indices: Any) -> bool:
    """Whether all indices refer to one of the items."""
    if not (isinstance(items, (list, tuple)) and isinstance(indices, (list, tuple))):
        return False
    return all(type(index) is int and -len(items) <= index < len(items) for index in indices)


def circuits_run(inputs: dict[str, Any]) -> list[QuantumCircuit]:
    """Return the circuits to run, one per run; empty if they cannot be determined."""
    circuits: Any = inputs.get("circuits")
    indices: Any = inputs.get("circuit_indices")
    if not pointed_at(circuits, indices):
        return []
    found = [circuits[index] for index in indices]
    return found if all(isinstance(each, QuantumCircuit) for each in found) else []
