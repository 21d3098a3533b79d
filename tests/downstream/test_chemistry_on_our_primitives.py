"""qiskit-nature: the ground state of hydrogen by VQE."""

from __future__ import annotations

import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter
from qiskit.primitives import Estimator as ReferenceEstimator
from qiskit_algorithms import VQE, NumPyMinimumEigensolver
from qiskit_algorithms.optimizers import COBYLA
from qiskit_nature.second_q.algorithms import GroundStateEigensolver
from qiskit_nature.second_q.drivers import PySCFDriver
from qiskit_nature.second_q.mappers import ParityMapper

from qiskit_ibm_runtime import Estimator

HARTREE_NOISE = 0.012  # 5 deviations of the energy at 20,000 shots: 5 * 0.33 / sqrt(20,000)
PUBLISHED = -1.137306  # full configuration interaction, STO-3G, 0.735 angstrom


def ansatz() -> QuantumCircuit:
    """One excitation between the two configurations that hydrogen mixes."""
    theta = Parameter("theta")
    circuit = QuantumCircuit(2)
    circuit.x(0)
    circuit.ry(theta, 1)
    circuit.cx(1, 0)
    return circuit


def test_the_ground_state_of_hydrogen_agrees_with_reference_and_published_energy(
    estimator: Estimator,
) -> None:
    problem = PySCFDriver(atom="H 0 0 0; H 0 0 0.735", basis="sto3g").run()
    mapper = ParityMapper(num_particles=problem.num_particles)

    def energy(primitive: object) -> float:
        solver = VQE(primitive, ansatz(), COBYLA(maxiter=25, rhobeg=0.5), initial_point=[0.0])
        return float(GroundStateEigensolver(mapper, solver).solve(problem).total_energies[0])

    ours, reference = energy(estimator), energy(ReferenceEstimator())
    exact = GroundStateEigensolver(mapper, NumPyMinimumEigensolver()).solve(problem)

    assert exact.total_energies[0] == pytest.approx(PUBLISHED, abs=1e-5)
    assert ours == pytest.approx(reference, abs=HARTREE_NOISE)
    assert ours == pytest.approx(PUBLISHED, abs=HARTREE_NOISE)
