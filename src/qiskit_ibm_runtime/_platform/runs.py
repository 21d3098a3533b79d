"""What a V1 primitive is asked to run, as groups that are one circuit for the device each."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from qiskit import QuantumCircuit
from qiskit.quantum_info import SparsePauliOp

from qiskit_ibm_runtime._circuits.parameters import free_parameters
from qiskit_ibm_runtime.exceptions import IBMInputValueError

from .angles import Array, evaluate
from .transpiling import Transpiled, Transpiler

if TYPE_CHECKING:
    from .device import Device

DEFAULT_SHOTS = 4000


@dataclass
class Group:
    """All that is run of one circuit.

    Attributes:
        transpiled: The circuit.
        runs: The places of what is run among all that is asked for.
        values: Values of its angles, of shape (runs, angles).
        observables: For each run the observable to estimate; empty for a sampler.
    """

    transpiled: Transpiled
    runs: list[int]
    values: Array
    observables: list[Any] = field(default_factory=list)


@dataclass
class Work:
    """All that a job is asked to run.

    Attributes:
        program: ``sampler`` or ``estimator``.
        device: Where.
        groups: What.
        level: The resilience level.
        optimization: The optimization level.
        shots: How many times each circuit is run.
        run_options: The user's, in the form in which they are sent.
        resilience: Likewise.
    """

    program: str
    device: Device
    groups: list[Group]
    level: int
    optimization: int
    shots: int
    run_options: dict[str, Any]
    resilience: dict[str, Any]

    @property
    def size(self) -> int:
        """How many values or distributions are asked for."""
        return sum(len(group.runs) for group in self.groups)

    @property
    def is_dynamic(self) -> bool:
        """Whether a circuit has conditions."""
        return any(group.transpiled.isa.is_dynamic for group in self.groups)


def read(program: str, inputs: dict[str, Any], device: Device) -> Work:
    """Transpile the circuits of a run and put together what belongs together.

    Args:
        program: ``sampler`` or ``estimator``.
        inputs: Inputs of the V1 program, in the form in which they are sent.
        device: The device.

    Raises:
        IBMInputValueError: If the platform cannot run them; nothing was sent.
    """
    circuits = _circuits(inputs)
    indices = list(inputs.get("circuit_indices") or range(len(circuits)))
    observables = _observables(inputs, len(indices)) if program == "estimator" else []
    transpilation = inputs.get("transpilation_settings") or {}
    transpiler = Transpiler(device, transpilation, estimated=program == "estimator")
    made = {index: transpiler(circuits[index]) for index in dict.fromkeys(indices)}
    names = inputs.get("parameters") or [free_parameters(circuit) for circuit in circuits]
    rows = inputs.get("parameter_values") or [() for _ in indices]
    groups: list[Group] = []
    for index, transpiled in made.items():
        runs = [run for run, its in enumerate(indices) if its == index]
        values = evaluate(transpiled.isa.angles, names[index], [rows[run] for run in runs])
        wanted = [observables[run] for run in runs] if observables else []
        groups.append(Group(transpiled, runs, values, wanted))
    resilience = dict(inputs.get("resilience_settings") or {})
    run_options = dict(inputs.get("run_options") or {})
    level = (transpilation.get("optimization_settings") or {}).get("level")
    return Work(
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
            "IBM's platform of today gets its circuits from this package, which reads them from "
            "'circuits' of the inputs: give one QuantumCircuit or a list of them."
        )
    return list(circuits)


def _observables(inputs: dict[str, Any], runs: int) -> list[Any]:
    observables = inputs.get("observables") or []
    indices = inputs.get("observable_indices") or range(len(observables))
    found = [_as_sum(observables[index]) for index in indices]
    if len(found) != runs:
        raise IBMInputValueError(f"{len(found)} observables are given for {runs} circuits.")
    return found


def _as_sum(observable: Any) -> SparsePauliOp:
    return observable if isinstance(observable, SparsePauliOp) else SparsePauliOp(observable)


def _merged(groups: list[Group]) -> list[Group]:
    """Return groups with each transpiled circuit once."""
    found: dict[int, Group] = {}
    for group in groups:
        known = found.setdefault(id(group.transpiled), group)
        if known is not group:
            known.runs += group.runs
            known.observables += group.observables
            known.values = np.concatenate([known.values, group.values])
    return list(found.values())
