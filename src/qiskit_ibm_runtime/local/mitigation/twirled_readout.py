"""Twirled readout error extinction (TREX), for the Estimator's levels 1 and above.

Qubits are flipped at random just before they are measured, and the bits are flipped back. That
turns whatever the readout does into one factor for each Pauli term, which the same measurement of
the ground state shows, and which the mean is divided by. Source: E. van den Berg, Z. K. Minev and
K. Temme, "Model-free readout-error mitigation for quantum expectation values", Phys. Rev. A 105,
032620 (2022).

With a few circuits, independent flips leave a fourth of the asymmetry of a readout standing, far
more than the shots do. The flips here are random but balanced: over the circuits, the errors that
depend on the state of one or two qubits cancel exactly.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from qiskit_ibm_runtime.local.simulation.observables import moments

from . import calibration

if TYPE_CHECKING:
    from collections.abc import Iterable

    from qiskit_ibm_runtime.local.simulation.machine import Machine
    from qiskit_ibm_runtime.local.simulation.observables import Group, Prepared
    from qiskit_ibm_runtime.local.simulation.outcomes import Outcomes

Array = np.ndarray[Any, Any]

TWIRLS = 16
"""Flipped circuits in place of one; a power of two."""
CALIBRATION_SHOTS = 8192
FAINTEST = 0.05
"""Least factor of a term that is divided by: below it the readout tells next to nothing."""


@dataclass(frozen=True)
class Value:
    """A mean, the variance of one shot, and the shots that were taken."""

    mean: float | complex
    variance: float
    shots: int


class TwirledReadout:
    """The factors of a machine's readout, measured on the ground state.

    Args:
        machine: Where to measure.
        qubits: Positions of every qubit that will be measured.
    """

    def __init__(self, machine: Machine, qubits: Iterable[int]) -> None:
        self.machine = machine
        self._rng = machine.rng()
        self._chunks = calibration.chunks(qubits) if machine.noisy else []
        self._seen = [self._measured(chunk) for chunk in self._chunks]

    def _measured(self, chunk: list[int]) -> list[Outcomes]:
        flips = balanced_flips(self._rng, TWIRLS, len(chunk))
        circuits = [calibration.flipped(self.machine, chunk, row) for row in flips]
        outcomes = self.machine.outcomes(circuits, CALIBRATION_SHOTS // TWIRLS)
        return [seen.flipped(row) for seen, row in zip(outcomes, flips)]

    @property
    def calibrated(self) -> bool:
        """Whether there is a readout to correct."""
        return bool(self._chunks)

    def metadata(self, twirls: int) -> dict[str, Any]:
        """What was done, for the metadata of a result.

        Args:
            twirls: In how many flipped circuits each group was measured.
        """
        return {
            "readout_mitigation_num_twirled_circuits": twirls if self.calibrated else 0,
            "readout_mitigation_shots_calibration": CALIBRATION_SHOTS if self.calibrated else 0,
        }

    def twirls(self, shots: int) -> int:
        """In how many circuits a group is measured that takes so many shots."""
        return min(TWIRLS, 2 ** (shots.bit_length() - 1)) if self.calibrated else 1

    def random_flips(self, group: Group, circuits: int) -> Array:
        """Independent flips of the qubits of a group, of shape (circuits, qubits)."""
        return self._rng.integers(0, 2, (circuits, len(group.qubits)))

    def flips(self, group: Group, circuits: int) -> Array:
        """Balanced flips of the qubits of a group, of shape (circuits, qubits)."""
        if not self.calibrated:
            return np.zeros((circuits, len(group.qubits)), dtype=int)
        return balanced_flips(self._rng, circuits, len(group.qubits))

    def factors(self, prepared: Prepared, group: Group) -> Array:
        """By how much the readout shrinks each term of a group.

        Raises:
            ValueError: If it leaves too little of a term to recover it.
        """
        where = [prepared.positions[qubit] for qubit in group.qubits]
        factors = np.ones(len(group.coefficients))
        for chunk, seen in zip(self._chunks, self._seen):
            supports = np.zeros((len(factors), len(chunk)), dtype=int)
            for column, position in enumerate(where):
                if position in chunk:
                    supports[:, chunk.index(position)] = group.supports[:, column]
            factors *= np.mean(
                [np.average(o.parities(supports), axis=0, weights=o.counts) for o in seen], axis=0
            )
        if factors.min() < FAINTEST:
            raise ValueError(
                f"The readout shrinks a Pauli term to {factors.min():.3f} of its value, too little "
                f"to correct. Measure fewer qubits at once, or use resilience level 0."
            )
        return factors

    def variance(self, group: Group, factors: Array, means: Array) -> float:
        """Variance that the calibration adds to the corrected mean of a group.

        Terms share their calibration, so the deviations of the terms are added, not the variances.
        """
        spread = np.sqrt((1 - factors**2).clip(0) / CALIBRATION_SHOTS)
        return float(np.sum(np.abs(group.coefficients * means / factors**2) * spread) ** 2)


def balanced_flips(rng: np.random.Generator, circuits: int, qubits: int) -> Array:
    """Random flips whose signs, and products of two of them, have the mean zero.

    Circuit ``t`` flips qubit ``q`` if ``a_q . t + b_q`` is odd, where the bits of ``a_q`` and
    ``b_q`` are random. Signs of a set of qubits have the mean zero unless their ``a_q`` sum to
    zero, so these are different from zero and, as far as they suffice, from each other. Any three
    with an odd number of ones are independent, too.

    Args:
        rng: Source of randomness.
        circuits: A power of two.
        qubits: How many are flipped.

    Returns:
        Zeros and ones, of shape (circuits, qubits).
    """
    vectors = np.arange(1, circuits)
    odd = vectors[_parity(vectors) == 1]
    pool = rng.permutation(odd if qubits <= len(odd) else vectors)
    chosen = np.resize(pool, qubits) if len(pool) else np.zeros(qubits, dtype=int)
    shift = rng.integers(0, 2, qubits)
    return (_parity(np.arange(circuits)[:, None] & chosen) + shift) % 2


def _parity(numbers: Array) -> Array:
    """Whether the number of ones of each integer below 2**16 is odd."""
    for step in (8, 4, 2, 1):
        numbers = numbers ^ (numbers >> step)
    return numbers & 1


def values(
    readout: TwirledReadout, measurements: list[tuple[Prepared, Group]], shots: int
) -> list[Value]:
    """The corrected mean of each group, measured in twirled circuits that share the shots."""
    twirls = readout.twirls(shots)
    each = math.ceil(shots / twirls)
    flips = [readout.flips(group, twirls) for _, group in measurements]
    circuits = [
        prepared.measured(group, row)
        for (prepared, group), rows in zip(measurements, flips)
        for row in rows
    ]
    outcomes = readout.machine.outcomes(circuits, each)
    found = []
    for number, ((prepared, group), rows) in enumerate(zip(measurements, flips)):
        mine = outcomes[number * twirls : (number + 1) * twirls]
        seen = [prepared.read(group, o).flipped(row) for o, row in zip(mine, rows)]
        found.append(_corrected(readout, prepared, group, seen))
    return found


def _corrected(
    readout: TwirledReadout, prepared: Prepared, group: Group, seen: list[Outcomes]
) -> Value:
    factors = readout.factors(prepared, group)
    together = _together(seen)
    mean, variance = moments(group, together, factors)
    if readout.calibrated:
        parities = together.parities(group.supports)
        means = np.average(parities, axis=0, weights=together.counts)
        variance += together.shots * readout.variance(group, factors, means)
    return Value(mean, variance, together.shots)


def _together(seen: list[Outcomes]) -> Outcomes:
    first = seen[0]
    return type(first)(
        np.concatenate([o.bits for o in seen]), np.concatenate([o.counts for o in seen])
    )
