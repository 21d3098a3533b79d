"""qiskit-finance: the expected payoff of a European call by amplitude estimation."""

from __future__ import annotations

import numpy as np
import pytest
from qiskit.primitives import Sampler as ReferenceSampler
from qiskit_algorithms import IterativeAmplitudeEstimation
from qiskit_algorithms.utils import algorithm_globals
from qiskit_finance.applications.estimation import EuropeanCallPricing
from qiskit_finance.circuit.library import LogNormalDistribution

from qiskit_ibm_runtime import Sampler

SEED = 42
STRIKE = 1.896


def test_european_call_price_agrees_with_reference_and_exact_value(sampler: Sampler) -> None:
    spot, volatility, rate, maturity = 2.0, 0.4, 0.05, 40 / 365
    mu = (rate - 0.5 * volatility**2) * maturity + np.log(spot)
    sigma = volatility * np.sqrt(maturity)
    mean = np.exp(mu + sigma**2 / 2)
    deviation = np.sqrt((np.exp(sigma**2) - 1) * np.exp(2 * mu + sigma**2))
    low, high = max(0.0, mean - 3 * deviation), mean + 3 * deviation
    prices = LogNormalDistribution(3, mu=mu, sigma=sigma**2, bounds=(low, high))
    call = EuropeanCallPricing(3, STRIKE, 0.25, (low, high), prices)

    def priced(primitive: object) -> tuple[float, float]:
        """Return the price, and half the width of its confidence interval."""
        algorithm_globals.random_seed = SEED
        algorithm = IterativeAmplitudeEstimation(epsilon_target=0.01, alpha=1e-4, sampler=primitive)
        result = algorithm.estimate(call.to_estimation_problem())
        bottom, top = result.confidence_interval_processed
        return call.interpret(result), (top - bottom) / 2

    ours, our_half = priced(sampler)
    reference, their_half = priced(ReferenceSampler())

    # Both intervals hold the same amplitude, but for one time in ten thousand.
    assert ours == pytest.approx(reference, abs=our_half + their_half)
    assert our_half < 0.05
    exact = float(np.dot(prices.probabilities, np.maximum(0, prices.values - STRIKE)))
    # 0.01 of amplitude is 0.01 * (high - low) / rescaling of payoff, and the rescaling itself
    # approximates a line by a sine.
    assert ours == pytest.approx(exact, abs=0.05)
