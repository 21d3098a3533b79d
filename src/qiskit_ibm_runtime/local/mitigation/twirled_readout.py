"""Twirled readout error extinction (TREX), for levels 1 to 3 of the Estimator.

Qubits are flipped at random just before their measurement, and the measured bits are flipped back.
This reduces the effect of readout errors to one factor per Pauli term. The factor is measured on
the ground state, and the mean is divided by it. Source: E. van den Berg, Z. K. Minev and K. Temme,
"Model-free readout-error mitigation for quantum expectation values", Phys. Rev. A 105, 032620
(2022), https://doi.org/10.1103/PhysRevA.105.032620.

With few circuits, independent flips would leave about a quarter of the readout asymmetry, far more
than the shot noise. Therefore the flips are random but balanced: over all circuits, errors that
depend on the state of one or two qubits cancel exactly.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from qiskit_ibm_runtime.local.simulation.observables import moments, term_means
from qiskit_ibm_runtime.local.simulation.outcomes import concatenate

from . import calibration

if TYPE_CHECKING:
    from collections.abc import Iterable

    from qiskit_ibm_runtime.local.simulation.observables import Group, Prepared
    from qiskit_ibm_runtime.local.simulation.outcomes import Outcomes
    from qiskit_ibm_runtime.local.simulation.transpiling_backend import TranspilingBackend

Array = np.ndarray[Any, Any]

TWIRLS = 16
"""Number of twirled circuits per circuit; a power of two."""
CALIBRATION_SHOTS = 8192
LEAST_FACTOR = 0.05
"""Smallest readout factor of a term that can be corrected."""


@dataclass(frozen=True)
class Corrected:
    """Corrected mean of a group.

    Attributes:
        prepared: The circuit.
        group: The measured terms.
        terms: Contribution of each term to the mean.
        error: Squared standard error from shot noise, without that of the calibration.
        shots: Number of shots.
    """

    prepared: Prepared
    group: Group
    terms: Array
    error: float
    shots: int

    def scaled(self, factor: float) -> Corrected:
        """Return the mean multiplied by a number."""
        return replace(self, terms=factor * self.terms, error=factor**2 * self.error)


class TwirledReadout:
    """Readout factors of a backend, measured on the ground state.

    Args:
        machine: Backend to calibrate.
        qubits: Positions of all qubits that will be measured.
    """

    def __init__(self, machine: TranspilingBackend, qubits: Iterable[int]) -> None:
        self.machine = machine
        self._rng = machine.rng()
        self._chunks = calibration.chunks(qubits) if machine.noisy else []
        self._seen = [self._measured(chunk) for chunk in self._chunks]

    def _measured(self, chunk: list[int]) -> Outcomes:
        flips = balanced_flips(self._rng, TWIRLS, len(chunk))
        circuits = [calibration.calibration_circuit(self.machine, chunk, row) for row in flips]
        outcomes = self.machine.outcomes(circuits, CALIBRATION_SHOTS // TWIRLS)
        return concatenate([seen.flipped(row) for seen, row in zip(outcomes, flips)])

    @property
    def calibrated(self) -> bool:
        """Whether there are readout errors to correct."""
        return bool(self._chunks)

    def metadata(self, twirls: int) -> dict[str, Any]:
        """Describe the mitigation, for the metadata of a result.

        Args:
            twirls: Number of twirled circuits for each group.
        """
        return {
            "readout_mitigation_num_twirled_circuits": twirls if self.calibrated else 0,
            "readout_mitigation_shots_calibration": CALIBRATION_SHOTS if self.calibrated else 0,
        }

    def twirls(self, shots: int) -> int:
        """Return the number of twirled circuits among which ``shots`` are divided."""
        return min(TWIRLS, 2 ** (shots.bit_length() - 1)) if self.calibrated else 1

    def paired_flips(self, group: Group, circuits: int) -> Array:
        """Return random flips of the qubits of a group, of shape (circuits, qubits).

        Circuits come in pairs; the second one flips the qubits that the first one does not.
        """
        if not self.calibrated:
            return np.zeros((circuits, len(group.qubits)), dtype=int)
        flips = np.repeat(self._rng.integers(0, 2, (circuits // 2, len(group.qubits))), 2, axis=0)
        flips[1::2] ^= 1
        return flips

    def flips(self, group: Group, circuits: int) -> Array:
        """Return balanced flips of the qubits of a group, of shape (circuits, qubits)."""
        if not self.calibrated:
            return np.zeros((circuits, len(group.qubits)), dtype=int)
        return balanced_flips(self._rng, circuits, len(group.qubits))

    def factors(self, prepared: Prepared, group: Group) -> Array:
        """Return the factor by which readout errors reduce each term of a group.

        Raises:
            ValueError: If a factor is too small to correct.
        """
        factors = np.ones(len(group.coefficients))
        for number, seen in enumerate(self._seen):
            supports = self._supports(number, prepared, group)
            factors *= np.average(seen.parities(supports), axis=0, weights=seen.counts)
        if factors.min() < LEAST_FACTOR:
            raise ValueError(
                f"Readout errors reduce a Pauli term to {factors.min():.3f} of its value, which is "
                "too little to correct. Measure fewer qubits at once, or use resilience level 0."
            )
        return factors

    def _supports(self, number: int, prepared: Prepared, group: Group) -> Array:
        """Return the support of each term of a group on a set of qubits calibrated together."""
        chunk = self._chunks[number]
        supports = np.zeros((len(group.supports), len(chunk)), dtype=int)
        for column, qubit in enumerate(group.qubits):
            position = prepared.positions[qubit]
            if position in chunk:
                supports[:, chunk.index(position)] = group.supports[:, column]
        return supports

    def total(self, constant: complex, corrected: list[Corrected]) -> tuple[complex, float]:
        """Return the sum of a constant and corrected means, and its squared standard error.

        All groups share one calibration, so its errors are correlated. They are propagated through
        the contribution of each calibration shot to the whole sum.
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
    """Return random flips whose signs, and products of two signs, have mean zero.

    Circuit ``t`` flips qubit ``q`` if ``a_q . t + b_q`` is odd, where the bits of ``a_q`` and
    ``b_q`` are random. The product of the signs of several qubits has mean zero unless their
    ``a_q`` sum to zero. Therefore the ``a_q`` are nonzero and, if there are enough values,
    distinct. They preferably have an odd number of ones, so that any three are independent, too.

    Args:
        rng: Source of randomness.
        circuits: Number of circuits; a power of two.
        qubits: Number of qubits.

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
    """Return the parity of the bits of each integer below 2**16."""
    for step in (8, 4, 2, 1):
        numbers = numbers ^ (numbers >> step)
    return numbers & 1


def measure(
    readout: TwirledReadout, measurements: list[tuple[Prepared, Group]], shots: int
) -> list[Corrected]:
    """Measure each group in twirled circuits that share the shots, and correct its mean."""
    twirls = readout.twirls(shots)
    each = math.ceil(shots / twirls)
    flips = [readout.flips(group, twirls) for _, group in measurements]
    circuits = [
        prepared.with_measurements(group, row)
        for (prepared, group), rows in zip(measurements, flips)
        for row in rows
    ]
    outcomes = readout.machine.outcomes(circuits, each)
    found = []
    for number, ((prepared, group), rows) in enumerate(zip(measurements, flips)):
        mine = outcomes[number * twirls : (number + 1) * twirls]
        seen = concatenate([prepared.read(group, o).flipped(row) for o, row in zip(mine, rows)])
        factors = readout.factors(prepared, group)
        terms = group.coefficients * term_means(group, seen) / factors
        _, variance = moments(group, seen, factors)
        found.append(Corrected(prepared, group, terms, variance / seen.shots, seen.shots))
    return found
