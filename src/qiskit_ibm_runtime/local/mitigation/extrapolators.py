"""Extrapolation of expectation values to zero noise."""

from __future__ import annotations

from typing import Any

import numpy as np

DEGREES = {
    "LinearExtrapolator": 1,
    "QuadraticExtrapolator": 2,
    "CubicExtrapolator": 3,
    "QuarticExtrapolator": 4,
}


def weights(factors: tuple[float, ...], extrapolator: str) -> np.ndarray[Any, Any]:
    """Return the weights of the values whose weighted sum is the value at noise factor 0.

    The weights are those of the constant term of a polynomial fitted by least squares: K. Temme,
    S. Bravyi and J. M. Gambetta, "Error Mitigation for Short-Depth Quantum Circuits", Phys. Rev.
    Lett. 119, 180509 (2017).

    Raises:
        ValueError: If the extrapolator is unknown, or needs more distinct noise factors.
    """
    if extrapolator not in DEGREES:
        raise ValueError(
            f"Unknown extrapolator {extrapolator!r}. Choose from {', '.join(DEGREES)}."
        )
    degree = DEGREES[extrapolator]
    if len(set(factors)) <= degree:
        raise ValueError(
            f"{extrapolator} requires at least {degree + 1} different noise_factors, "
            f"not {list(factors)}."
        )
    powers = np.vander(np.asarray(factors, dtype=float), degree + 1, increasing=True)
    return np.asarray(np.linalg.pinv(powers)[0])
