"""What is given several times in one run, and sent once.

A gradient or a kernel names one circuit hundreds of times; the index lists of the primitives'
programs are there for that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, TypeVar

from qiskit.primitives.utils import _circuit_key, _observable_key

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from qiskit import QuantumCircuit
    from qiskit.quantum_info import SparsePauliOp

T = TypeVar("T")


def distinct_circuits(
    circuits: Sequence[QuantumCircuit],
) -> tuple[tuple[QuantumCircuit, ...], list[int]]:
    """Return each circuit once, in order of appearance, and the index of every given one."""
    return _distinct(circuits, _key, _same)


def distinct_observables(
    observables: Sequence[SparsePauliOp],
) -> tuple[tuple[SparsePauliOp, ...], list[int]]:
    """Return each observable once, in order of appearance, and the index of every given one."""
    return _distinct(observables, _observable_key, lambda _one, _other: True)


def _distinct(
    items: Sequence[T], key: Callable[[T], Hashable], same: Callable[[T, T], bool]
) -> tuple[tuple[T, ...], list[int]]:
    """Tell apart by identity, then by key; what has equal keys is compared in full."""
    if len({id(item) for item in items}) == 1:
        return (items[0],), [0] * len(items)
    kept: list[T] = []
    of_object: dict[int, int] = {}
    of_key: dict[Hashable, list[int]] = {}
    for item in items:
        if id(item) not in of_object:
            alike = of_key.setdefault(key(item), [])
            position = next((p for p in alike if same(kept[p], item)), None)
            if position is None:
                position = len(kept)
                kept.append(item)
                alike.append(position)
            of_object[id(item)] = position
    return tuple(kept), [of_object[id(item)] for item in items]


def _key(circuit: QuantumCircuit) -> Hashable:
    key: Any = _circuit_key(circuit)
    try:
        hash(key)
    except TypeError:  # an instruction has a parameter without hash: the circuit stands alone
        return id(circuit)
    return key  # type: ignore[no-any-return]


def _same(one: QuantumCircuit, other: QuantumCircuit) -> bool:
    """Terra's key leaves out definitions, conditions and metadata, which results depend on."""
    return bool(one == other and one.metadata == other.metadata and _layout(one) == _layout(other))


def _layout(circuit: QuantumCircuit) -> Any:
    return getattr(circuit, "_layout", None)
