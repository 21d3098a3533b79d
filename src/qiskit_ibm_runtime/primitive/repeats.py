"""What is given several times in one run, and sent once.

A gradient or a kernel names one circuit hundreds of times; the index lists of the primitives'
programs are there for that.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Callable, TypeVar

from qiskit.primitives.utils import _observable_key

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from qiskit import QuantumCircuit
    from qiskit.quantum_info import SparsePauliOp

T = TypeVar("T")
# What instructions of these modules do is settled by class and parameters.
_SETTLED = (
    "qiskit.circuit.library.standard_gates.",
    "qiskit.circuit.barrier",
    "qiskit.circuit.delay",
    "qiskit.circuit.measure",
    "qiskit.circuit.reset",
)


def distinct_circuits(
    circuits: Sequence[QuantumCircuit],
) -> tuple[tuple[QuantumCircuit, ...], list[int]]:
    """Return each circuit once, in order of appearance, and the index of every given one."""
    return _distinct(circuits, _circuit_key, _outline)


def distinct_observables(
    observables: Sequence[SparsePauliOp],
) -> tuple[tuple[SparsePauliOp, ...], list[int]]:
    """Return each observable once, in order of appearance, and the index of every given one."""
    return _distinct(observables, _observable_key, lambda observable: observable.num_qubits)


def _distinct(
    items: Sequence[T], key: Callable[[T], Hashable], outline: Callable[[T], Hashable]
) -> tuple[tuple[T, ...], list[int]]:
    """Keep items that differ in their keys; only those of one outline are worth the look."""
    of_object: dict[int, T] = {id(item): item for item in items}
    if len(of_object) == 1:
        return (items[0],), [0] * len(items)
    outlines = {identity: outline(item) for identity, item in of_object.items()}
    alike = Counter(outlines.values())
    positions: dict[Hashable, int] = {}
    kept: list[T] = []
    index: dict[int, int] = {}
    for identity, item in of_object.items():
        several = alike[outlines[identity]] > 1
        position = positions.setdefault(key(item) if several else identity, len(kept))
        if position == len(kept):
            kept.append(item)
        index[identity] = position
    return tuple(kept), [index[id(item)] for item in items]


def _outline(circuit: QuantumCircuit) -> Hashable:
    """Return what equal circuits share, and most others do not, without looking at instructions."""
    return circuit.num_qubits, circuit.num_clbits, len(circuit.data), tuple(circuit.parameters)


def _circuit_key(circuit: QuantumCircuit) -> Hashable:
    """Return what circuits share only if they have the same results, whatever their names.

    Terra's own key leaves out definitions, conditions and metadata; its comparison of circuits
    takes fifty times as long as sending one. Where this key cannot tell, a circuit equals itself
    only.
    """
    if circuit.metadata or circuit.calibrations or getattr(circuit, "_layout", None) is not None:
        return id(circuit)
    number: dict[Any, int] = {bit: at for at, bit in enumerate(circuit.qubits)}
    number.update((bit, at) for at, bit in enumerate(circuit.clbits))
    key = (
        tuple(repr(register) for register in (*circuit.qregs, *circuit.cregs)),
        circuit.num_qubits,
        circuit.num_clbits,
        circuit.global_phase,
        tuple(
            (
                _operation_key(item.operation),
                tuple([number[bit] for bit in item.qubits]),
                tuple([number[bit] for bit in item.clbits]),
            )
            for item in circuit.data
        ),
    )
    try:
        hash(key)
    except TypeError:  # a parameter without hash: a matrix, the body of a loop
        return id(circuit)
    return key


def _operation_key(operation: Any) -> Hashable:
    cls = getattr(operation, "base_class", type(operation))
    if not cls.__module__.startswith(_SETTLED):
        return id(operation)
    return (
        cls,
        # Terra works the name of a controlled gate out of these two, at many times the price.
        operation._name,
        getattr(operation, "_ctrl_state", None),
        operation.label,
        operation.duration,
        operation.unit,
        operation.condition,
        tuple(operation.params),
    )
