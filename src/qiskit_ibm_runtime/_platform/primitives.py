"""Jobs for the programs ``sampler`` and ``estimator`` of the platform, made of V1 runs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from . import approximations
from .encoding import array, packed, tagged
from .observables import highest, mapped
from .qasm3 import to_qasm3
from .qpy13 import to_qpy
from .recipe import Recipe

if TYPE_CHECKING:
    from .isa import Isa
    from .runs import Group, Work

QPY, QASM3 = "qpy", "qasm3"
_EXTRAPOLATORS = {
    "LinearExtrapolator": "linear",
    "QuadraticExtrapolator": "polynomial_degree_2",
    "CubicExtrapolator": "polynomial_degree_3",
    "QuarticExtrapolator": "polynomial_degree_4",
}
_FACTORS = (1, 3, 5)


def params_of(work: Work, encoding: str) -> tuple[dict[str, Any], Recipe]:
    """Return the inputs of the job, and how its result is read.

    Args:
        work: What is asked for.
        encoding: How circuits are written, ``qpy`` or ``qasm3``.
    """
    return (_sampler if work.program == "sampler" else _estimator)(work, encoding)


def _sampler(work: Work, encoding: str) -> tuple[dict[str, Any], Recipe]:
    pubs, facts = [], []
    for group in work.groups:
        for runs, values in _rows(group):
            pubs.append([group.transpiled.isa, array(values), work.shots])
            facts.append({"runs": runs, **reading(work, group)})
    recipe = Recipe("sampler", work.shots, facts)
    options = _options(work)
    return _params(pubs, recipe, encoding, options), recipe


def reading(work: Work, group: Group) -> dict[str, Any]:
    """Return what must be known of a circuit to read its outcomes."""
    transpiled = group.transpiled
    found: dict[str, Any] = {}
    if len(transpiled.isa.registers) > 1:
        found["registers"] = [list(register) for register in transpiled.isa.registers]
    if transpiled.places != tuple(range(len(transpiled.places))):
        found["bits"] = list(transpiled.places)
    if work.level:
        errors = approximations.errors_of_bits(work.device, transpiled)
        if any(map(any, errors)):
            found["errors"] = errors
    return found


def _rows(group: Group) -> list[tuple[list[int], Any]]:
    """Return runs and values of each PUB: one, if there are values to tell the runs apart."""
    if group.values.shape[1]:
        return [(group.runs, group.values)]
    return [([run], np.zeros(0)) for run in group.runs]


def _estimator(work: Work, encoding: str) -> tuple[dict[str, Any], Recipe]:
    pubs, facts = [], []
    for group in work.groups:
        isa = group.transpiled.isa
        if encoding == QASM3:
            isa = isa._replace(qubits=_least_width(group))
        observables, runs, parts, rows = [], [], [], []
        for place, (run, observable) in enumerate(zip(group.runs, group.observables)):
            found = mapped(observable, group.transpiled.positions, isa.qubits)
            for part, terms in found.items():
                observables.append(terms)
                runs.append(run)
                parts.append(part)
                rows.append(place)
        values = group.values[rows] if isa.angles else np.zeros(0)
        pubs.append([isa, observables, array(values), None])
        facts.append({"runs": runs, **({"parts": parts} if "im" in parts else {})})
    options = {"default_shots": work.shots, **_options(work)}
    params, zne = _mitigation(work)
    recipe = Recipe("estimator", work.shots, facts, zne)
    resilience = {"resilience": params.pop("resilience")} if "resilience" in params else {}
    sent = _params(pubs, recipe, encoding, {**options, **resilience})
    return {**sent, **params}, recipe


def _least_width(group: Group) -> int:
    """Return how many qubits a program declares: as few as circuit and observables need."""
    positions = group.transpiled.positions
    ends = [highest(observable, positions) for observable in group.observables]
    return 1 + max(0, group.transpiled.isa.highest, *ends)


def _mitigation(work: Work) -> tuple[dict[str, Any], dict[str, Any] | None]:
    if work.level <= 1:
        return {"resilience_level": work.level}, None
    if work.level >= 3:
        return {"resilience_level": 0, "resilience": {"pec_mitigation": True}}, None
    given = work.resilience
    amplifier = given.get("noise_amplifier") or "TwoQubitAmplifier"
    if amplifier == "GlobalFoldingAmplifier":
        approximations.warn_once(
            "The platform amplifies noise gate by gate: LocalFoldingAmplifier stands in for "
            "GlobalFoldingAmplifier."
        )
    extrapolator = given.get("extrapolator") or "LinearExtrapolator"
    factors = list(given.get("noise_factors") or _FACTORS)
    zne = {"noise_factors": factors, "extrapolator": [_EXTRAPOLATORS[extrapolator]]}
    resilience = {"zne_mitigation": True, "zne": {"amplifier": "gate_folding", **zne}}
    kept = {"noise_factors": factors, "noise_amplifier": amplifier, "extrapolator": extrapolator}
    return {"resilience_level": 0, "resilience": resilience}, kept


def _options(work: Work) -> dict[str, Any]:
    options: dict[str, Any] = {}
    if work.run_options.get("init_qubits") is not None:
        options["execution"] = {"init_qubits": bool(work.run_options["init_qubits"])}
    if approximations.wants_decoupling(work):
        options["dynamical_decoupling"] = {"enable": True, "sequence_type": "XX"}
    seed = work.run_options.get("seed_simulator")
    if seed is not None and work.device.is_simulator:
        options["simulator"] = {"seed_simulator": seed}
    return options


def _params(
    pubs: list[Any], recipe: Recipe, encoding: str, options: dict[str, Any]
) -> dict[str, Any]:
    notes = [recipe.note(), *({} for _ in pubs[1:])]
    for pub, note in zip(pubs, notes):
        pub[0] = encoded(pub[0], note, encoding)
    return {"pubs": pubs, "options": options, "version": 2, "support_qiskit": True}


def encoded(isa: Isa, note: dict[str, Any], encoding: str) -> Any:
    """Return a circuit as it is sent."""
    if encoding == QASM3:
        return to_qasm3(isa, json.dumps(note, separators=(",", ":")) if note else "")
    return tagged("QuantumCircuit", packed(to_qpy([isa], note)))
