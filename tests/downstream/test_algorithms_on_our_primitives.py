"""qiskit-algorithms: eigensolvers, amplitude estimation and gradients."""

from __future__ import annotations

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter
from qiskit.primitives import Estimator as ReferenceEstimator
from qiskit.primitives import Sampler as ReferenceSampler
from qiskit.quantum_info import SparsePauliOp
from qiskit_algorithms import AmplitudeEstimation, EstimationProblem, IterativeAmplitudeEstimation
from qiskit_algorithms.gradients import ParamShiftEstimatorGradient, ParamShiftSamplerGradient
from qiskit_algorithms.utils import algorithm_globals

from qiskit_ibm_runtime import Estimator, Sampler

SEED = 42
SHOTS = 20_000


def test_parameter_shift_gradients_agree_with_exact_values(estimator: Estimator) -> None:
    a, b = Parameter("a"), Parameter("b")
    circuit = QuantumCircuit(2)
    circuit.ry(a, 0)
    circuit.cx(0, 1)
    circuit.rx(b, 1)
    observable = SparsePauliOp(["ZZ", "XI"], [1.0, 0.5])
    points = [[0.3, 1.1], [2.0, -0.4]]

    ours = ParamShiftEstimatorGradient(estimator).run([circuit] * 2, [observable] * 2, points)
    exact = ParamShiftEstimatorGradient(ReferenceEstimator()).run(
        [circuit] * 2, [observable] * 2, points
    )

    # Half the difference of two sampled energies, each with a deviation below 1.5 / sqrt(shots).
    tolerance = 5 * 1.5 / np.sqrt(2 * SHOTS)
    np.testing.assert_allclose(
        np.array(ours.result().gradients), np.array(exact.result().gradients), atol=tolerance
    )


def test_sampler_gradients_agree_with_exact_values(sampler: Sampler) -> None:
    angle = Parameter("angle")
    circuit = QuantumCircuit(1)
    circuit.ry(angle, 0)
    circuit.measure_all()

    ours = ParamShiftSamplerGradient(sampler).run([circuit], [[0.7]]).result().gradients[0][0]
    exact = (
        ParamShiftSamplerGradient(ReferenceSampler()).run([circuit], [[0.7]]).result()
    ).gradients[0][0]

    tolerance = 5 * np.sqrt(0.25 / SHOTS) / np.sqrt(2)
    assert ours == pytest.approx(exact, abs=tolerance)


class TestAmplitudeEstimation:
    probability = 0.2

    def problem(self) -> EstimationProblem:
        angle = 2 * np.arcsin(np.sqrt(self.probability))
        prepare, grover = QuantumCircuit(1), QuantumCircuit(1)
        prepare.ry(angle, 0)
        grover.ry(2 * angle, 0)
        return EstimationProblem(prepare, objective_qubits=[0], grover_operator=grover)

    def test_canonical_form_agrees_with_reference_sampler(self, sampler: Sampler) -> None:
        ours = AmplitudeEstimation(num_eval_qubits=3, sampler=sampler).estimate(self.problem())
        exact = AmplitudeEstimation(num_eval_qubits=3, sampler=ReferenceSampler()).estimate(
            self.problem()
        )

        assert ours.estimation == pytest.approx(exact.estimation)  # the same grid point
        # With M = 8 applications, a shot determines the amplitude a to sqrt(a(1 - a)) / M = 0.05 at
        # best, and 20,000 of them to 0.00035: five deviations.
        assert ours.mle == pytest.approx(exact.mle, abs=0.002)

    def test_iterative_form_contains_the_probability_and_reference(self, sampler: Sampler) -> None:
        def interval(primitive: object) -> tuple[float, float]:
            algorithm_globals.random_seed = SEED
            algorithm = IterativeAmplitudeEstimation(
                epsilon_target=0.01, alpha=1e-4, sampler=primitive
            )
            return algorithm.estimate(self.problem()).confidence_interval

        low, high = interval(sampler)
        reference_low, reference_high = interval(ReferenceSampler())

        assert low <= self.probability <= high
        assert high - low <= 0.02
        assert max(low, reference_low) <= min(high, reference_high)
