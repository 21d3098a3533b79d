"""Params of jobs for the platform's programs ``sampler`` and ``estimator``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from . import approximations
from .encoding import compress, encode_array, tagged
from .observables import highest_qubit, to_platform_terms
from .qasm3 import to_qasm3
from .qpy13 import to_qpy
from .recipe import Recipe

if TYPE_CHECKING:
    from .isa import Isa
    from .workload import CircuitGroup, Workload

QPY, QASM3 = "qpy", "qasm3"
_EXTRAPOLATORS = {
    "LinearExtrapolator": "linear",
    "QuadraticExtrapolator": "polynomial_degree_2",
    "CubicExtrapolator": "polynomial_degree_3",
    "QuarticExtrapolator": "polynomial_degree_4",
}
_FACTORS = (1, 3, 5)


def build_params(work: Workload, encoding: str) -> tuple[dict[str, Any], Recipe]:
    """Return the params of the job, and the recipe for reading its result.

    Args:
        work: What to run.
        encoding: Encoding of circuits, ``qpy`` or ``qasm3``.
    """
    return (_sampler if work.program == "sampler" else _estimator)(work, encoding)


def _sampler(work: Workload, encoding: str) -> tuple[dict[str, Any], Recipe]:
    pubs, facts = [], []
    for group in work.groups:
        for runs, values in _rows(group):
            pubs.append([group.transpiled.isa, encode_array(values), work.shots])
            facts.append({"runs": runs, **outcome_layout(work, group)})
    recipe = Recipe("sampler", work.shots, facts)
    options = _options(work)
    return _params(pubs, recipe, encoding, options), recipe


def outcome_layout(work: Workload, group: CircuitGroup) -> dict[str, Any]:
    """Return the facts about a circuit that are needed to read its outcomes."""
    transpiled = group.transpiled
    found: dict[str, Any] = {}
    if len(transpiled.isa.registers) > 1:
        found["registers"] = [list(register) for register in transpiled.isa.registers]
    if transpiled.places != tuple(range(len(transpiled.places))):
        found["bits"] = list(transpiled.places)
    if work.level:
        errors = approximations.clbit_readout_errors(work.device, transpiled)
        if any(map(any, errors)):
            found["errors"] = errors
    return found


def _rows(group: CircuitGroup) -> list[tuple[list[int], Any]]:
    """Return runs and values of each PUB: a single PUB if the circuit has parameters."""
    if group.values.shape[1]:
        return [(group.runs, group.values)]
    return [([run], np.zeros(0)) for run in group.runs]


def _estimator(work: Workload, encoding: str) -> tuple[dict[str, Any], Recipe]:
    pubs, facts = [], []
    for group in work.groups:
        isa = group.transpiled.isa
        if encoding == QASM3:
            isa = isa._replace(qubits=_least_width(group))
        observables, runs, parts, rows = [], [], [], []
        for place, (run, observable) in enumerate(zip(group.runs, group.observables)):
            found = to_platform_terms(observable, group.transpiled.positions, isa.qubits)
            for part, terms in found.items():
                observables.append(terms)
                runs.append(run)
                parts.append(part)
                rows.append(place)
        values = group.values[rows] if isa.angles else np.zeros(0)
        pubs.append([isa, observables, encode_array(values), None])
        facts.append({"runs": runs, **({"parts": parts} if "im" in parts else {})})
    options = {"default_shots": work.shots, **_options(work)}
    params, zne = _mitigation(work)
    recipe = Recipe("estimator", work.shots, facts, zne)
    resilience = {"resilience": params.pop("resilience")} if "resilience" in params else {}
    sent = _params(pubs, recipe, encoding, {**options, **resilience})
    return {**sent, **params}, recipe


def _least_width(group: CircuitGroup) -> int:
    """Return the smallest number of qubits that holds the circuit and its observables."""
    positions = group.transpiled.positions
    ends = [highest_qubit(observable, positions) for observable in group.observables]
    return 1 + max(0, group.transpiled.isa.highest, *ends)


def _mitigation(work: Workload) -> tuple[dict[str, Any], dict[str, Any] | None]:
    if work.level <= 1:
        return {"resilience_level": work.level}, None
    if work.level >= 3:
        return {"resilience_level": 0, "resilience": {"pec_mitigation": True}}, None
    given = work.resilience
    amplifier = given.get("noise_amplifier") or "TwoQubitAmplifier"
    if amplifier == "GlobalFoldingAmplifier":
        approximations.warn_once(
            "The platform amplifies noise only gate by gate: using LocalFoldingAmplifier instead "
            "of GlobalFoldingAmplifier."
        )
    extrapolator = given.get("extrapolator") or "LinearExtrapolator"
    factors = list(given.get("noise_factors") or _FACTORS)
    zne = {"noise_factors": factors, "extrapolator": [_EXTRAPOLATORS[extrapolator]]}
    resilience = {"zne_mitigation": True, "zne": {"amplifier": "gate_folding", **zne}}
    kept = {"noise_factors": factors, "noise_amplifier": amplifier, "extrapolator": extrapolator}
    return {"resilience_level": 0, "resilience": resilience}, kept


def _options(work: Workload) -> dict[str, Any]:
    options: dict[str, Any] = {}
    if work.run_options.get("init_qubits") is not None:
        options["execution"] = {"init_qubits": bool(work.run_options["init_qubits"])}
    if approximations.uses_dynamical_decoupling(work):
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
        pub[0] = encode_circuit(pub[0], note, encoding)
    return {"pubs": pubs, "options": options, "version": 2, "support_qiskit": True}


def encode_circuit(isa: Isa, note: dict[str, Any], encoding: str) -> Any:
    """Encode a circuit, with the note that carries the recipe."""
    if encoding == QASM3:
        return to_qasm3(isa, json.dumps(note, separators=(",", ":")) if note else "")
    return tagged("QuantumCircuit", compress(to_qpy([isa], note)))
