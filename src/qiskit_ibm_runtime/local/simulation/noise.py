"""Reading noise models. Aer has no public way to ask one for its errors but a dump of matrices.

These private names are the same in every Aer that the extra ``local`` allows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qiskit_aer.noise import NoiseModel

if TYPE_CHECKING:
    from collections.abc import Iterable

Errors = dict[tuple[str, "tuple[int, ...] | None"], Any]


def gate_errors(model: NoiseModel | None) -> Errors:
    """The errors of gates by name and qubits; ``None`` stands for any qubits."""
    if model is None:
        return {}
    errors: Errors = {(name, None): error for name, error in model._default_quantum_errors.items()}
    for name, by_qubits in model._local_quantum_errors.items():
        errors.update({(name, tuple(qubits)): error for qubits, error in by_qubits.items()})
    return errors


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
