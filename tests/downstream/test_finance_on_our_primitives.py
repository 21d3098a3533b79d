"""qiskit-finance: the expected payoff of a European call by amplitude estimation."""

from __future__ import annotations

import numpy as np
import pytest
from qiskit_algorithms import IterativeAmplitudeEstimation
from qiskit_finance.applications.estimation import EuropeanCallPricing
from qiskit_finance.circuit.library import LogNormalDistribution

from qiskit_ibm_runtime import Sampler

STRIKE = 1.896


def test_a_european_call_is_priced_like_the_exact_expectation(sampler: Sampler) -> None:
    spot, volatility, rate, maturity = 2.0, 0.4, 0.05, 40 / 365
    mu = (rate - 0.5 * volatility**2) * maturity + np.log(spot)
    sigma = volatility * np.sqrt(maturity)
    mean = np.exp(mu + sigma**2 / 2)
    deviation = np.sqrt((np.exp(sigma**2) - 1) * np.exp(2 * mu + sigma**2))
    low, high = max(0.0, mean - 3 * deviation), mean + 3 * deviation
    prices = LogNormalDistribution(3, mu=mu, sigma=sigma**2, bounds=(low, high))
    call = EuropeanCallPricing(3, STRIKE, 0.25, (low, high), prices)
    algorithm = IterativeAmplitudeEstimation(epsilon_target=0.01, alpha=1e-4, sampler=sampler)

    result = algorithm.estimate(call.to_estimation_problem())

    exact = float(np.dot(prices.probabilities, np.maximum(0, prices.values - STRIKE)))
    # 0.01 of amplitude is 0.01 * (high - low) / rescaling of payoff, and the rescaling itself
    # approximates a line by a sine.
    assert call.interpret(result) == pytest.approx(exact, abs=0.05)
