"""The V2 ``estimator`` program: expectation values of each PUB."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from qiskit.quantum_info import SparsePauliOp

from qiskit_ibm_runtime.local.mitigation import extrapolators, levels
from qiskit_ibm_runtime.local.pubs import arrays, circuits, isa, observables, params, results
from qiskit_ibm_runtime.local.pubs.errors import OPTION, SHAPES, PubError
from qiskit_ibm_runtime.local.simulation.observables import Observable, Prepared, collect_terms

from .inputs import Resilience
from .sampler_v2 import checked_shots, document, ready, send

if TYPE_CHECKING:
    from qiskit_ibm_runtime.local.simulation.transpiling_backend import TranspilingBackend

Array = np.ndarray[Any, Any]
AT_ONCE = 32
"""Number of expectation values measured together."""
_EXTRAPOLATORS = {
    "linear": "LinearExtrapolator",
    **{f"polynomial_degree_{n}": name for name, n in extrapolators.DEGREES.items()},
}


def main(backend: Any, user_messenger: Any, **inputs: Any) -> None:
    """Estimate each PUB.

    Resilience level 1 mitigates readout errors, level 2 adds zero-noise extrapolation; options
    under ``resilience`` override either.
    """
    asked = params.checked("estimator", inputs)
    plan = Plan.of(asked)
    pubs = [Pub.of(pub, plan, backend) for pub in asked.pubs]
    simulator = asked.options.simulator
    seed = asked.options.seed_estimator
    if seed is None and simulator is not None:
        seed = simulator.seed_simulator
    machine = ready(backend, seed)
    typed = asked.support_qiskit
    answers = [_estimated(machine, pub, plan, typed=typed) for pub in pubs]
    send(user_messenger, results.whole(answers, plan.notes(), typed=typed))


@dataclass(frozen=True)
class Plan:
    """Shots and error mitigation of a job."""

    asked: Any
    corrects_readout: bool
    extrapolates: bool
    resilience: Resilience

    @classmethod
    def of(cls, asked: Any) -> Plan:
        """Derive the plan from the options.

        Raises:
            PubError: If options conflict or are not supported.
        """
        given, level = asked.options.resilience, asked.resilience_level
        readout = level > 0 if given.measure_mitigation is None else given.measure_mitigation
        zne = level > 1 if given.zne_mitigation is None else given.zne_mitigation
        if given.pec_mitigation and given.zne_mitigation:
            raise PubError(OPTION, "pec_mitigation and zne_mitigation cannot both be on.")
        if given.pec_mitigation:
            return cls(asked, readout, False, Resilience(3))
        if not zne:
            return cls(asked, readout, False, Resilience(1 if readout else 0))
        if given.zne.amplifier == "pea":
            raise PubError(OPTION, "The amplifier 'pea' is not supported; use 'gate_folding'.")
        factors, extrapolator = tuple(given.zne.noise_factors), _extrapolator(given.zne)
        degree = extrapolators.DEGREES[extrapolator]
        if len(set(factors)) <= degree:
            raise PubError(
                OPTION, f"noise_factors has too few factors for a polynomial of degree {degree}."
            )
        resilience = Resilience(2, "TwoQubitAmplifier", factors, extrapolator)
        return cls(asked, readout, True, resilience)

    @property
    def twirls_gates(self) -> bool:
        """Whether gates are twirled; by default at resilience level 2 and with PEC."""
        chosen = self.asked.options.twirling.enable_gates
        if chosen is None:
            chosen = self.asked.resilience_level == 2
        return chosen or self.resilience.level == 3

    def shots(self, precision: Any) -> int:
        """Number of shots for the precision of a PUB, or for the defaults of the job."""
        asked = self.asked
        precision = asked.precision if precision is None else precision
        if precision is None and asked.options.default_shots is not None:
            return checked_shots(asked.options.default_shots)
        precision = asked.options.default_precision if precision is None else precision
        its = isinstance(precision, (int, float)) and not isinstance(precision, bool)
        if not its or not 0 < precision < math.inf:
            raise PubError(SHAPES, f"Precision must be a positive number, not {precision!r}.")
        return checked_shots(math.ceil(1 / precision**2))

    def notes(self) -> dict[str, Any]:
        """Metadata of the result."""
        options = self.asked.options
        twirled = options.twirling
        measure = twirled.enable_measure
        return {
            "dynamical_decoupling": {
                "enable": options.dynamical_decoupling.enable,
                "sequence_type": options.dynamical_decoupling.sequence_type,
                "extra_slack_distribution": options.dynamical_decoupling.extra_slack_distribution,
                "scheduling_method": options.dynamical_decoupling.scheduling_method,
            },
            "twirling": {
                "enable_gates": self.twirls_gates,
                "enable_measure": self.corrects_readout if measure is None else measure,
                "num_randomizations": twirled.num_randomizations,
                "shots_per_randomization": twirled.shots_per_randomization,
                "strategy": twirled.strategy,
                "interleave_randomizations": True,
            },
            "resilience": {
                "measure_mitigation": self.corrects_readout,
                "zne_mitigation": self.extrapolates,
                "pec_mitigation": self.resilience.level == 3,
            },
            "version": 2,
        }


def _extrapolator(zne: Any) -> str:
    """Return the first polynomial extrapolator; exponential ones fall back to ``linear``."""
    names = [zne.extrapolator] if isinstance(zne.extrapolator, str) else zne.extrapolator
    known = {"exponential", "double_exponential", "fallback", *_EXTRAPOLATORS}
    known |= {f"polynomial_degree_{n}" for n in range(1, 8)}
    for name in names:
        if name not in known:
            raise PubError(OPTION, f"Unknown extrapolator {name!r}.")
    if not names:
        raise PubError(OPTION, "The list of extrapolators is empty.")
    usable = [name for name in names if "exponential" not in name] or ["linear"]
    if usable[0] not in _EXTRAPOLATORS:
        text = f"The extrapolator {usable[0]!r} is not supported as the first one; use 'linear'."
        raise PubError(OPTION, text)
    return _EXTRAPOLATORS[usable[0]]


@dataclass(frozen=True)
class Pub:
    """An estimator PUB; observables and values broadcast against each other."""

    circuit: circuits.PubCircuit
    observables: Array
    values: Array
    shots: int

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the result."""
        return np.broadcast_shapes(self.observables.shape, self.values.shape[:-1])

    @classmethod
    def of(cls, pub: list[Any], plan: Plan, backend: Any) -> Pub:
        """Decode and validate a PUB."""
        circuit = circuits.from_json(pub[0])
        isa.check_static(circuit.circuit)
        isa.check(circuit.circuit, document(backend))
        isa.check_combinations(circuit.circuit, decoupled=False, twirled=plan.twirls_gates)
        asked = observables.from_json(pub[1], circuit.circuit.num_qubits)
        values = arrays.values_from_json(pub[2] if len(pub) > 2 else None, circuit.names)
        made = cls(circuit, asked, values, plan.shots(pub[3] if len(pub) > 3 else None))
        try:
            shape = made.shape
        except ValueError as error:
            raise PubError(
                SHAPES,
                f"Observables of shape {asked.shape} and values of shape {values.shape[:-1]} "
                "do not broadcast.",
            ) from error
        if math.prod(shape) > observables.MOST_OBSERVABLES:
            raise PubError(SHAPES, f"A PUB is limited to {observables.MOST_OBSERVABLES} values.")
        return made


def _estimated(machine: TranspilingBackend, pub: Pub, plan: Plan, *, typed: bool) -> dict[str, Any]:
    found = _answers(machine, pub, plan)
    values = np.array([value for value, _ in found], dtype=float)
    errors = np.array([math.sqrt(about["variance"] / about["shots"]) for _, about in found])
    fields = {"evs": values.reshape(pub.shape), "stds": errors.reshape(pub.shape)}
    if plan.extrapolates:
        fields.update(_of_noise_factors(found, pub.shape, plan.asked.options.resilience.zne))
    else:
        fields["ensemble_standard_error"] = errors.reshape(pub.shape)
    notes = {
        "shots": max((about["shots"] for _, about in found), default=pub.shots),
        "target_precision": 1 / math.sqrt(pub.shots),
        "circuit_metadata": pub.circuit.notes,
        "resilience": {},
    }
    if plan.corrects_readout and found:
        twirls = found[0][1].get("readout_mitigation_num_twirled_circuits")
        notes["num_randomizations"] = max(1, twirls or 1)
    return results.estimator_pub(fields, pub.shape, notes, typed=typed)


def _answers(machine: TranspilingBackend, pub: Pub, plan: Plan) -> list[levels.Estimate]:
    prepared = Prepared.of(machine, pub.circuit.circuit)
    values = pub.values.reshape(math.prod(pub.values.shape[:-1]), pub.values.shape[-1])
    angles = pub.circuit.angles(values)
    operators = {
        number: Observable.of(collect_terms(SparsePauliOp(list(terms), list(terms.values()))))
        for number, terms in enumerate(pub.observables.flat)
    }
    rows, numbers = np.broadcast_arrays(
        np.arange(len(angles)).reshape(pub.values.shape[:-1]),
        np.arange(len(operators)).reshape(pub.observables.shape),
    )
    asked = list(zip(rows.flat, numbers.flat))
    found: list[levels.Estimate] = []
    for first in range(0, len(asked), AT_ONCE):
        questions = [
            levels.Expectation(prepared, operators[number], angles[row])
            for row, number in asked[first : first + AT_ONCE]
        ]
        found += levels.estimate(
            machine, questions, pub.shots, plan.resilience, corrects_readout=plan.corrects_readout
        )
    return found


def _of_noise_factors(
    found: list[levels.Estimate], shape: tuple[int, ...], zne: params.Zne
) -> dict[str, Array]:
    """Return values at each noise factor and the fits of each extrapolator."""
    amplified = [about["zne"]["noise_amplification"] for _, about in found]
    width = len(zne.noise_factors)
    values = np.array([one["values"] for one in amplified], dtype=float).reshape(-1, width)
    variances = [np.asarray(one["variance"]) / np.asarray(one["shots"]) for one in amplified]
    errors = np.sqrt(np.array(variances, dtype=float)).reshape(-1, width)
    names = [zne.extrapolator] if isinstance(zne.extrapolator, str) else zne.extrapolator
    points = zne.extrapolated_noise_factors
    wanted = [0.0, *zne.noise_factors] if isinstance(points, str) else points
    # Of shape (extrapolators, points, noise factors).
    fits = np.stack([_fit(name, zne.noise_factors, wanted) for name in names])
    extrapolated = np.einsum("epf,nf->nep", fits, values)
    deviations = np.sqrt(np.einsum("epf,nf->nep", fits**2, errors**2))
    members = {
        "evs_noise_factors": values,
        "stds_noise_factors": errors,
        "ensemble_stds_noise_factors": errors,
        "evs_extrapolated": extrapolated,
        "stds_extrapolated": deviations,
    }
    return {name: its.reshape(*shape, *its.shape[1:]) for name, its in members.items()}


def _fit(name: str, factors: list[float], points: list[float]) -> Array:
    """Return the matrix that maps values at noise factors to values of a fit at other points."""
    if name == "fallback":
        return np.tile(
            np.equal(factors, min(factors)) / factors.count(min(factors)), (len(points), 1)
        )
    known = _EXTRAPOLATORS.get(name, "LinearExtrapolator")
    degree = min(extrapolators.DEGREES[known], len(set(factors)) - 1)
    powers = np.vander(np.asarray(factors, dtype=float), degree + 1, increasing=True)
    at = np.vander(np.asarray(points, dtype=float), degree + 1, increasing=True)
    return np.asarray(at @ np.linalg.pinv(powers))
