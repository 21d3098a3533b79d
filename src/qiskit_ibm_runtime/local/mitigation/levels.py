"""Resilience levels of the Estimator: compute mitigated expectation values."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Union

import numpy as np

from qiskit_ibm_runtime.local.simulation.observables import moments, term_means

from . import twirled_readout
from .amplifiers import amplify
from .cancellation import CancelingCircuits, Cancellation, CannotCancelError
from .extrapolators import weights
from .pauli_frames import Merger

if TYPE_CHECKING:
    from qiskit_ibm_runtime.local.programs.inputs import Resilience
    from qiskit_ibm_runtime.local.simulation.observables import Group, Observable, Prepared
    from qiskit_ibm_runtime.local.simulation.sweeps import Point
    from qiskit_ibm_runtime.local.simulation.transpiling_backend import TranspilingBackend

Array = np.ndarray[Any, Any]
Number = Union[float, complex]
Estimate = tuple[Number, dict[str, Any]]

SAMPLES = 64
"""Minimum number of random circuits of each kind at level 3; fewer give no error estimate."""
MIN_SHOTS_PER_SAMPLE = 16
"""Minimum number of shots for which another sample is worth its time."""
LARGEST_OVERHEAD = 100.0
"""Limit on the sampling overhead of level 3."""


@dataclass(frozen=True)
class Expectation:
    """Expectation value to estimate, at a point if the circuit has parameters."""

    prepared: Prepared
    observable: Observable
    point: Point = field(default_factory=dict)

    @property
    def measurements(self) -> list[tuple[Prepared, Group]]:
        """Circuit and group for each group of the observable."""
        return [(self.prepared, group) for group in self.observable.groups]

    def bind(self) -> Expectation:
        """Return the question with the point's values bound to the circuit."""
        return Expectation(self.prepared.bind(self.point), self.observable)


def circuits_of_a_group(machine: TranspilingBackend, shots: int, resilience: Resilience) -> int:
    """Return the approximate number of circuits that measure one group."""
    if resilience.level == 3:
        return 2 * SAMPLES
    twirls = twirled_readout.TWIRLS if resilience.level and machine.noisy else 1
    return twirls * (len(resilience.noise_factors) if resilience.level == 2 else 1)


def estimate(
    machine: TranspilingBackend,
    questions: list[Expectation],
    shots: int,
    resilience: Resilience,
    *,
    corrects_readout: bool = True,
) -> list[Estimate]:
    """Estimate expectation values at a resilience level.

    Args:
        machine: Backend for which the circuits are transpiled.
        questions: Expectation values to estimate.
        shots: Number of shots for each.
        resilience: Level and its options.
        corrects_readout: Whether levels above 0 correct readout errors.

    Returns:
        Value and metadata of each.
    """
    if resilience.level == 0:
        return _plain(machine, questions, shots)
    questions = [question.bind() for question in questions]
    places = {
        prepared.positions[qubit]
        for question in questions
        for prepared, group in question.measurements
        for qubit in group.qubits
        if corrects_readout
    }
    readout = twirled_readout.TwirledReadout(machine, places)
    if resilience.level == 1:
        return _twirled(readout, questions, shots)
    if resilience.level == 2:
        return _extrapolated(readout, questions, shots, resilience)
    merger = Merger(machine)
    return [_canceled(readout, question, shots, merger) for question in questions]


def _plain(machine: TranspilingBackend, questions: list[Expectation], shots: int) -> list[Estimate]:
    # A circuit at one point is bound once; at several, once for each group.
    points_of = Counter(id(question.prepared) for question in questions)
    questions = [q.bind() if points_of[id(q.prepared)] == 1 else q for q in questions]
    measurements = [m for question in questions for m in question.measurements]
    points = [question.point for question in questions for _ in question.measurements]
    different = {(id(prepared), id(group)): (prepared, group) for prepared, group in measurements}
    measured = {
        key: prepared.with_measurements(group) for key, (prepared, group) in different.items()
    }
    circuits = [measured[id(prepared), id(group)] for prepared, group in measurements]
    outcomes = machine.outcomes(circuits, shots, points)
    found = iter(
        [moments(group, p.read(group, seen)) for (p, group), seen in zip(measurements, outcomes)]
    )
    result = []
    for question in questions:
        mine = [next(found) for _ in question.measurements]
        value = question.observable.constant + sum(mean for mean, _ in mine)
        result.append((value, {"variance": sum(v for _, v in mine), "shots": shots}))
    return result


def _twirled(
    readout: twirled_readout.TwirledReadout, questions: list[Expectation], shots: int
) -> list[Estimate]:
    about = readout.metadata(readout.twirls(shots))
    return [
        (value, {"variance": error * taken, "shots": taken, **about})
        for measured in _measured(readout, questions, shots)
        for value, error, taken in [measured.value(readout)]
    ]


@dataclass(frozen=True)
class Measured:
    """Corrected means of the groups of an observable, and its constant term."""

    constant: complex
    groups: list[twirled_readout.Corrected]
    least_shots: int

    def value(self, readout: twirled_readout.TwirledReadout) -> tuple[Number, float, int]:
        """Return the value, its squared standard error, and the number of shots."""
        value, error = readout.total(self.constant, self.groups)
        return value, error, max((group.shots for group in self.groups), default=self.least_shots)


def _measured(
    readout: twirled_readout.TwirledReadout, questions: list[Expectation], shots: int
) -> list[Measured]:
    measurements = [m for question in questions for m in question.measurements]
    found = iter(twirled_readout.measure(readout, measurements, shots))
    return [
        Measured(question.observable.constant, [next(found) for _ in question.measurements], shots)
        for question in questions
    ]


def _extrapolated(
    readout: twirled_readout.TwirledReadout,
    questions: list[Expectation],
    shots: int,
    resilience: Resilience,
) -> list[Estimate]:
    factors, amplifier = resilience.noise_factors, resilience.noise_amplifier
    share = weights(factors, resilience.extrapolator)
    amplified = [
        Expectation(
            q.prepared.with_circuit(
                amplify(readout.machine, q.prepared.circuit, factor, amplifier)
            ),
            q.observable,
        )
        for q in questions
        for factor in factors
    ]
    measured = _measured(readout, amplified, shots)
    about = readout.metadata(readout.twirls(shots))
    result = []
    for number, question in enumerate(questions):
        mine = measured[number * len(factors) : (number + 1) * len(factors)]
        values, errors, taken = zip(*(one.value(readout) for one in mine))
        zne = {
            "noise_amplification": {
                "noise_amplifier": amplifier,
                "noise_factors": list(factors),
                "values": list(values),
                "variance": [error * n for error, n in zip(errors, taken)],
                "shots": list(taken),
            },
            "extrapolation": {"extrapolator": resilience.extrapolator},
        }
        # The weights of an extrapolation add up to 1, so the constant is added once.
        groups = [group.scaled(s) for s, one in zip(share, mine) for group in one.groups]
        value, error = readout.total(question.observable.constant, groups)
        metadata = {"variance": error * sum(taken), "shots": sum(taken), "zne": zne}
        result.append((value, {**metadata, **about}))
    return result


def _canceled(
    readout: twirled_readout.TwirledReadout, question: Expectation, shots: int, merger: Merger
) -> Estimate:
    machine, prepared = readout.machine, question.prepared
    cancellation = Cancellation(machine, prepared.circuit)
    overhead = cancellation.gamma**2
    if overhead > LARGEST_OVERHEAD:
        raise CannotCancelError(
            f"Canceling the errors of circuit {prepared.circuit.name!r} requires {overhead:,.0f} "
            f"times the shots, and the limit is {LARGEST_OVERHEAD:,.0f} times. "
            "Use a shallower circuit, or resilience level 2."
        )
    plan = plan_strata(cancellation, math.ceil(shots * overhead))
    sampled = [
        _sampled(readout, CancelingCircuits(cancellation, prepared, group, merger), plan)
        for group in question.observable.groups
    ]
    value, error = readout.total(question.observable.constant, sampled)
    deviation = math.sqrt(error)
    taken = sum(stratum.samples * stratum.shots for stratum in plan)
    samples = sum(stratum.samples for stratum in plan)
    return value, {
        "variance": error * taken,
        "standard_error": deviation,
        **confidence_interval(value, deviation),
        "shots": taken,
        "samples": samples,
        "sampling_overhead": overhead,
        "total_mitigated_layers": cancellation.layers,
        **readout.metadata(samples),
    }


def confidence_interval(value: Number, deviation: float) -> dict[str, Any]:
    """Return the 95% confidence interval of a real value, for the metadata of a result."""
    if isinstance(value, complex):
        return {}
    interval = [value - 1.96 * deviation, value + 1.96 * deviation]
    return {"confidence_interval": interval, "confidence_level": 0.95}


@dataclass(frozen=True)
class Stratum:
    """Stratum of the random circuits.

    Attributes:
        weight: Its fraction of the weight.
        samples: Number of circuits to sample.
        shots: Number of shots for each circuit.
        identity: Whether its circuits have no inserted Paulis.
    """

    weight: float
    samples: int
    shots: int
    identity: bool


def plan_strata(cancellation: Cancellation, budget: int) -> list[Stratum]:
    """Divide a budget of shots among the random circuits, by stratified sampling.

    Most of the weight is on circuits without inserted Paulis. They form a stratum of their own, so
    that only the small remainder is sampled at random. The number of samples is even.
    """
    identity = cancellation.identity_weight
    first = max(4, min(SAMPLES, budget // 2 * 2))
    plan = [Stratum(identity, first, math.ceil(budget * identity / first), identity=True)]
    if identity < 1:
        shots = budget * (1 - identity)
        samples = 2 * max(first // 2, math.ceil(shots / MIN_SHOTS_PER_SAMPLE / 2))
        plan.append(Stratum(1 - identity, samples, math.ceil(shots / samples), identity=False))
    return plan


def _sampled(
    readout: twirled_readout.TwirledReadout, circuits: CancelingCircuits, plan: list[Stratum]
) -> twirled_readout.Corrected:
    """Estimate the mean of a group over random circuits.

    Each circuit of a pair flips the qubits that the other does not, so that readout errors of
    single qubits cancel between them. The spread of the pairs gives the standard error.
    """
    prepared, group, cancellation = circuits.prepared, circuits.group, circuits.cancellation
    rng, machine = readout.machine.rng(), readout.machine
    weights = group.coefficients / readout.factors(prepared, group)
    terms: Array = np.zeros(len(weights))
    error, shots = 0.0, 0
    for stratum in plan:
        inserted = cancellation.sample_paulis(rng, stratum.samples, stratum.identity)
        flips = readout.paired_flips(group, stratum.samples)
        outcomes = machine.outcomes(
            [circuits.circuit(rng, *rows) for rows in zip(inserted, flips)], stratum.shots
        )
        means = [
            term_means(group, prepared.read(group, seen).flipped(row))
            for seen, row in zip(outcomes, flips)
        ]
        scale = cancellation.gamma * stratum.weight * cancellation.signs(inserted)
        pairs = (scale[:, None] * means * weights).reshape(-1, 2, len(weights)).mean(axis=1)
        terms = terms + pairs.mean(axis=0)
        error += float(pairs.sum(axis=1).var(ddof=1)) / len(pairs)
        shots += stratum.samples * stratum.shots
    return twirled_readout.Corrected(prepared, group, terms, error, shots)
