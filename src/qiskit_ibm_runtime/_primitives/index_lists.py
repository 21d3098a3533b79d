"""Index lists of a primitive's inputs: what they refer to, without repeats where sent.

A gradient or a kernel names one circuit hundreds of times; the index lists of the primitives'
programs are there for that. Users see one entry for each thing run, so repeats are taken out where
a request is written, and put back where the inputs of a job are read.
"""

from __future__ import annotations

import copy
from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from qiskit import QuantumCircuit
from qiskit.circuit.parametertable import ParameterView
from qiskit.primitives.utils import _observable_key
from qiskit.quantum_info import SparsePauliOp

from qiskit_ibm_runtime._codecs.decoding import copy_circuit
from qiskit_ibm_runtime._codecs.encoding import content
from qiskit_ibm_runtime.exceptions import EncodeError

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence


# Each list of indices, and the lists that it points into.
_INDEXED = {
    "circuit_indices": ("circuits", "parameters"),
    "observable_indices": ("observables",),
}
_MOST_COPIED = 2**18  # instructions and terms, about 250 MB; beyond, entries share their objects
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


def without_repeats(program_id: str, inputs: dict[str, Any]) -> dict[str, Any]:
    """Return inputs in which equal circuits and observables appear once.

    Only objects that are equal in content, name and metadata are taken for one. Indices that count
    from the end become those that count from the start.
    """
    if not is_of_primitive(program_id, inputs):
        return inputs
    result = dict(inputs)
    for name, targets in _INDEXED.items():
        lists = _lists(inputs, name, targets)
        keys: list[Hashable] = list(zip(*map(_keys, lists.values())))
        firsts: dict[Hashable, int] = {}
        for row, key in enumerate(keys):
            firsts.setdefault(key, row)
        if len(firsts) < len(keys) or (lists and min(inputs[name], default=0) < 0):
            places = {key: place for place, key in enumerate(firsts)}
            result[name] = [places[keys[index]] for index in inputs[name]]
            rows = firsts.values()
            result.update({each: [items[row] for row in rows] for each, items in lists.items()})
    return result


def with_repeats(program_id: str, inputs: dict[str, Any]) -> dict[str, Any]:
    """Return inputs with one circuit, parameter set and observable per run.

    Entries are objects of their own, unless copies of them would take hundreds of megabytes.
    """
    if not is_of_primitive(program_id, inputs):
        return inputs
    result = dict(inputs)
    for name, targets in _INDEXED.items():
        lists = _lists(inputs, name, targets)
        if lists and list(inputs[name]) != list(range(len(lists[targets[0]]))):
            result.update({each: _picked(lists[each], inputs[name]) for each in lists})
            result[name] = list(range(len(inputs[name])))
    return result


def _lists(inputs: dict[str, Any], name: str, targets: Sequence[str]) -> dict[str, Any]:
    """Return the lists that the indices refer to; empty if they are inconsistent."""
    lists = {each: inputs[each] for each in targets if inputs.get(each) is not None}
    fit = all(pointed_at(each, inputs.get(name)) for each in lists.values())
    return lists if targets[0] in lists and fit and len(set(map(len, lists.values()))) == 1 else {}


def _picked(items: Sequence[Any], indices: Sequence[int]) -> list[Any]:
    used: set[int] = set()
    room = _MOST_COPIED
    result = []
    for index in indices:
        item, place = items[index], index % len(items)
        if place in used:
            room -= len(item) if isinstance(item, (QuantumCircuit, SparsePauliOp, list)) else 1
            item = _twin(item) if room > 0 else item
        used.add(place)
        result.append(item)
    return result


def _twin(item: Any) -> Any:
    return copy_circuit(item) if isinstance(item, QuantumCircuit) else copy.deepcopy(item)


def _keys(items: Sequence[Any]) -> list[Hashable]:
    """Return a key per item, equal for equal items; content is compared only within one outline."""
    objects = {id(item): item for item in items}
    outlines = {identity: _outline(item) for identity, item in objects.items()}
    alike = Counter(outlines.values())
    keys: dict[int, Hashable] = {
        identity: _content(item) if alike[outlines[identity]] > 1 else identity
        for identity, item in objects.items()
    }
    return [keys[id(item)] for item in items]


def _outline(item: Any) -> Hashable:
    """Return a cheap key that equal items share."""
    if isinstance(item, QuantumCircuit):
        size = (item.num_qubits, item.num_clbits, len(item.data))
        return item.name, size, tuple(item.parameters)
    return (item.num_qubits, len(item)) if isinstance(item, SparsePauliOp) else _content(item)


def _content(item: Any) -> Hashable:
    if isinstance(item, QuantumCircuit):
        with suppress(EncodeError):  # which is raised again where the circuit is written
            return content(item)
    if isinstance(item, SparsePauliOp):
        return _observable_key(item)  # type: ignore[no-any-return]
    if isinstance(item, (list, tuple, ParameterView)):
        key = tuple(item)
        return key if _is_hashable(key) else id(item)
    return id(item)


def _is_hashable(value: object) -> bool:
    try:
        hash(value)
    except TypeError:
        return False
    return True
