"""Reading noise models. Aer has no public way to ask one for its errors but a dump of matrices.

These private names are the same in every Aer that the extra ``local`` allows.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from qiskit import QuantumCircuit
from qiskit.circuit.library import IGate
from qiskit.quantum_info import SuperOp
from qiskit.transpiler import PassManager
from qiskit_aer.noise import NoiseModel

from qiskit_ibm_runtime._circuits.operation_classes import OPERATION_CLASSES, Family

if TYPE_CHECKING:
    from collections.abc import Iterable

_NO_GATES = {"delay", "diagonal", "kraus", "pauli", "reset", "roerror", "superop", "unitary"}
_GATES = {
    row.name
    for row in OPERATION_CLASSES.values()
    if row.family in (Family.STANDARD, Family.MANY_CONTROLLED)
}

NO_NOISE = "_without_noise"
"""A label that no noise model names."""

Errors = dict[tuple[str, "tuple[int, ...] | None"], Any]


def gate_errors(model: NoiseModel | None) -> Errors:
    """The errors of gates by name and qubits; ``None`` stands for any qubits."""
    if model is None:
        return {}
    errors: Errors = {(name, None): error for name, error in model._default_quantum_errors.items()}
    for name, by_qubits in model._local_quantum_errors.items():
        errors.update({(name, tuple(qubits)): error for qubits, error in by_qubits.items()})
    return errors


def basis_gates(model: NoiseModel) -> list[str]:
    """The gates that a noise model tells about; it lists other instructions beside them."""
    return [name for name in model.basis_gates if name not in _NO_GATES]


def names(model: NoiseModel | None) -> frozenset[str]:
    """What a noise model names beside Qiskit's gates: labels, unitaries, and swaps.

    Swaps are among them, because the transpiler would replace them by nothing.
    """
    named = set() if model is None else set(model.noise_instructions)
    return frozenset((named - _GATES - {"delay"}) | (named & {"swap"}))


def channel(error: Any) -> SuperOp:
    """A quantum error as a channel.

    ``SuperOp(error)`` would do, but terra 0.25 fails on gates named ``pauli`` with numpy 2.
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


def of_device(properties: Any, qubits: Iterable[int], dt: float | None) -> NoiseModel:
    """The noise of some qubits of a device, from its calibration.

    Args:
        properties: The calibration.
        qubits: The qubits in use. The noise of all 127 of a large device takes seconds to make.
        dt: Seconds of one step of the device's clock, for delays in such steps.
    """
    there = set(qubits)
    part = copy.copy(properties)
    part.gates = [gate for gate in properties.gates if there.issuperset(gate.qubits)]
    return restricted(NoiseModel.from_backend_properties(part, dt=dt), there)


def restricted(model: NoiseModel, qubits: Iterable[int]) -> NoiseModel:
    """The noise of some qubits only.

    Aer converts the whole model for every run. For a device of 127 qubits that takes a second or
    more, and for the few qubits that a circuit uses milliseconds.
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


def spelled_out(circuit: QuantumCircuit, model: NoiseModel | None) -> QuantumCircuit:
    """A circuit with the noise that Aer would add in the wrong way.

    Each delay is followed by what the model makes of it: Aer does the same, but not between jumps.
    Where a classical bit is written once more, something stands before that has no effect and no
    noise: else Aer draws all measurements from one state, with all errors of the readout of a bit
    on its last value.
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
    """What passes of a noise model add to delays."""

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


def without_delays(model: NoiseModel | None) -> NoiseModel | None:
    """A noise model that adds nothing to delays."""
    if model is None or not model._custom_noise_passes:
        return model
    silent = copy.copy(model)
    silent._custom_noise_passes = []
    return silent
