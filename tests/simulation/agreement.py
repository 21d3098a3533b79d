"""Test whether samples agree with an exact distribution."""

from __future__ import annotations

import math

FALSE_ALARM = 1e-10
"""Upper bound on the probability that `disagreement` rejects samples of the right distribution."""


def disagreement(seen: dict[int, float], exact: dict[int, float], shots: int) -> str:
    """Describe how frequencies disagree with a distribution; return an empty string if they agree.

    The sum of all deviations exceeds ``sqrt(2 (k ln 2 - ln p) / shots)`` for ``k`` outcomes with a
    probability below ``p``: T. Weissman et al., "Inequalities for the L1 deviation of the empirical
    distribution", HP Labs, HPL-2003-97. Impossible outcomes must not occur at all.
    """
    possible = {key for key, probability in exact.items() if probability > 1e-9}
    bound = math.sqrt(2 * (len(possible) * math.log(2) - math.log(FALSE_ALARM)) / shots)
    deviation = sum(abs(seen.get(key, 0) - exact.get(key, 0)) for key in {*seen, *exact})
    strange = {key for key, frequency in seen.items() if frequency > 0} - possible
    if deviation <= bound and not strange:
        return ""
    found = {key: round(value, 3) for key, value in sorted(seen.items()) if value}
    true = {key: round(value, 3) for key, value in sorted(exact.items()) if value > 1e-9}
    return f"seen {found}, true {true}; deviation {deviation:.3f} of {bound:.3f}"
