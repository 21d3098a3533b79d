"""qiskit-machine-learning: a kernel for a support vector machine, and a variational classifier."""

from __future__ import annotations

import numpy as np
from qiskit.circuit.library import RealAmplitudes, ZZFeatureMap
from qiskit.primitives import Sampler as ReferenceSampler
from qiskit_algorithms.optimizers import GradientDescent
from qiskit_algorithms.state_fidelities import ComputeUncompute
from qiskit_algorithms.utils import algorithm_globals
from qiskit_machine_learning.algorithms import VQC
from qiskit_machine_learning.kernels import FidelityQuantumKernel
from sklearn.svm import SVC

from qiskit_ibm_runtime import Sampler

SEED = 42
SHOTS = 20_000
POINTS = np.array([[0.1, 0.3], [0.3, 0.2], [0.2, 0.1], [2.4, 2.9], [2.8, 2.5], [2.6, 2.7]])
UNSEEN = np.array([[0.25, 0.15], [2.5, 2.75]])
LABELS = np.array([0, 0, 0, 1, 1, 1])
START = np.array([0.1, 0.2, 0.3, 0.4])


def kernel(primitive: object) -> FidelityQuantumKernel:
    return FidelityQuantumKernel(
        feature_map=ZZFeatureMap(2, reps=1), fidelity=ComputeUncompute(sampler=primitive)
    )


def test_fidelity_kernel_and_classifier_agree_with_reference(sampler: Sampler) -> None:
    def classified(primitive: object) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return the kernel matrices of known and unseen points, and the predicted classes."""
        algorithm_globals.random_seed = SEED
        measure = kernel(primitive)
        known, unseen = measure.evaluate(POINTS), measure.evaluate(UNSEEN, POINTS)
        machine = SVC(kernel="precomputed").fit(known, LABELS)
        assert machine.predict(known).tolist() == LABELS.tolist()
        return known, unseen, machine.predict(unseen)

    known, unseen, predicted = classified(sampler)
    exact_known, exact_unseen, expected = classified(ReferenceSampler())

    # Five deviations of a fidelity, which is a probability. Projecting the square matrix on
    # positive semidefinite ones adds at most as much again.
    five_sigma = 5 * np.sqrt(0.25 / SHOTS)
    assert np.abs(known - exact_known).max() < 2 * five_sigma
    assert np.abs(unseen - exact_unseen).max() < five_sigma
    assert predicted.tolist() == expected.tolist() == [0, 1]


def test_variational_classifier_step_agrees_with_reference(sampler: Sampler) -> None:
    def train(primitive: object) -> VQC:
        algorithm_globals.random_seed = SEED
        classifier = VQC(
            feature_map=ZZFeatureMap(2, reps=1),
            ansatz=RealAmplitudes(2, reps=1),
            optimizer=GradientDescent(maxiter=1, learning_rate=0.1),
            initial_point=START,
            sampler=primitive,
        )
        return classifier.fit(POINTS, np.eye(2)[LABELS])

    ours, reference = train(sampler), train(ReferenceSampler())

    # A derivative of a probability is sampled to 0.0025, one of the loss to at most twice that (the
    # mean over six points of 1/p times it), and the step is a tenth of it: five deviations.
    np.testing.assert_allclose(ours.weights, reference.weights, atol=0.0025)
    assert np.abs(reference.weights - START).max() > 0.01
    probabilities = ours.neural_network.forward(POINTS, ours.weights)
    expected = reference.neural_network.forward(POINTS, ours.weights)
    assert np.abs(probabilities - expected).max() < 5 * np.sqrt(0.25 / SHOTS)
