"""Conversion of the platform's results to V1 results."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import numpy as np

from qiskit_ibm_runtime.exceptions import IBMRuntimeError

from .approximations import warn_once
from .encoding import Bits, decode, decode_tensor, v1_numbers
from .estimates import estimate_from_executor
from .readout import correct_readout
from .recipe import Recipe, recipe_in_result

if TYPE_CHECKING:
    from collections.abc import Mapping

Array = np.ndarray[Any, Any]
Pub = dict[str, Any]


def to_v1(text: str, recipe: Recipe | None) -> str:
    """Convert a result to V1 JSON; text that is not a primitive result is returned unchanged.

    Args:
        text: The result as received.
        recipe: Recipe for reading the result; ``None`` to look for one in the result.

    Raises:
        IBMRuntimeError: If the result is malformed or incomplete.
    """
    try:
        data = decode(text)
    except ValueError:
        return text
    pubs = pubs_in(data)
    if pubs is None:
        return text
    recipe = recipe or _recipe_in_passthrough(data) or recipe_in_result(pubs) or _infer_recipe(pubs)
    if recipe is None:
        return text
    return json.dumps(_READERS[recipe.program](pubs, recipe))


def pubs_in(data: Any) -> list[Pub] | None:
    """Return fields and metadata of each PUB; ``None`` if data is not a primitive result."""
    if not isinstance(data, dict):
        return None
    if isinstance(data.get("pub_results"), list):
        return [_pub(each) for each in data["pub_results"]]
    if isinstance(data.get("results"), list):
        return [_pub(each) for each in data["results"]]
    if isinstance(data.get("data"), list) and "schema_version" in data:
        return [_item(each) for each in data["data"]]
    return None


def _pub(found: Any) -> Pub:
    if not isinstance(found, dict) or not isinstance(found.get("data"), dict):
        raise IBMRuntimeError("The platform returned a malformed result.")
    fields = {name: _field(value) for name, value in found["data"].items()}
    return {"fields": fields, "metadata": found.get("metadata") or {}}


def _field(value: Any) -> Any:
    if isinstance(value, dict) and "samples" in value:
        samples = value["samples"]
        return Bits.from_samples(samples, value.get("num_bits") or _width(samples))
    return value if isinstance(value, Bits) else np.asarray(value)


def _width(samples: list[str]) -> int:
    return max((int(sample, 0).bit_length() for sample in samples), default=1) or 1


def _item(found: Any) -> Pub:
    results = found.get("results") or {}
    fields = {}
    for name, value in results.items():
        if isinstance(value, dict) and "data" in value:
            bits = decode_tensor(value)
            packed = np.packbits(bits, axis=-1, bitorder="little")[..., ::-1]
            fields[name] = Bits(packed, bits.shape[-1])
    return {"fields": fields, "metadata": found.get("metadata") or {}}


def _recipe_in_passthrough(data: Mapping[str, Any]) -> Recipe | None:
    return Recipe.from_note(data.get("passthrough_data"))


def _infer_recipe(pubs: list[Pub]) -> Recipe | None:
    """Infer a recipe for another client's result, taking its elements in order."""
    if not pubs:
        return None
    counted, found = 0, []
    estimated = all("evs" in pub["fields"] for pub in pubs)
    sampled = all(
        pub["fields"] and all(isinstance(field, Bits) for field in pub["fields"].values())
        for pub in pubs
    )
    if not (estimated or sampled):
        return None
    for pub in pubs:
        if estimated:
            number = int(np.size(pub["fields"]["evs"]))
        else:
            number = len(next(iter(pub["fields"].values())).columns())
        found.append({"runs": list(range(counted, counted + number))})
        counted += number
    return Recipe("estimator" if estimated else "sampler", 0, found)


def _check_count(pubs: list[Pub], recipe: Recipe) -> None:
    if len(pubs) != len(recipe.pubs):
        raise IBMRuntimeError(
            f"The platform returned {len(pubs)} results for {len(recipe.pubs)} PUBs."
        )


def _sampled(pubs: list[Pub], recipe: Recipe) -> dict[str, Any]:
    _check_count(pubs, recipe)
    dists: list[Any] = [None] * recipe.size
    metadata: list[Any] = [None] * recipe.size
    for pub, facts in zip(pubs, recipe.pubs):
        rows = _bits(pub["fields"], facts)
        if len(rows) != len(facts["runs"]):
            raise IBMRuntimeError(
                f"The platform returned {len(rows)} distributions where {len(facts['runs'])} were "
                "expected."
            )
        for run, outcomes in zip(facts["runs"], rows):
            dists[run], metadata[run] = _distribution(outcomes, facts.get("errors"))
    return {"quasi_dists": dists, "metadata": metadata}


def _bits(fields: Mapping[str, Any], facts: Mapping[str, Any]) -> Array:
    """Return the user's classical bits as an array of shape (rows, shots, bits)."""
    registers = [(name, field) for name, field in fields.items() if isinstance(field, Bits)]
    if not registers:
        raise IBMRuntimeError("The platform returned a Sampler result without outcomes.")
    parts = [field.columns() for _, field in registers]
    if "registers" in facts:  # registers without measurements may be missing
        known = dict(registers)
        parts = [
            known[name].columns()
            if name in known
            else np.zeros((*parts[0].shape[:-1], size), np.uint8)
            for name, size in facts["registers"]
        ]
    bits = np.concatenate(parts, axis=-1)
    return bits[..., facts["bits"]] if "bits" in facts else bits


def _distribution(outcomes: Array, errors: Any) -> tuple[dict[str, float], dict[str, Any]]:
    shots, width = outcomes.shape
    size = max(1, (width + 7) // 8)
    padded = np.zeros((shots, size * 8), np.uint8)
    padded[:, size * 8 - width :] = outcomes[:, ::-1]
    rows = np.packbits(padded, axis=1).view(f"V{size}").ravel()
    _, places, counts = np.unique(rows, return_index=True, return_counts=True)
    strings, values = outcomes[places], counts / shots
    metadata: dict[str, Any] = {"shots": int(shots)}
    if errors is not None:
        began = time.perf_counter()
        found = correct_readout(strings, values, np.asarray(errors))
        if found is None:
            warn_once(
                "Could not correct readout errors: too many different outcomes were measured. "
                "Returning the uncorrected distribution."
            )
        else:
            values, metadata["readout_mitigation_overhead"] = found
            metadata["readout_mitigation_time"] = time.perf_counter() - began
    labels = ["".join(map(str, row)) for row in strings[:, ::-1].tolist()]
    return dict(zip(labels, values.tolist())), metadata


def _estimated(pubs: list[Pub], recipe: Recipe) -> dict[str, Any]:
    _check_count(pubs, recipe)
    if recipe.executed is not None:
        return estimate_from_executor(pubs, recipe)
    values: list[complex] = [0.0] * recipe.size
    metadata: list[dict[str, Any]] = [{} for _ in values]
    for pub, facts in zip(pubs, recipe.pubs):
        fields, about = pub["fields"], pub["metadata"]
        runs = facts["runs"]
        evs = _numbers(fields, "evs", len(runs))
        shots = about.get("shots") if isinstance(about, dict) else None
        shots = int(shots) if isinstance(shots, (int, float)) and shots else recipe.shots
        variances = _variances(fields, len(runs)) * shots
        parts = facts.get("parts") or ["re"] * len(runs)
        for place, (run, part) in enumerate(zip(runs, parts)):
            values[run] += evs[place] * (1j if part == "im" else 1)
            known = metadata[run]
            known["variance"] = known.get("variance", 0.0) + float(variances[place])
            known["shots"] = shots
            if recipe.zne is not None and part == "re":
                known["zne"] = _zne(fields, place, len(runs), recipe.zne, shots)
    return {"values": v1_numbers(values), "metadata": metadata}


def _numbers(fields: Mapping[str, Any], name: str, count: int) -> Array:
    found = np.asarray(fields.get(name, ()), dtype=float).reshape(-1)
    if len(found) != count:
        raise IBMRuntimeError(
            f"The platform returned {len(found)} numbers in {name!r} where {count} were expected."
        )
    return found


def _variances(fields: Mapping[str, Any], count: int) -> Array:
    """Return squared standard errors, preferably of shot noise alone."""
    for name in ("ensemble_standard_error", "stds"):
        if name in fields and np.size(fields[name]) == count:
            return _numbers(fields, name, count) ** 2
    return np.zeros(count)


def _zne(
    fields: Mapping[str, Any], place: int, count: int, zne: dict[str, Any], shots: int
) -> dict[str, Any]:
    amplification = {name: zne[name] for name in ("noise_amplifier", "noise_factors")}
    values = _by_factor(fields, "evs_noise_factors", place, count)
    errors = _by_factor(fields, "ensemble_stds_noise_factors", place, count)
    if errors is None:
        errors = _by_factor(fields, "stds_noise_factors", place, count)
    if values is not None:
        amplification["values"] = values.tolist()
    if errors is not None:
        amplification["variance"] = (errors**2 * shots).tolist()
    return {
        "noise_amplification": amplification,
        "extrapolation": {"extrapolator": zne["extrapolator"]},
    }


def _by_factor(fields: Mapping[str, Any], name: str, place: int, count: int) -> Array | None:
    found = np.asarray(fields.get(name, ()), dtype=float)
    if not found.size or found.size % count:
        return None
    return np.asarray(found.reshape(count, -1)[place])


_READERS = {"sampler": _sampled, "estimator": _estimated}
