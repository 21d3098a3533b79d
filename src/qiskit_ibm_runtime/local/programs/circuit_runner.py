"""The ``circuit-runner`` program: transpile and run circuits, and return the complete result."""

from __future__ import annotations

import json
import logging
from typing import Any

import numpy as np
from qiskit import QuantumCircuit

from qiskit_ibm_runtime.local.mitigation import readout
from qiskit_ibm_runtime.local.simulation.outcomes import Outcomes
from qiskit_ibm_runtime.local.simulation.transpiling_backend import TranspilingBackend

from .inputs import Run, Transpilation

logger = logging.getLogger(__name__)

_TRANSPILING = (
    "initial_layout",
    "layout_method",
    "routing_method",
    "translation_method",
    "scheduling_method",
    "seed_transpiler",
    "optimization_level",
)
_NOTHING_TO_DO = ("init_qubits", "rep_delay", "inst_map", "meas_map", "use_measure_esp")


def main(backend: Any, user_messenger: Any, **inputs: Any) -> dict[str, Any]:
    """Run circuits; with ``measurement_error_mitigation``, also correct readout errors."""
    circuits = inputs.pop("circuits")
    given = [circuits] if isinstance(circuits, QuantumCircuit) else list(circuits)
    mitigate = inputs.pop("measurement_error_mitigation", False)
    if inputs.pop("schedule_circuit", False):
        raise ValueError("Pulse schedules are not supported; set schedule_circuit to False.")
    for name in _NOTHING_TO_DO:
        if inputs.pop(name, None) is not None:
            logger.info("Ignoring input %r, which has no effect on a simulator.", name)
    asked = {name: inputs.pop(name, None) for name in _TRANSPILING}
    asked.update(inputs.pop("transpiler_options", None) or {})
    run_config = {name: value for name, value in inputs.items() if value is not None}
    machine = _machine(backend, asked, run_config)
    fitted = machine.transpile(given)
    run_config["noise_model"] = machine.given_noise
    result = backend.run(fitted, **run_config).result().to_dict()
    if not result["success"]:
        raise RuntimeError(f"The circuits could not be run: {result['status']}")
    if mitigate:
        _add_quasiprobabilities(result, machine, fitted)
    # The client expects plain JSON, without type tags for dates and numpy numbers.
    return json.loads(json.dumps(result, default=_plain))  # type: ignore[no-any-return]


def _machine(backend: Any, asked: dict[str, Any], run_config: dict[str, Any]) -> TranspilingBackend:
    """Create the transpiling backend from the options of the program."""
    names = ("shots", "seed_simulator", "noise_model")
    run = Run.of({name: run_config[name] for name in names if name in run_config})
    return TranspilingBackend(backend, Transpilation.of_the_transpiler(asked), run)


def _add_quasiprobabilities(
    result: dict[str, Any], machine: TranspilingBackend, circuits: list[QuantumCircuit]
) -> None:
    outcomes = [
        Outcomes.of(experiment["data"]["counts"], circuit.num_clbits)
        for experiment, circuit in zip(result["results"], circuits)
    ]
    corrections = readout.correct(machine, circuits, outcomes)
    for experiment, circuit, correction in zip(result["results"], circuits, corrections):
        quasi = {hex(int(key, 2)): value for key, value in correction.distribution.items()}
        experiment["data"]["quasiprobabilities"] = quasi
        mapping = readout.last_measured(circuit)
        experiment["header"]["final_measurement_mapping"] = mapping


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, complex):
        return [value.real, value.imag]
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
