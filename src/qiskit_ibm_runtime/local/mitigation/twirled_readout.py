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
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from qiskit_ibm_runtime.local.simulation.observables import moments, term_means
from qiskit_ibm_runtime.local.simulation.outcomes import together

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
class Corrected:
    """The corrected mean of a group.

    Attributes:
        prepared: The circuit.
        group: What was measured.
        terms: What each term adds to the mean.
        error: The squared standard error that the shots leave.
        shots: How many there were.
    """

    prepared: Prepared
    group: Group
    terms: Array
    error: float
    shots: int

    def scaled(self, factor: float) -> Corrected:
        """The same times a number."""
        return replace(self, terms=factor * self.terms, error=factor**2 * self.error)


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

    def _measured(self, chunk: list[int]) -> Outcomes:
        flips = balanced_flips(self._rng, TWIRLS, len(chunk))
        circuits = [calibration.flipped(self.machine, chunk, row) for row in flips]
        outcomes = self.machine.outcomes(circuits, CALIBRATION_SHOTS // TWIRLS)
        return together([seen.flipped(row) for seen, row in zip(outcomes, flips)])

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

    def paired_flips(self, group: Group, circuits: int) -> Array:
        """Random flips of the qubits of a group, of shape (circuits, qubits).

        Each second circuit flips the qubits that the one before does not.
        """
        if not self.calibrated:
            return np.zeros((circuits, len(group.qubits)), dtype=int)
        flips = np.repeat(self._rng.integers(0, 2, (circuits // 2, len(group.qubits))), 2, axis=0)
        flips[1::2] ^= 1
        return flips

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
        factors = np.ones(len(group.coefficients))
        for number, seen in enumerate(self._seen):
            supports = self._supports(number, prepared, group)
            factors *= np.average(seen.parities(supports), axis=0, weights=seen.counts)
        if factors.min() < FAINTEST:
            raise ValueError(
                f"The readout shrinks a Pauli term to {factors.min():.3f} of its value, too little "
                f"to correct. Measure fewer qubits at once, or use resilience level 0."
            )
        return factors

    def _supports(self, number: int, prepared: Prepared, group: Group) -> Array:
        """Which of the qubits that are calibrated together each term of a group looks at."""
        chunk = self._chunks[number]
        supports = np.zeros((len(group.supports), len(chunk)), dtype=int)
        for column, qubit in enumerate(group.qubits):
            position = prepared.positions[qubit]
            if position in chunk:
                supports[:, chunk.index(position)] = group.supports[:, column]
        return supports

    def total(self, constant: complex, corrected: list[Corrected]) -> tuple[complex, float]:
        """Return the sum of a number and some means, and its squared standard error.

        Groups share their calibration. What one shot of that adds to the sum is one number for all
        terms of all groups together, and the variance of this number counts.
        """
        value = constant + sum(one.terms.sum().item() for one in corrected)
        error = sum(one.error for one in corrected)
        for number, seen in enumerate(self._seen):
            per_shot: Array = np.zeros(len(seen.counts))
            for one in corrected:
                parities = seen.parities(self._supports(number, one.prepared, one.group))
                factors = np.average(parities, axis=0, weights=seen.counts)
                per_shot = per_shot + parities @ (one.terms / factors)
            mean = np.average(per_shot, weights=seen.counts)
            spread = np.average(np.abs(per_shot - mean) ** 2, weights=seen.counts)
            error += float(spread) / CALIBRATION_SHOTS
        return value, error


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


def corrected(
    readout: TwirledReadout, measurements: list[tuple[Prepared, Group]], shots: int
) -> list[Corrected]:
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
        seen = together([prepared.read(group, o).flipped(row) for o, row in zip(mine, rows)])
        factors = readout.factors(prepared, group)
        terms = group.coefficients * term_means(group, seen) / factors
        _, variance = moments(group, seen, factors)
        found.append(Corrected(prepared, group, terms, variance / seen.shots, seen.shots))
    return found
