"""Random circuits submitted to a service: many per job, each job with different options."""

from __future__ import annotations

import math
import random
from typing import Any

import numpy as np
from qiskit.quantum_info import SparsePauliOp
from qiskit_aer.noise import NoiseModel

from qiskit_ibm_runtime import Estimator, Options, QiskitRuntimeService, Sampler

from . import exact, random_circuit
from .agreement import FALSE_ALARM, disagreement
from .conftest import LINE, ONE_WAY

SHOTS = 1000
PLACES: list[tuple[str, dict[str, Any]]] = [
    ("ibmq_qasm_simulator", {}),
    ("simulator_statevector", {}),
    ("simulator_mps", {}),
    ("fake_manila", {}),
    ("fake_lagos", {}),
    ("ibmq_qasm_simulator", {"coupling_map": LINE}),
    ("ibmq_qasm_simulator", {"coupling_map": ONE_WAY, "basis_gates": ["h", "p", "cx", "rx", "id"]}),
    ("simulator_statevector", {"basis_gates": ["u", "cz", "id"]}),
]


def faults(service: QiskitRuntimeService, seeds: list[int]) -> list[str]:
    """Run one job with the circuits of these seeds, and describe how its results are wrong.

    Backend, level and program are drawn from the first seed. Devices get an ideal noise model, so
    that results are exact up to shot noise. A correct circuit is rejected with a probability of
    10^-10 at most.
    """
    rng = random.Random(seeds[0])
    backend, settings = rng.choice(PLACES)
    level, program = rng.randrange(4), rng.choice([_sampled, _sampled, _estimated, _run])
    circuits = [random_circuit.circuit(seed) for seed in seeds]
    options = Options(optimization_level=level, resilience_level=0)
    options.execution.shots = SHOTS
    options.simulator = {**settings, "seed_simulator": seeds[0], "noise_model": NoiseModel()}
    found = program(service, backend, options, circuits, rng)
    return [f"{backend} {settings} level {level} {program.__name__}: {fault}" for fault in found]


def _compared(
    circuits: list[random_circuit.RandomCircuit], results: list[dict[int, float]]
) -> list[str]:
    described = [
        (each.circuit.name, disagreement(seen, exact.distribution(each.bound), SHOTS))
        for each, seen in zip(circuits, results)
    ]
    return [f"{name}: {fault}" for name, fault in described if fault]


def _sampled(
    service: Any,
    backend: str,
    options: Options,
    circuits: list[random_circuit.RandomCircuit],
    rng: random.Random,
) -> list[str]:
    sampler = Sampler(session=service.backend(backend), options=options)
    job = sampler.run([each.circuit for each in circuits], [each.row for each in circuits])
    return _compared(circuits, job.result().quasi_dists)


def _run(
    service: Any,
    backend: str,
    options: Options,
    circuits: list[random_circuit.RandomCircuit],
    rng: random.Random,
) -> list[str]:
    simulator: dict[str, Any] = dict(options.simulator)  # type: ignore[call-overload]
    transpiler = {name: simulator.get(name) for name in ("coupling_map", "basis_gates")}
    inputs = {
        "circuits": [each.bound for each in circuits],
        "shots": SHOTS,
        "optimization_level": options.optimization_level,
        "seed_simulator": simulator["seed_simulator"],
        "noise_model": simulator["noise_model"],
        "transpiler_options": transpiler,
    }
    result = service.run("circuit-runner", inputs, options={"backend": backend}).result()
    counts = [result.data(number)["counts"] for number in range(len(circuits))]
    frequencies = [{int(key, 16): n / SHOTS for key, n in each.items()} for each in counts]
    return _compared(circuits, frequencies)


def _estimated(
    service: Any,
    backend: str,
    options: Options,
    circuits: list[random_circuit.RandomCircuit],
    rng: random.Random,
) -> list[str]:
    """Check that the means of three Pauli terms satisfy Hoeffding's inequality."""
    circuits = [_turned(each) for each in circuits]
    observables = [_operator(each.circuit.num_qubits, rng) for each in circuits]
    estimator = Estimator(session=service.backend(backend), options=options)
    job = estimator.run(
        [each.circuit for each in circuits], observables, [each.row for each in circuits]
    )
    found = []
    for each, operator, value in zip(circuits, observables, job.result().values):
        truth = exact.expectation(each.bound, operator).real
        weight = float(np.abs(operator.coeffs).sum())
        bound = weight * math.sqrt(2 * math.log(2 * len(operator) / FALSE_ALARM) / SHOTS)
        if abs(value - truth) > bound:
            found.append(f"{each.circuit.name}: {operator} is {value:.3f}, true {truth:.3f}")
    return found


def _turned(each: random_circuit.RandomCircuit) -> random_circuit.RandomCircuit:
    """Return a circuit without final measurements."""
    turned = each.circuit.copy()
    turned.ry(0.3, range(turned.num_qubits))
    return random_circuit.RandomCircuit(turned, each.values)


def _operator(width: int, rng: random.Random) -> SparsePauliOp:
    labels = {"".join(rng.choice("IXYZ") for _ in range(width)) for _ in range(3)}
    return SparsePauliOp(sorted(labels), [rng.uniform(-1, 1) for _ in labels])
