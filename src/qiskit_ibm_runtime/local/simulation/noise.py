"""Access to the errors of Aer's noise models, which have no suitable public interface.

The private names used here are the same in all supported versions of Aer.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from qiskit import QuantumCircuit
from qiskit.circuit.library import IGate
from qiskit.quantum_info import SuperOp
from qiskit.transpiler import PassManager
from qiskit_aer.noise import NoiseModel

from qiskit_ibm_runtime._circuits.form import OPERATION_CLASSES, Family

if TYPE_CHECKING:
    from collections.abc import Iterable

_NO_GATES = {"delay", "diagonal", "kraus", "pauli", "reset", "roerror", "superop", "unitary"}
_GATES = {
    row.name
    for row in OPERATION_CLASSES.values()
    if row.family in (Family.STANDARD, Family.MANY_CONTROLLED)
}

NO_NOISE = "_without_noise"
"""Label that does not occur in noise models."""

Errors = dict[tuple[str, "tuple[int, ...] | None"], Any]


def gate_errors(model: NoiseModel | None) -> Errors:
    """Return the gate errors of a noise model by name and qubits; ``None`` means all qubits."""
    if model is None:
        return {}
    errors: Errors = {(name, None): error for name, error in model._default_quantum_errors.items()}
    for name, by_qubits in model._local_quantum_errors.items():
        errors.update({(name, tuple(qubits)): error for qubits, error in by_qubits.items()})
    return errors


def basis_gates(model: NoiseModel) -> list[str]:
    """Return the basis gates of a noise model, without other instructions."""
    return [name for name in model.basis_gates if name not in _NO_GATES]


def names(model: NoiseModel | None) -> frozenset[str]:
    """Return the names in a noise model other than standard gates: labels, unitaries, and swaps.

    Swaps are included, because the transpiler would otherwise eliminate them.
    """
    named = set() if model is None else set(model.noise_instructions)
    return frozenset((named - _GATES - {"delay"}) | (named & {"swap"}))


def channel(error: Any) -> SuperOp:
    """Convert a quantum error to a channel.

    ``SuperOp(error)`` would suffice, but terra 0.25 fails on ``pauli`` gates with numpy 2.
    """
    parts = []
    for circuit, probability in zip(error.circuits, error.probabilities):
        plain = QuantumCircuit(circuit.num_qubits)
        for item in circuit.data:
            places = [circuit.find_bit(qubit).index for qubit in item.qubits]
            if item.operation.name != "pauli":
                plain.append(item.operation, places)
                continue
            for letter, place in zip(reversed(item.operation.params[0]), places):
                if letter != "I":
                    getattr(plain, letter.lower())(place)
        parts.append(SuperOp(plain).data * probability)
    return SuperOp(sum(parts))


def device_noise(properties: Any, qubits: Iterable[int], dt: float | None) -> NoiseModel:
    """Create a noise model for some qubits of a device from its calibration.

    Args:
        properties: The calibration.
        qubits: The used qubits; creating noise for all 127 qubits of a device takes seconds.
        dt: Duration of one clock step in seconds, for delays in ``dt``.
    """
    there = set(qubits)
    part = copy.copy(properties)
    part.gates = [gate for gate in properties.gates if there.issuperset(gate.qubits)]
    return restrict(NoiseModel.from_backend_properties(part, dt=dt), there)


def restrict(model: NoiseModel, qubits: Iterable[int]) -> NoiseModel:
    """Restrict a noise model to some qubits.

    Aer converts the complete model for every run. This takes a second or more for 127 qubits, but
    only milliseconds for the few qubits of a circuit.
    """
    there = set(qubits)
    small = NoiseModel(basis_gates=model.basis_gates)
    for (name, where), error in gate_errors(model).items():
        if where is None:
            small.add_all_qubit_quantum_error(error, name, warnings=False)
        elif there.issuperset(where):
            small.add_quantum_error(error, name, where, warnings=False)
    if model._default_readout_error is not None:
        small.add_all_qubit_readout_error(model._default_readout_error, warnings=False)
    for where, error in model._local_readout_errors.items():
        if there.issuperset(where):
            small.add_readout_error(error, where, warnings=False)
    small._custom_noise_passes = model._custom_noise_passes
    return small


def add_explicit_noise(circuit: QuantumCircuit, model: NoiseModel | None) -> QuantumCircuit:
    """Add noise to a circuit that Aer itself would add incorrectly.

    Inserts the relaxation of each delay, which Aer omits between jumps. Also inserts a noiseless
    identity before a classical bit is measured again: otherwise Aer samples all measurements from
    one state, and applies all readout errors of a bit to its last value.
    """
    if model is None:
        return circuit
    measured = [item.clbits[0] for item in circuit.data if item.operation.name == "measure"]
    twice = len(set(measured)) < len(measured)
    if not twice and not any(item.operation.name == "delay" for item in circuit.data):
        return circuit
    relaxations = _Relaxations(model._custom_noise_passes)
    made = circuit.copy_empty_like()
    written: set[Any] = set()
    for item in circuit.data:
        if item.operation.name == "measure":
            if item.clbits[0] in written:
                made._append(IGate(label=NO_NOISE), item.qubits, [])
            written.add(item.clbits[0])
        made._append(item)
        if item.operation.name == "delay":
            for operation in relaxations.of(circuit, item):
                made._append(operation, item.qubits, [])
    return made


class _Relaxations:
    """Relaxation that the passes of a noise model add to delays, cached."""

    def __init__(self, passes: list[Any]) -> None:
        self._passes = passes
        self._found: dict[Any, list[Any]] = {}

    def of(self, circuit: QuantumCircuit, item: Any) -> list[Any]:
        place = circuit.find_bit(item.qubits[0]).index
        key = (place, item.operation.duration, item.operation.unit)
        if key not in self._found:
            alone = QuantumCircuit(place + 1)
            alone._append(item.operation, alone.qubits[place:], [])
            ran = PassManager(self._passes).run(alone) if self._passes else alone
            self._found[key] = [i.operation for i in ran.data if i.operation.name != "delay"]
        return self._found[key]


def without_delay_noise(model: NoiseModel | None) -> NoiseModel | None:
    """Return a noise model without the noise of delays."""
    if model is None or not model._custom_noise_passes:
        return model
    silent = copy.copy(model)
    silent._custom_noise_passes = []
    return silent
