"""qiskit-optimization: the largest cut of a graph by QAOA."""

from __future__ import annotations

from typing import Any

import networkx as nx
import numpy as np
import pytest
from qiskit.primitives import Sampler as ReferenceSampler
from qiskit.quantum_info import Statevector
from qiskit_algorithms import QAOA
from qiskit_algorithms.optimizers import COBYLA
from qiskit_algorithms.utils import algorithm_globals
from qiskit_optimization.algorithms import MinimumEigenOptimizer
from qiskit_optimization.applications import Maxcut

from qiskit_ibm_runtime import Sampler

SEED = 42
SHOTS = 20_000
FIVE_SIGMA = 5 * np.sqrt(0.25 / SHOTS)  # largest standard deviation of a probability


def solve(primitive: object) -> Any:
    """Two layers can cut this square perfectly: opposite corners belong together."""
    algorithm_globals.random_seed = SEED
    program = Maxcut(nx.Graph([(0, 1), (1, 2), (2, 3), (3, 0)])).to_quadratic_program()
    start = [0.6, 0.4, 0.4, 0.6]
    solver = QAOA(primitive, COBYLA(maxiter=30, rhobeg=0.3), reps=2, initial_point=start)
    return MinimumEigenOptimizer(solver).solve(program)


def test_qaoa_finds_the_maximum_cut_like_the_reference(sampler: Sampler) -> None:
    ours, reference = solve(sampler), solve(ReferenceSampler())

    assert ours.fval == reference.fval == pytest.approx(4)
    assert list(ours.x) in ([0, 1, 0, 1], [1, 0, 1, 0])
    # Among 20,000 samples, guessing finds the best cut too; the quality of the angles shows in
    # the energy: 0 at random, -2 for a perfect cut.
    energy, expected = (result.min_eigen_solver_result.eigenvalue for result in (ours, reference))
    assert expected == pytest.approx(-2, abs=0.01)
    # Four edges of half a unit: one shot deviates by less than 2, and near the optimum, where
    # nearly every shot is the best cut, by far less.
    assert energy == pytest.approx(expected, abs=5 * 2 / np.sqrt(SHOTS))


def test_qaoa_samples_the_state_at_the_optimal_angles(sampler: Sampler) -> None:
    found = solve(sampler).min_eigen_solver_result
    circuit = found.optimal_circuit.remove_final_measurements(inplace=False)
    exact = Statevector(circuit.assign_parameters(found.optimal_parameters)).probabilities()

    sampled = np.array([found.eigenstate.get(outcome, 0.0) for outcome in range(16)])

    assert np.abs(sampled - exact).max() < FIVE_SIGMA
    assert sampled[0b0101] + sampled[0b1010] > 0.95  # 1/8 at random
