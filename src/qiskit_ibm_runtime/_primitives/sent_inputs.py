"""Inputs of a primitive in the form that is sent, and back.

A gradient or a kernel runs the same circuit hundreds of times. Users see one entry per run; repeats
are removed when a request is encoded, using the programs' index lists, and restored when the inputs
of a job are decoded.
"""

from __future__ import annotations

import copy
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from qiskit import QuantumCircuit
from qiskit.circuit.parametertable import ParameterView
from qiskit.primitives.utils import _observable_key
from qiskit.quantum_info import SparsePauliOp

from qiskit_ibm_runtime._codecs.decoding import copy_circuit
from qiskit_ibm_runtime._codecs.encoding import content
from qiskit_ibm_runtime.exceptions import EncodeError
from qiskit_ibm_runtime.local.devices import sizes  # arithmetic only

from .inputs import refuse_free
from .option_readers import SKIP_CHECKS, with_sent_options

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator

# Each list of indices, and the lists that it refers to.
_INDEXED = {
    "circuit_indices": ("circuits", "parameters"),
    "observable_indices": ("observables",),
}
_MOST_COPIED = 2**18  # instructions and terms, about 250 MB; beyond this, entries share objects


@dataclass(frozen=True)
class BackendLimits:
    """Size limits of a backend.

    Attributes:
        backend: Name of the backend.
        qubits: Number of qubits; ``None`` if unknown.
        shots: Maximum number of shots per run; ``None`` if unknown.
        memory: Memory in bytes of a simulated device; ``None`` for other backends.
    """

    backend: str
    qubits: int | None
    shots: int | None
    memory: int | None = None

    @classmethod
    def of(cls, backend: str, configuration: Any) -> BackendLimits:
        """Read the limits from a backend configuration."""
        known = configuration if isinstance(configuration, Mapping) else {}
        values = map(known.get, ("n_qubits", "max_shots", "simulation_memory"))
        return cls(backend, *(v if isinstance(v, int) and v > 0 else None for v in values))

    def check(self, circuits: Sequence[QuantumCircuit], shots: Any) -> None:
        """Raise ``ValueError`` if a circuit or ``shots`` is too large for the backend."""
        for index, circuit in enumerate(circuits):
            if self.qubits is not None and circuit.num_qubits > self.qubits:
                raise ValueError(
                    f"Circuit {index} ({circuit.name!r}) has {circuit.num_qubits} qubits, but the "
                    f"backend {self.backend!r} has {self.qubits}."
                )
        count = shots if isinstance(shots, (int, float)) else 1
        if self.shots is not None and count > self.shots:
            raise ValueError(
                f"'shots' is {shots}, but the backend {self.backend!r} allows at most "
                f"{self.shots} per run."
            )
        for circuit in circuits:
            if self.memory is not None and circuit.num_qubits > sizes.NARROW:
                used = [item.qubits for item in circuit.data if item.operation.name != "barrier"]
                qubits = len({qubit for each in used for qubit in each})
                reason = sizes.refusal(
                    circuit.name, qubits, len(used), int(count), self.memory, noisy=True
                )
                if reason is not None:
                    raise ValueError(reason)


def as_sent(program_id: str, inputs: Any, limits: BackendLimits | None = None) -> Any:
    """Return validated and converted inputs; those of other programs are unchanged.

    Args:
        program_id: Id of the program.
        inputs: Program inputs.
        limits: Limits of the backend, if known.

    Raises:
        ValueError: If no service could run the inputs: a circuit is too large for the backend, an
            option has an invalid value, a layout does not match its circuits, or a coefficient is
            not finite.
        TypeError: If an observable has a free parameter.
    """
    if not _is_of_primitive(program_id, inputs):
        return inputs
    checked = not os.environ.get(SKIP_CHECKS)
    circuits = _circuits_run(inputs)
    sent = with_sent_options(inputs, circuits, checked=checked)
    if checked:
        _check_layout(sent.get("transpilation_settings"), circuits)
        if limits is not None:
            options = sent.get("run_options")
            limits.check(circuits, options.get("shots") if isinstance(options, Mapping) else None)
    observables = sent.get("observables")
    if isinstance(observables, Sequence) and not isinstance(observables, str):
        sent["observables"] = [_as_numbers(each, at) for at, each in enumerate(observables)]
    return _without_repeats(sent)


def _is_of_primitive(program_id: str, inputs: Any) -> bool:
    return program_id in ("sampler", "estimator") and isinstance(inputs, dict)


def _circuits_run(inputs: dict[str, Any]) -> list[QuantumCircuit]:
    """Return the circuits to run, one per run; empty if they cannot be determined."""
    circuits: Any = inputs.get("circuits")
    indices: Any = inputs.get("circuit_indices")
    if not _pointed_at(circuits, indices):
        return []
    found = [circuits[index] for index in indices]
    return found if all(isinstance(each, QuantumCircuit) for each in found) else []


def _check_layout(transpilation: Any, circuits: Sequence[QuantumCircuit]) -> None:
    """Check that a layout has one entry per qubit, as terra's transpiler requires."""
    # A circuit that is not transpiled needs no layout.
    if not isinstance(transpilation, Mapping) or transpilation.get("skip_transpilation"):
        return
    layout = transpilation.get("initial_layout")
    if layout is None or isinstance(layout, Mapping):
        return
    for index, circuit in enumerate(circuits):
        # Later releases of terra ignore an empty layout.
        if len(layout) not in (0, circuit.num_qubits):
            raise ValueError(
                f"'initial_layout' has {len(layout)} entries, but circuit {index} "
                f"({circuit.name!r}) has {circuit.num_qubits} qubits."
            )


def _as_numbers(observable: Any, index: int) -> Any:
    """Return an observable with finite numbers as coefficients; other types are unchanged.

    Raises:
        TypeError: If a coefficient has a free parameter.
        ValueError: If one is not finite.
    """
    if not isinstance(observable, SparsePauliOp):
        return observable
    if len(observable) == 0:  # services know no sum without terms
        return SparsePauliOp("I" * observable.num_qubits, [0.0])
    operator = observable
    if operator.coeffs.dtype == object:
        for coefficient in operator.coeffs:
            refuse_free(getattr(coefficient, "parameters", ()), index)
        operator = SparsePauliOp(operator.paulis, [complex(value) for value in operator.coeffs])
    finite = np.isfinite(operator.coeffs)
    if not finite.all():
        at = int(np.argmin(finite))
        raise ValueError(
            f"Observable {index} has the coefficient {operator.coeffs[at]} of "
            f"{operator.paulis[at]}, which is not finite."
        )
    return operator


def _without_repeats(inputs: dict[str, Any]) -> dict[str, Any]:
    """Return inputs in which equal circuits and observables appear once.

    Only objects with equal content, name and metadata are merged. Indices that count
    from the end become those that count from the start.
    """
    result = dict(inputs)
    for name, lists in _indexed_lists(inputs):
        keys: list[Hashable] = list(zip(*map(_keys, lists.values())))
        firsts: dict[Hashable, int] = {}
        for row, key in enumerate(keys):
            firsts.setdefault(key, row)
        if len(firsts) < len(keys) or min(inputs[name], default=0) < 0:
            places = {key: place for place, key in enumerate(firsts)}
            result[name] = [places[keys[index]] for index in inputs[name]]
            rows = firsts.values()
            result.update({each: [items[row] for row in rows] for each, items in lists.items()})
    return result


def with_repeats(program_id: str, inputs: dict[str, Any]) -> dict[str, Any]:
    """Return inputs with one circuit, parameter set and observable per run.

    Entries are separate objects, unless copies would take hundreds of megabytes.
    """
    if not _is_of_primitive(program_id, inputs):
        return inputs
    result = dict(inputs)
    for name, lists in _indexed_lists(inputs):
        indices = inputs[name]
        if list(indices) != list(range(len(next(iter(lists.values()))))):
            result.update({each: _picked(items, indices) for each, items in lists.items()})
            result[name] = list(range(len(indices)))
    return result


def _indexed_lists(inputs: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each list of indices with the lists that it refers to, except inconsistent ones."""
    for name, targets in _INDEXED.items():
        lists = {each: inputs[each] for each in targets if inputs.get(each) is not None}
        fit = all(_pointed_at(each, inputs.get(name)) for each in lists.values())
        if targets[0] in lists and fit and len(set(map(len, lists.values()))) == 1:
            yield name, lists


def _pointed_at(items: Any, indices: Any) -> bool:
    """Whether all indices refer to one of the items."""
    if not (isinstance(items, (list, tuple)) and isinstance(indices, (list, tuple))):
        return False
    return all(type(index) is int and -len(items) <= index < len(items) for index in indices)


def _picked(items: Sequence[Any], indices: Sequence[int]) -> list[Any]:
    used: set[int] = set()
    room = _MOST_COPIED
    result = []
    for index in indices:
        item, place = items[index], index % len(items)
        if place in used:
            room -= len(item) if isinstance(item, (QuantumCircuit, SparsePauliOp, list)) else 1
            if room > 0:
                is_circuit = isinstance(item, QuantumCircuit)
                item = copy_circuit(item) if is_circuit else copy.deepcopy(item)
        used.add(place)
        result.append(item)
    return result


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
        with suppress(EncodeError):  # raised again when the circuit is encoded
            return content(item)
    if isinstance(item, SparsePauliOp):
        return _observable_key(item)  # type: ignore[no-any-return]
    if isinstance(item, (list, tuple, ParameterView)):
        key = tuple(item)
        with suppress(TypeError):  # an element is not hashable
            hash(key)
            return key
    return id(item)
