"""Transpile circuits, run them, and if asked for correct the errors of their measurements."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from qiskit.circuit import QuantumCircuit
from qiskit.compiler import schedule, transpile

if TYPE_CHECKING:
    from qiskit.providers import BackendV1, BackendV2

    from qiskit_ibm_runtime.program import UserMessenger


def main(
    backend: BackendV1 | BackendV2,
    user_messenger: UserMessenger,  # noqa: ARG001  # every program has this parameter
    circuits: QuantumCircuit | list[QuantumCircuit],
    initial_layout: Any = None,
    seed_transpiler: int | None = None,
    optimization_level: int | None = None,
    transpiler_options: dict[str, Any] | None = None,
    scheduling_method: str | None = None,
    schedule_circuit: bool = False,
    inst_map: Any = None,
    meas_map: Any = None,
    measurement_error_mitigation: bool = False,
    **run_config: Any,
) -> dict[str, Any]:
    """Entry point: the service calls it with the backend, the messenger and the user's inputs.

    Args:
        backend: Where to run the circuits.
        user_messenger: Not used; there are no interim results.
        circuits: One circuit or several.
        initial_layout: Where the transpiler starts to place the qubits.
        seed_transpiler: Makes the transpiler's choices repeatable.
        optimization_level: How hard the transpiler tries, 0 to 3.
        transpiler_options: Further arguments of ``qiskit.transpile``.
        scheduling_method: Method of the scheduler.
        schedule_circuit: Whether to run pulse schedules of the circuits.
        inst_map: Pulses of the instructions, for the scheduler.
        meas_map: Qubits that are measured together, for the scheduler.
        measurement_error_mitigation: Whether to add ``quasiprobabilities`` to the data of each
            circuit, in which the readout errors of the backend are corrected.
        run_config: Further arguments of ``backend.run``.

    Returns:
        The result of the backend as a dictionary.
    """
    transpiled = transpile(
        [circuits] if isinstance(circuits, QuantumCircuit) else list(circuits),
        backend,
        initial_layout=initial_layout,
        seed_transpiler=seed_transpiler,
        optimization_level=optimization_level,
        **(transpiler_options or {}),
    )
    to_run = transpiled
    if schedule_circuit:
        to_run = schedule(
            transpiled, backend, inst_map=inst_map, meas_map=meas_map, method=scheduling_method
        )
    result: dict[str, Any] = backend.run(to_run, **run_config).result().to_dict()
    if measurement_error_mitigation:
        add_quasiprobabilities(result, transpiled, backend, run_config)
    return result


def add_quasiprobabilities(
    result: dict[str, Any],
    circuits: list[QuantumCircuit],
    backend: BackendV1 | BackendV2,
    run_config: dict[str, Any],
) -> None:
    """Correct the counts in a result for readout errors, which are measured first."""
    mappings = [final_measurement_mapping(circuit) for circuit in circuits]
    qubits = sorted({qubit for mapping in mappings for qubit in mapping.values()})
    confusion = measure_confusion(qubits, circuits[0].num_qubits, backend, run_config)
    for experiment, mapping in zip(result["results"], mappings):
        counts = {int(key, 16): count for key, count in experiment["data"]["counts"].items()}
        corrected = corrected_distribution(
            counts, {clbit: confusion[qubit] for clbit, qubit in mapping.items()}
        )
        experiment["data"]["quasiprobabilities"] = {hex(k): p for k, p in corrected.items()}
        experiment["header"]["final_measurement_mapping"] = mapping


def final_measurement_mapping(circuit: QuantumCircuit) -> dict[int, int]:
    """Qubit that is measured last into each classical bit, both by their index."""
    return {
        circuit.find_bit(instruction.clbits[0]).index: circuit.find_bit(instruction.qubits[0]).index
        for instruction in circuit.data
        if instruction.operation.name == "measure"
    }


def measure_confusion(
    qubits: list[int],
    num_qubits: int,
    backend: BackendV1 | BackendV2,
    run_config: dict[str, Any],
) -> dict[int, np.ndarray]:
    """Chance of each qubit to be read as ``row`` after it was prepared as ``column``."""
    prepared = []
    for state in (0, 1):
        circuit = QuantumCircuit(num_qubits, len(qubits))
        if state:
            circuit.x(qubits)
        circuit.measure(qubits, range(len(qubits)))
        prepared.append(transpile(circuit, backend, initial_layout=list(range(num_qubits))))
    result = backend.run(prepared, **run_config).result()
    columns = [chances_of_one(result.get_counts(state), len(qubits)) for state in (0, 1)]
    return {
        qubit: np.array([[1 - columns[0][i], 1 - columns[1][i]], [columns[0][i], columns[1][i]]])
        for i, qubit in enumerate(qubits)
    }


def chances_of_one(counts: dict[str, int], num_bits: int) -> list[float]:
    """How often each bit was read as 1."""
    shots = sum(counts.values())
    return [
        sum(count for bits, count in counts.items() if bits[-1 - i] == "1") / shots
        for i in range(num_bits)
    ]


def corrected_distribution(
    counts: dict[int, int], confusion: dict[int, np.ndarray]
) -> dict[int, float]:
    """Undo independent readout errors within the space of the values that were measured.

    That space has at most as many values as there were shots, however many bits there are.
    """
    values = list(counts)
    transition = np.ones((len(values), len(values)))
    for clbit, matrix in confusion.items():
        bits = np.array([value >> clbit & 1 for value in values])
        transition *= matrix[np.ix_(bits, bits)]
    transition /= transition.sum(axis=0)
    measured = np.array([counts[value] for value in values], dtype=float)
    corrected = np.linalg.solve(transition, measured / measured.sum())
    return dict(zip(values, corrected.tolist()))
