"""qiskit-optimization: the largest cut of a graph by QAOA."""

from __future__ import annotations

import networkx as nx
import pytest
from qiskit.primitives import Sampler as ReferenceSampler
from qiskit_algorithms import QAOA
from qiskit_algorithms.optimizers import COBYLA
from qiskit_optimization.algorithms import MinimumEigenOptimizer
from qiskit_optimization.applications import Maxcut

from qiskit_ibm_runtime import Sampler


def test_qaoa_finds_the_largest_cut_that_the_reference_finds(sampler: Sampler) -> None:
    graph = nx.Graph([(0, 1), (1, 2), (2, 3), (3, 0)])  # a square: opposite corners belong
    program = Maxcut(graph).to_quadratic_program()

    def solve(primitive: object) -> object:
        solver = QAOA(primitive, COBYLA(maxiter=30), reps=2, initial_point=[0.6, 0.4, 0.4, 0.6])
        return MinimumEigenOptimizer(solver).solve(program)

    ours, reference = solve(sampler), solve(ReferenceSampler())

    assert ours.fval == reference.fval == pytest.approx(4)
    assert list(ours.x) in ([0, 1, 0, 1], [1, 0, 1, 0])
