"""The workload of a V1 primitive, grouped by transpiled circuit."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from qiskit import QuantumCircuit
from qiskit.quantum_info import SparsePauliOp

from qiskit_ibm_runtime._circuits.dataflow import free_parameters
from qiskit_ibm_runtime.exceptions import IBMInputValueError

from .angles import Array, evaluate
from .transpiling import Transpiled, Transpiler

if TYPE_CHECKING:
    from .device import Device

DEFAULT_SHOTS = 4000


@dataclass
class CircuitGroup:
    """All runs of one circuit.

    Attributes:
        transpiled: The circuit.
        runs: Index of each run in the V1 result.
        values: Values of the circuit's angles, of shape (runs, angles).
        observables: The observable of each run; empty for a sampler.
    """

    transpiled: Transpiled
    runs: list[int]
    values: Array
    observables: list[Any] = field(default_factory=list)


@dataclass
class Workload:
    """Everything that one job runs.

    Attributes:
        program: ``sampler`` or ``estimator``.
        device: The device to run on.
        groups: The runs, grouped by circuit.
        level: The resilience level.
        optimization: The optimization level.
        shots: Number of shots per circuit.
        run_options: The user's run options, as in the program inputs.
        resilience: The user's resilience settings, as in the program inputs.
    """

    program: str
    device: Device
    groups: list[CircuitGroup]
    level: int
    optimization: int
    shots: int
    run_options: dict[str, Any]
    resilience: dict[str, Any]

    @property
    def size(self) -> int:
        """Number of values or distributions in the result."""
        return sum(len(group.runs) for group in self.groups)

    @property
    def is_dynamic(self) -> bool:
        """Whether any circuit has conditions."""
        return any(group.transpiled.isa.is_dynamic for group in self.groups)


def read_workload(program: str, inputs: dict[str, Any], device: Device) -> Workload:
    """Transpile the circuits of a run, and group the runs by circuit.

    Args:
        program: ``sampler`` or ``estimator``.
        inputs: Program inputs of the V1 primitive.
        device: The device to run on.

    Raises:
        IBMInputValueError: If the platform cannot run them.
    """
    circuits = _circuits(inputs)
    indices = list(inputs.get("circuit_indices") or range(len(circuits)))
    observables = _observables(inputs, len(indices)) if program == "estimator" else []
    transpilation = inputs.get("transpilation_settings") or {}
    transpiler = Transpiler(device, transpilation, estimated=program == "estimator")
    made = {index: transpiler(circuits[index]) for index in dict.fromkeys(indices)}
    names = inputs.get("parameters") or [free_parameters(circuit) for circuit in circuits]
    rows = inputs.get("parameter_values") or [() for _ in indices]
    groups: list[CircuitGroup] = []
    for index, transpiled in made.items():
        runs = [run for run, its in enumerate(indices) if its == index]
        values = evaluate(transpiled.isa.angles, names[index], [rows[run] for run in runs])
        wanted = [observables[run] for run in runs] if observables else []
        groups.append(CircuitGroup(transpiled, runs, values, wanted))
    resilience = dict(inputs.get("resilience_settings") or {})
    run_options = dict(inputs.get("run_options") or {})
    level = (transpilation.get("optimization_settings") or {}).get("level")
    return Workload(
        program,
        device,
        _merged(groups),
        int(resilience.get("level") or 0),
        3 if level is None else int(level),
        int(run_options.get("shots") or DEFAULT_SHOTS),
        run_options,
        resilience,
    )


def _circuits(inputs: dict[str, Any]) -> list[QuantumCircuit]:
    circuits = inputs.get("circuits")
    if isinstance(circuits, QuantumCircuit):
        circuits = [circuits]
    if not circuits or not all(isinstance(each, QuantumCircuit) for each in circuits):
        raise IBMInputValueError(
            "The program inputs contain no circuits. Give a QuantumCircuit or a list of them as "
            "'circuits'."
        )
    return list(circuits)


def _observables(inputs: dict[str, Any], runs: int) -> list[Any]:
    observables = inputs.get("observables") or []
    indices = inputs.get("observable_indices") or range(len(observables))
    found = [_as_sparse_pauli_op(observables[index]) for index in indices]
    if len(found) != runs:
        raise IBMInputValueError(
            f"Got {len(found)} observables for {runs} circuits. Give one observable per circuit."
        )
    return found


def _as_sparse_pauli_op(observable: Any) -> SparsePauliOp:
    return observable if isinstance(observable, SparsePauliOp) else SparsePauliOp(observable)


def _merged(groups: list[CircuitGroup]) -> list[CircuitGroup]:
    """Merge groups that share a transpiled circuit."""
    found: dict[int, CircuitGroup] = {}
    for group in groups:
        known = found.setdefault(id(group.transpiled), group)
        if known is not group:
            known.runs += group.runs
            known.observables += group.observables
            known.values = np.concatenate([known.values, group.values])
    return list(found.values())
