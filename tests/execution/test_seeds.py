"""Seeds: equal seeds reproduce a job; different seeds and circuits give independent samples."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.quantum_info import SparsePauliOp

from .conftest import run_here

SHOTS = 5000
LIMIT = 0.25 + 6 * np.sqrt(0.25 * 0.75 / (SHOTS - 2113))
"""Fraction of equal shots of two bits, plus six deviations of the fewest shots compared below."""


def coins() -> QuantumCircuit:
    """Return a circuit with four equally likely outcomes that Aer must simulate shot by shot."""
    circuit = QuantumCircuit(1, 2)
    for bit in (0, 1):
        circuit.h(0)
        circuit.measure(0, bit)
    return circuit


def memories(seed: int | None, circuits: int = 1) -> list[np.ndarray[Any, Any]]:
    result = run_here(
        "circuit-runner",
        decode=False,
        circuits=[coins()] * circuits,
        shots=SHOTS,
        memory=True,
        **({} if seed is None else {"seed_simulator": seed}),  # type: ignore[arg-type]
    )
    return [np.array(experiment["data"]["memory"]) for experiment in result["results"]]


def largest_overlap(one: np.ndarray[Any, Any], other: np.ndarray[Any, Any]) -> float:
    """Return the largest fraction of equal shots, also for shots shifted like Aer's seeds."""
    shares = [(one == other).mean()]
    for shift in (1, 2, 2112, 2113):
        shares += [(one[shift:] == other[:-shift]).mean(), (other[shift:] == one[:-shift]).mean()]
    return float(max(shares))


@pytest.mark.parametrize("seed", [0, 7, -1, 2**40])
def test_neighboring_seeds_share_no_shots(seed: int) -> None:
    (one,), (other,) = memories(seed), memories(seed + 1)

    assert largest_overlap(one, other) < LIMIT


@pytest.mark.parametrize("seed", [7, None])
def test_circuits_of_one_job_share_no_shots(seed: int | None) -> None:
    one, other = memories(seed, circuits=2)

    assert largest_overlap(one, other) < LIMIT


def test_equal_seeds_give_equal_shots() -> None:
    first, again = memories(7, circuits=2), memories(7, circuits=2)

    assert np.array_equal(first, again)


def test_results_report_the_given_seed() -> None:
    result = run_here(
        "circuit-runner", circuits=[coins()] * 2, shots=SHOTS, seed_simulator=7, decode=False
    )

    assert [experiment["seed_simulator"] for experiment in result["results"]] == [7, 7]


def test_spread_of_estimates_over_seeds_agrees_with_the_variance() -> None:
    """
    The squared errors of 60 seeds over the reported variance are 1 on average, within six standard
    deviations of the mean of 60 such squares (0.18 each).
    """
    circuit = coins()
    circuit.h(0)
    errors = []
    for seed in range(60):
        result = run_here(
            "estimator",
            circuits=[circuit],
            observables=[SparsePauliOp("Z")],
            run_options={"shots": 500, "seed_simulator": seed},
        )
        metadata = result["metadata"][0]
        errors.append(result["values"][0] / np.sqrt(metadata["variance"] / metadata["shots"]))

    assert np.mean(np.square(errors)) == pytest.approx(1, abs=6 * 0.18)
