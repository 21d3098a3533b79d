"""What each level of resilience gains on noisy devices: ``python -m benchmarks.mitigation``.

Prints the tables of ``docs/error-mitigation.md``: for each device and level the mean error against
the exact value, in how many circuits it is smaller than at level 0, and what it costs.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import time
import warnings
from typing import TYPE_CHECKING, Any

os.environ["QISKIT_PARALLEL"] = "FALSE"

import numpy as np
from qiskit import QuantumCircuit
from qiskit.quantum_info import SparsePauliOp, Statevector

if TYPE_CHECKING:
    from collections.abc import Iterator

DEVICES = ("fake_manila", "fake_nairobi", "fake_guadalupe")
QUBITS = 4
SHOTS = 4000
ISING = SparsePauliOp.from_list(
    [("IIZZ", 1.0), ("IZZI", 1.0), ("ZZII", 1.0)]
    + [("I" * n + "X" + "I" * (QUBITS - 1 - n), 0.7) for n in range(QUBITS)]
)


def ansatz(seed: int, layers: int = 4) -> QuantumCircuit:
    """Layers of random rotations and of cx between neighbors."""
    rng = np.random.default_rng(seed)
    circuit = QuantumCircuit(QUBITS)
    for layer in range(layers):
        for qubit in range(QUBITS):
            circuit.ry(rng.uniform(0, 2 * math.pi), qubit)
            circuit.rz(rng.uniform(0, 2 * math.pi), qubit)
        for qubit in range(layer % 2, QUBITS - 1, 2):
            circuit.cx(qubit, qubit + 1)
    return circuit


def trotter(steps: int, time_step: float = 0.25) -> QuantumCircuit:
    """Evolution under the Ising model in a transverse field, from the ground state."""
    circuit = QuantumCircuit(QUBITS)
    for _ in range(steps):
        for qubit in range(QUBITS - 1):
            circuit.rzz(2 * time_step, qubit, qubit + 1)
        for qubit in range(QUBITS):
            circuit.rx(2 * 0.7 * time_step, qubit)
    return circuit


def cat(angle: float) -> QuantumCircuit:
    """A chain of cx after one turn: a cat state with unequal parts."""
    circuit = QuantumCircuit(QUBITS)
    circuit.ry(angle, 0)
    for qubit in range(QUBITS - 1):
        circuit.cx(qubit, qubit + 1)
    return circuit


def circuits() -> list[QuantumCircuit]:
    """Twelve circuits, four of each kind."""
    return (
        [ansatz(seed) for seed in range(4)]
        + [trotter(steps) for steps in (1, 2, 3, 4)]
        + [cat(angle) for angle in (0.5, 1.0, 1.5, 2.5)]
    )


def run(program: str, device: str, level: int, **inputs: Any) -> tuple[dict[str, Any], float]:
    """The result of a program in this process, and its seconds."""
    from qiskit_ibm_runtime.local import programs
    from qiskit_ibm_runtime.local.execution.job import Messenger
    from qiskit_ibm_runtime.local.simulation.backend import LocalBackend

    backend = LocalBackend.of(device)
    started = time.perf_counter()
    result = programs.load(program)(
        backend,
        Messenger(lambda _: None),
        resilience_settings={"level": level},
        transpilation_settings={"optimization_settings": {"level": 3}},
        run_options={"shots": SHOTS, "seed_simulator": 11},
        **inputs,
    )
    return result, time.perf_counter() - started


def estimator_errors(device: str, level: int) -> tuple[Any, list[dict[str, Any]], float]:
    """Error of each circuit, metadata, and seconds."""
    exact = [Statevector(circuit).expectation_value(ISING).real for circuit in circuits()]
    given = circuits()
    result, seconds = run(
        "estimator", device, level, circuits=given, observables=[ISING] * len(given)
    )
    return np.abs(np.subtract(result["values"], exact)), result["metadata"], seconds


def sampler_errors(device: str, level: int) -> tuple[Any, list[dict[str, Any]], float]:
    """Total variation distance of each circuit, metadata, and seconds."""
    exact = np.array([Statevector(circuit).probabilities() for circuit in circuits()])
    given = circuits()
    for circuit in given:
        circuit.measure_all()
    result, seconds = run("sampler", device, level, circuits=given)
    keys = [format(key, f"0{QUBITS}b") for key in range(2**QUBITS)]
    seen = [[dist.get(key, 0.0) for key in keys] for dist in result["quasi_dists"]]
    return np.abs(seen - exact).sum(axis=1) / 2, result["metadata"], seconds


def rows(device: str) -> Iterator[dict[str, Any]]:
    for program, measure, highest in (
        ("sampler", sampler_errors, 1),
        ("estimator", estimator_errors, 3),
    ):
        plain = None
        for level in range(highest + 1):
            errors, metadata, seconds = measure(device, level)
            plain = errors if plain is None else plain
            yield {
                "device": device,
                "program": program,
                "level": level,
                "error": float(errors.mean()),
                "largest": float(errors.max()),
                "improved": int((errors < plain).sum()),
                "circuits": len(errors),
                "shots": float(np.mean([entry["shots"] for entry in metadata])) / SHOTS,
                "seconds": seconds,
            }


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.mitigation", description=__doc__)
    parser.add_argument("devices", nargs="*", default=DEVICES, metavar="DEVICE")
    parser.add_argument("--json", action="store_true", help="one JSON object for each row")
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    if not given.json:
        print("| device | program | level | mean error | largest | improved | relative shots | s |")
        print("|---|---|---|---|---|---|---|---|")
    for device in given.devices:
        for row in rows(device):
            if given.json:
                print(json.dumps(row), flush=True)
                continue
            print(
                "| {device} | {program} | {level} | {error:.3f} | {largest:.3f} "
                "| {improved} of {circuits} | {shots:.1f} | {seconds:.1f} |".format(**row),
                flush=True,
            )


if __name__ == "__main__":
    main()
