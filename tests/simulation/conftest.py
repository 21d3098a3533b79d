"""Sample circuits in this process, without a server."""

from __future__ import annotations

from typing import Any

from qiskit import QuantumCircuit
from qiskit_aer.noise import NoiseModel

from qiskit_ibm_runtime.local.programs import sampler
from qiskit_ibm_runtime.local.simulation.backend import LocalBackend

from . import exact
from .agreement import disagreement


class WholeJob:
    """Messenger of a program that runs all parts of its job."""

    part = None

    def share(self, parts: int) -> range:
        return range(parts)


SHOTS = 2000
LINE = [[0, 1], [1, 0], [1, 2], [2, 1], [2, 3], [3, 2], [3, 4], [4, 3]]
ONE_WAY = [[0, 1], [2, 1], [2, 3], [3, 4]]


def sampled(
    circuits: list[QuantumCircuit],
    backend: str = "ibmq_qasm_simulator",
    level: int = 1,
    noise: NoiseModel | None = None,
    values: Any = None,
    **settings: Any,
) -> list[dict[int, float]]:
    """Return the outcome frequencies of each circuit; devices are noiseless without ``noise``."""
    if noise is None:
        noise = NoiseModel()
    result = sampler.main(
        LocalBackend.of(backend),
        WholeJob(),
        circuits=circuits,
        parameter_values=values,
        transpilation_settings={**settings, "optimization_settings": {"level": level}},
        resilience_settings={"level": 0},
        run_options={"shots": SHOTS, "seed_simulator": 11, "noise_model": noise},
    )
    return [{int(key, 2): v for key, v in dist.items()} for dist in result["quasi_dists"]]


def check(circuits: list[QuantumCircuit], *arguments: Any, **options: Any) -> None:
    """Sample circuits and compare each with its exact distribution."""
    for circuit, seen in zip(circuits, sampled(circuits, *arguments, **options)):
        wrong = disagreement(seen, exact.distribution(circuit), SHOTS)
        assert not wrong, f"{circuit.name} {arguments} {options}: {wrong}"
