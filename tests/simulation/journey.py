"""Random circuits that are sent, received and run: many in a job, each job in its own way."""

from __future__ import annotations

import math
import random
from typing import Any

import numpy as np
from qiskit.quantum_info import SparsePauliOp
from qiskit_aer.noise import NoiseModel

from qiskit_ibm_runtime import Estimator, Options, QiskitRuntimeService, Sampler

from . import drawn, exact
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
    """What is wrong with the results of one job with the circuits of these seeds.

    Backend, level and program are drawn from the first seed. A device is given an ideal noise
    model, so that results can be exact but for the shots. A right circuit is found wrong with a
    probability of 10^-10 at most.
    """
    rng = random.Random(seeds[0])
    backend, settings = rng.choice(PLACES)
    level, program = rng.randrange(4), rng.choice([_sampled, _sampled, _estimated, _run])
    circuits = [drawn.circuit(seed) for seed in seeds]
    options = Options(optimization_level=level, resilience_level=0)
    options.execution.shots = SHOTS
    options.simulator = {**settings, "seed_simulator": seeds[0], "noise_model": NoiseModel()}
    found = program(service, backend, options, circuits, rng)
    return [f"{backend} {settings} level {level} {program.__name__}: {fault}" for fault in found]


def _compared(circuits: list[drawn.Drawn], results: list[dict[int, float]]) -> list[str]:
    told = [
        (each.circuit.name, disagreement(seen, exact.distribution(each.bound), SHOTS))
        for each, seen in zip(circuits, results)
    ]
    return [f"{name}: {fault}" for name, fault in told if fault]


def _sampled(
    service: Any, backend: str, options: Options, circuits: list[drawn.Drawn], rng: random.Random
) -> list[str]:
    sampler = Sampler(session=service.backend(backend), options=options)
    job = sampler.run([each.circuit for each in circuits], [each.row for each in circuits])
    return _compared(circuits, job.result().quasi_dists)


def _run(
    service: Any, backend: str, options: Options, circuits: list[drawn.Drawn], rng: random.Random
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
    service: Any, backend: str, options: Options, circuits: list[drawn.Drawn], rng: random.Random
) -> list[str]:
    """Means of three Pauli terms lie within what Hoeffding's inequality allows, each of them."""
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


def _turned(each: drawn.Drawn) -> drawn.Drawn:
    """A circuit none of whose measurements is the last thing that happens to a qubit."""
    turned = each.circuit.copy()
    turned.ry(0.3, range(turned.num_qubits))
    return drawn.Drawn(turned, each.values)


def _operator(width: int, rng: random.Random) -> SparsePauliOp:
    labels = {"".join(rng.choice("IXYZ") for _ in range(width)) for _ in range(3)}
    return SparsePauliOp(sorted(labels), [rng.uniform(-1, 1) for _ in labels])
