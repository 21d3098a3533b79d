"""The ``sampler`` program: distributions of measured circuits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qiskit_ibm_runtime.local.mitigation import readout
from qiskit_ibm_runtime.local.simulation import exact
from qiskit_ibm_runtime.local.simulation.transpiling_backend import TranspilingBackend

from . import parts
from .inputs import DEFAULT_SHOTS, PrimitiveInputs

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

HIGHEST_LEVEL = 1


def main(backend: Any, user_messenger: Any, **inputs: Any) -> dict[str, Any]:
    """Sample each circuit; resilience level 1 corrects readout errors."""
    given = PrimitiveInputs.of(inputs, HIGHEST_LEVEL)
    machine = TranspilingBackend(backend, given.transpilation, given.run)
    plan = parts.plan([1] * len(given.indices), 1)
    results = []
    for number in user_messenger.share(len(plan)):
        machine.begin(number)
        results.append(_sampled(machine, given.only([piece.question for piece in plan[number]])))
    return parts.concatenate(results)


def _sampled(machine: TranspilingBackend, given: PrimitiveInputs) -> dict[str, Any]:
    circuits = transpile(machine, given)
    headers = [given.circuits[index].metadata or {} for index in given.indices]
    if given.run.shots is None and exact.is_possible(machine, circuits):
        dists = exact.distributions(machine, circuits, given.values)
        return _result(dists, [{"header_metadata": header, "shots": None} for header in headers])

    shots = given.run.shots or DEFAULT_SHOTS
    outcomes = machine.outcomes(circuits, shots, given.values)
    metadata: list[dict[str, Any]] = [{"header_metadata": h, "shots": shots} for h in headers]
    if given.resilience.level == 0:
        dists = [dict(zip(seen.labels(), (seen.counts / seen.shots).tolist())) for seen in outcomes]
        return _result(dists, metadata)
    corrected = readout.correct(machine, circuits, outcomes)
    for entry, correction in zip(metadata, corrected):
        entry["readout_mitigation_overhead"] = correction.overhead
        entry["readout_mitigation_time"] = correction.seconds
    return _result([correction.distribution for correction in corrected], metadata)


def transpile(machine: TranspilingBackend, given: PrimitiveInputs) -> list[QuantumCircuit]:
    """Return the transpiled circuits, one object for equal indices.

    Raises:
        ValueError: If a circuit has no measurements.
    """
    asked = sorted(set(given.indices))
    ready = dict(zip(asked, machine.transpile([given.circuits[index] for index in asked])))
    for index, circuit in ready.items():  # measurements may have stood inside of instructions
        if not any(item.operation.name == "measure" for item in circuit.data):
            name = given.circuits[index].name
            raise ValueError(f"Circuit {index} ({name!r}) has no measurements to sample.")
    return [ready[index] for index in given.indices]


def _result(dists: list[dict[str, float]], metadata: list[dict[str, Any]]) -> dict[str, Any]:
    return {"quasi_dists": [dict(sorted(dist.items())) for dist in dists], "metadata": metadata}
