"""The Estimator's levels of resilience: from circuits and observables to values."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Union

import numpy as np

from qiskit_ibm_runtime.local.simulation.observables import moments, term_means

from . import twirled_readout
from .amplifiers import amplified
from .cancellation import CancelingCircuits, Cancellation, CannotCancelError
from .extrapolators import weights
from .pauli_frames import Merger

if TYPE_CHECKING:
    from qiskit_ibm_runtime.local.programs.inputs import Resilience
    from qiskit_ibm_runtime.local.simulation.machine import Machine
    from qiskit_ibm_runtime.local.simulation.observables import Group, Observable, Prepared
    from qiskit_ibm_runtime.local.simulation.sweeps import Point

Array = np.ndarray[Any, Any]
Number = Union[float, complex]
Answer = tuple[Number, dict[str, Any]]

SAMPLES = 64
"""Random circuits of each kind at level 3, at least: from fewer, no error can be told."""
SHOTS_OF_A_SAMPLE = 16
"""Shots up to which another sample is not worth its time."""
LARGEST_OVERHEAD = 100.0
"""Level 3 takes this many times the shots asked for, and no more."""


@dataclass(frozen=True)
class Question:
    """An expectation value that is asked for, at a point if the circuit has parameters."""

    prepared: Prepared
    observable: Observable
    point: Point = field(default_factory=dict)

    @property
    def measurements(self) -> list[tuple[Prepared, Group]]:
        """The circuit with each group of the observable."""
        return [(self.prepared, group) for group in self.observable.groups]

    def bound(self) -> Question:
        """The same without parameters."""
        return Question(self.prepared.bound(self.point), self.observable)


def circuits_of_a_group(machine: Machine, shots: int, resilience: Resilience) -> int:
    """About how many circuits measure one group."""
    if resilience.level == 3:
        return 2 * SAMPLES
    twirls = twirled_readout.TWIRLS if resilience.level and machine.noisy else 1
    return twirls * (len(resilience.noise_factors) if resilience.level == 2 else 1)


def answers(
    machine: Machine,
    questions: list[Question],
    shots: int,
    resilience: Resilience,
    *,
    corrects_readout: bool = True,
) -> list[Answer]:
    """The value of each question with its metadata, at the level of resilience asked for.

    Without ``corrects_readout``, levels above 0 leave the errors of the readout alone.
    """
    if resilience.level == 0:
        return _plain(machine, questions, shots)
    questions = [question.bound() for question in questions]
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


def _plain(machine: Machine, questions: list[Question], shots: int) -> list[Answer]:
    measurements = [m for question in questions for m in question.measurements]
    points = [question.point for question in questions for _ in question.measurements]
    different = {(id(prepared), id(group)): (prepared, group) for prepared, group in measurements}
    measured = {key: prepared.measured(group) for key, (prepared, group) in different.items()}
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
    readout: twirled_readout.TwirledReadout, questions: list[Question], shots: int
) -> list[Answer]:
    about = readout.metadata(readout.twirls(shots))
    return [
        (value, {"variance": error * taken, "shots": taken, **about})
        for measured in _measured(readout, questions, shots)
        for value, error, taken in [measured.value(readout)]
    ]


@dataclass(frozen=True)
class Measured:
    """The corrected means of the groups of an observable, and the number beside them."""

    constant: complex
    groups: list[twirled_readout.Corrected]
    least_shots: int

    def value(self, readout: twirled_readout.TwirledReadout) -> tuple[Number, float, int]:
        """Value, squared standard error and shots."""
        value, error = readout.total(self.constant, self.groups)
        return value, error, max((group.shots for group in self.groups), default=self.least_shots)


def _measured(
    readout: twirled_readout.TwirledReadout, questions: list[Question], shots: int
) -> list[Measured]:
    measurements = [m for question in questions for m in question.measurements]
    found = iter(twirled_readout.corrected(readout, measurements, shots))
    return [
        Measured(question.observable.constant, [next(found) for _ in question.measurements], shots)
        for question in questions
    ]


def _extrapolated(
    readout: twirled_readout.TwirledReadout,
    questions: list[Question],
    shots: int,
    resilience: Resilience,
) -> list[Answer]:
    factors, amplifier = resilience.noise_factors, resilience.noise_amplifier
    share = weights(factors, resilience.extrapolator)
    louder = [
        Question(
            q.prepared.with_circuit(
                amplified(readout.machine, q.prepared.circuit, factor, amplifier)
            ),
            q.observable,
        )
        for q in questions
        for factor in factors
    ]
    measured = _measured(readout, louder, shots)
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
        # The weights of an extrapolation add up to 1.
        groups = [group.scaled(s) for s, one in zip(share, mine) for group in one.groups]
        value, error = readout.total(question.observable.constant, groups)
        metadata = {"variance": error * sum(taken), "shots": sum(taken), "zne": zne}
        result.append((value, {**metadata, **about}))
    return result


def _canceled(
    readout: twirled_readout.TwirledReadout, question: Question, shots: int, merger: Merger
) -> Answer:
    machine, prepared = readout.machine, question.prepared
    cancellation = Cancellation(machine, prepared.circuit)
    overhead = cancellation.gamma**2
    if overhead > LARGEST_OVERHEAD:
        raise CannotCancelError(
            f"Canceling the errors of circuit {prepared.circuit.name!r} takes {overhead:,.0f} "
            f"times the shots; up to {LARGEST_OVERHEAD:,.0f} times are taken. "
            "Use a shallower circuit, or resilience level 2."
        )
    plan = strata(cancellation, math.ceil(shots * overhead))
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
        **confidence(value, deviation),
        "shots": taken,
        "samples": samples,
        "sampling_overhead": overhead,
        "total_mitigated_layers": cancellation.layers,
        **readout.metadata(samples),
    }


def confidence(value: Number, deviation: float) -> dict[str, Any]:
    """The interval that holds a real value in 95 of 100 cases, for the metadata of a result."""
    if isinstance(value, complex):
        return {}
    interval = [value - 1.96 * deviation, value + 1.96 * deviation]
    return {"confidence_interval": interval, "confidence_level": 0.95}


@dataclass(frozen=True)
class Stratum:
    """A part of the random circuits: its share of the weight, and how it is measured."""

    weight: float
    samples: int
    shots: int
    touched: bool


def strata(cancellation: Cancellation, budget: int) -> list[Stratum]:
    """Divide the shots among the random circuits.

    Most of the weight is on the circuits whose noise happens to be left alone. They are measured
    apart from the others, so that chance decides about the small rest only. Samples come in pairs.
    """
    untouched = cancellation.untouched
    first = max(4, min(SAMPLES, budget // 2 * 2))
    plan = [Stratum(untouched, first, math.ceil(budget * untouched / first), touched=False)]
    if untouched < 1:
        shots = budget * (1 - untouched)
        samples = 2 * max(first // 2, math.ceil(shots / SHOTS_OF_A_SAMPLE / 2))
        plan.append(Stratum(1 - untouched, samples, math.ceil(shots / samples), touched=True))
    return plan


def _sampled(
    readout: twirled_readout.TwirledReadout, circuits: CancelingCircuits, plan: list[Stratum]
) -> twirled_readout.Corrected:
    """The mean of a group over random circuits.

    Each circuit of a pair flips the qubits that the other one does not, so that what depends on a
    single qubit's readout cancels between them; the spread of the pairs is the error.
    """
    prepared, group, cancellation = circuits.prepared, circuits.group, circuits.cancellation
    rng, machine = readout.machine.rng(), readout.machine
    weights = group.coefficients / readout.factors(prepared, group)
    terms: Array = np.zeros(len(weights))
    error, shots = 0.0, 0
    for stratum in plan:
        inserted = cancellation.inserted(rng, stratum.samples, stratum.touched)
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
