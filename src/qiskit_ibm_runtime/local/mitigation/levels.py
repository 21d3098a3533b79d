"""The Estimator's levels of resilience: from circuits and observables to values."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Union

import numpy as np
from qiskit.transpiler import PassManager
from qiskit.transpiler.passes import Optimize1qGatesDecomposition

from qiskit_ibm_runtime.local.simulation.observables import moments

from . import twirled_readout
from .amplifiers import amplified
from .cancellation import Cancellation, CannotCancelError
from .extrapolators import weights

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

    from qiskit_ibm_runtime.local.programs.inputs import Resilience
    from qiskit_ibm_runtime.local.simulation.machine import Machine
    from qiskit_ibm_runtime.local.simulation.observables import Group, Observable, Prepared

Number = Union[float, complex]
Answer = tuple[Number, dict[str, Any]]

TWIRLS = 32
"""Twirled circuits whose noise is left alone, at level 3."""
SHOTS_OF_A_SAMPLE = 16
"""Shots of each of the other circuits of level 3."""
LARGEST_OVERHEAD = 100.0
"""Level 3 takes this many times the shots asked for, and no more."""


@dataclass(frozen=True)
class Question:
    """An expectation value that is asked for."""

    prepared: Prepared
    observable: Observable

    @property
    def measurements(self) -> list[tuple[Prepared, Group]]:
        """The circuit with each group of the observable."""
        return [(self.prepared, group) for group in self.observable.groups]


def circuits_of_a_group(machine: Machine, shots: int, resilience: Resilience) -> int:
    """About how many circuits measure one group."""
    if resilience.level == 3:
        return TWIRLS + shots // SHOTS_OF_A_SAMPLE
    twirls = twirled_readout.TWIRLS if resilience.level and machine.noisy else 1
    return twirls * (len(resilience.noise_factors) if resilience.level == 2 else 1)


def answers(
    machine: Machine, questions: list[Question], shots: int, resilience: Resilience
) -> list[Answer]:
    """The value of each question with its metadata, at the level of resilience asked for."""
    if resilience.level == 0:
        return _plain(machine, questions, shots)
    places = {
        prepared.positions[qubit]
        for question in questions
        for prepared, group in question.measurements
        for qubit in group.qubits
    }
    readout = twirled_readout.TwirledReadout(machine, places)
    if resilience.level == 1:
        return _twirled(readout, questions, shots)
    if resilience.level == 2:
        return _extrapolated(readout, questions, shots, resilience)
    return [_cancelled(readout, question, shots) for question in questions]


def _plain(machine: Machine, questions: list[Question], shots: int) -> list[Answer]:
    measurements = [m for question in questions for m in question.measurements]
    circuits = [prepared.measured(group) for prepared, group in measurements]
    outcomes = machine.outcomes(circuits, shots)
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
        (value, {"variance": variance, "shots": taken, **about})
        for value, variance, taken in _sums(readout, questions, shots)
    ]


def _sums(
    readout: twirled_readout.TwirledReadout, questions: list[Question], shots: int
) -> list[tuple[Number, float, int]]:
    """Value, variance and shots of each question, with the readout corrected."""
    measurements = [m for question in questions for m in question.measurements]
    found = iter(twirled_readout.values(readout, measurements, shots))
    result = []
    for question in questions:
        mine = [next(found) for _ in question.measurements]
        value = question.observable.constant + sum(v.mean for v in mine)
        taken = max((v.shots for v in mine), default=shots)
        result.append((value, sum(v.variance for v in mine), taken))
    return result


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
    sums = _sums(readout, louder, shots)
    about = readout.metadata(readout.twirls(shots))
    result = []
    for number in range(len(questions)):
        mine = sums[number * len(factors) : (number + 1) * len(factors)]
        values, variances, taken = (list(column) for column in zip(*mine))
        error = sum(s**2 * v / n for s, v, n in zip(share, variances, taken))
        zne = {
            "noise_amplification": {
                "noise_amplifier": amplifier,
                "noise_factors": list(factors),
                "values": values,
                "variance": variances,
                "shots": taken,
            },
            "extrapolation": {"extrapolator": resilience.extrapolator},
        }
        metadata = {"variance": error * sum(taken), "shots": sum(taken), "zne": zne}
        result.append(((share @ values).item(), {**metadata, **about}))
    return result


def _cancelled(readout: twirled_readout.TwirledReadout, question: Question, shots: int) -> Answer:
    machine, prepared = readout.machine, question.prepared
    cancellation = Cancellation(prepared.circuit, machine.noise_of(prepared.circuit))
    overhead = cancellation.gamma**2
    if overhead > LARGEST_OVERHEAD:
        raise CannotCancelError(
            f"Cancelling the errors of circuit {prepared.circuit.name!r} takes {overhead:,.0f} "
            f"times the shots; up to {LARGEST_OVERHEAD:,.0f} times are taken. "
            "Use a shallower circuit, or resilience level 2."
        )
    budget = math.ceil(shots * overhead)
    sampled = [
        _sampled(readout, prepared, group, cancellation, budget, machine.rng())
        for group in question.observable.groups
    ]
    value = question.observable.constant + sum(s.value for s in sampled)
    error = sum(s.error for s in sampled)
    deviation = math.sqrt(error)
    taken = max((s.shots for s in sampled), default=budget)
    samples = max((s.samples for s in sampled), default=0)
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
class Sampled:
    """A cancelled mean, the square of its standard error, and what it took."""

    value: Number
    error: float
    samples: int
    shots: int


def _sampled(
    readout: twirled_readout.TwirledReadout,
    prepared: Prepared,
    group: Group,
    cancellation: Cancellation,
    budget: int,
    rng: np.random.Generator,
) -> Sampled:
    """The mean of a group over random circuits.

    Most of the weight is on the circuits whose noise happens to be left alone. They are measured
    apart from the others, so that chance decides about the small rest only.
    """
    untouched = cancellation.untouched
    first = max(2, min(TWIRLS, budget))
    strata = [(untouched, first, math.ceil(budget * untouched / first), False)]
    if untouched < 1:
        rest = max(2, math.ceil(budget * (1 - untouched) / SHOTS_OF_A_SAMPLE))
        strata.append((1 - untouched, rest, SHOTS_OF_A_SAMPLE, True))
    value: Number = 0.0
    error = 0.0
    for weight, samples, shots, touched in strata:
        drawn = [cancellation.sample(rng, touched) for _ in range(samples)]
        signs = np.array([sign for _, sign in drawn])
        means = _means(readout, prepared, group, [circuit for circuit, _ in drawn], shots)
        scaled = cancellation.gamma * weight * signs * means
        value += scaled.mean().item()
        error += float(scaled.var(ddof=1) / samples)
    return Sampled(value, error, sum(s[1] for s in strata), sum(s[1] * s[2] for s in strata))


def _means(
    readout: twirled_readout.TwirledReadout,
    prepared: Prepared,
    group: Group,
    circuits: list[QuantumCircuit],
    shots: int,
) -> np.ndarray[Any, Any]:
    """The mean of a group in each circuit, with the readout twirled and corrected."""
    merge = PassManager([Optimize1qGatesDecomposition(basis=readout.machine.basis_gates)])
    factors = readout.factors(prepared, group)
    flips = readout.random_flips(group, len(circuits))
    measured = [
        merge.run(prepared.with_circuit(circuit).measured(group, row))
        for circuit, row in zip(circuits, flips)
    ]
    outcomes = readout.machine.outcomes(measured, shots)
    return np.array(
        [
            moments(group, prepared.read(group, seen).flipped(row), factors)[0]
            for seen, row in zip(outcomes, flips)
        ]
    )
