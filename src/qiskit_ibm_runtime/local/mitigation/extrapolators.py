"""From values at several strengths of noise to the value without noise."""

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
    """What each value is multiplied by to add up to the value at noise factor 0.

    A polynomial is fitted by least squares, and its constant term is linear in the values: K.
    Temme, S. Bravyi and J. M. Gambetta, "Error Mitigation for Short-Depth Quantum Circuits", Phys.
    Rev. Lett. 119, 180509 (2017).

    Raises:
        ValueError: If the extrapolator is unknown, or there are too few different factors for it.
    """
    if extrapolator not in DEGREES:
        raise ValueError(
            f"There is no extrapolator {extrapolator!r}; there are {', '.join(DEGREES)}."
        )
    degree = DEGREES[extrapolator]
    if len(set(factors)) <= degree:
        raise ValueError(
            f"{extrapolator} needs at least {degree + 1} different noise_factors, "
            f"not {list(factors)}."
        )
    powers = np.vander(np.asarray(factors, dtype=float), degree + 1, increasing=True)
    return np.asarray(np.linalg.pinv(powers)[0])
