"""Division of a large job into parts, and merging of their results.

The parts depend only on the job, and each has its own seeds. Therefore the result for a seed is the
same whether one worker runs all parts or several workers run them concurrently.
"""

from __future__ import annotations

import json
import math
import sys
from typing import Any, NamedTuple

CIRCUITS = 128
"""Approximate number of measured circuits per part; smaller jobs are not divided.

For four qubits and 4000 shots, this is one or two seconds of work. The overhead of a part is small:
it parses the whole job, decodes its own circuits, and calibrates the readout with 16 circuits.
"""


class Piece(NamedTuple):
    """A question of the job with some groups of its observable, from ``first`` to before ``last``.

    A question without groups is a piece without any.
    """

    question: int
    first: int
    last: int


def plan(groups: list[int], weight: int) -> list[list[Piece]]:
    """Divide a job into parts of about equal size.

    Args:
        groups: Number of groups of each expectation value.
        weight: Number of circuits that measure one group.
    """
    units = [(question, group) for question, n in enumerate(groups) for group in range(max(1, n))]
    count = max(1, min(len(units), math.ceil(len(units) * weight / CIRCUITS)))
    bounds = [len(units) * number // count for number in range(count + 1)]
    return [_pieces(units[a:b], groups) for a, b in zip(bounds, bounds[1:])]


def _pieces(units: list[tuple[int, int]], groups: list[int]) -> list[Piece]:
    pieces: list[Piece] = []
    for question, group in units:
        last = min(group + 1, groups[question])
        if pieces and pieces[-1].question == question:
            pieces[-1] = pieces[-1]._replace(last=last)
        else:
            pieces.append(Piece(question, group, last))
    return pieces


def concatenate(results: list[dict[str, Any]]) -> dict[str, Any]:
    """Concatenate the sampler results of all parts."""
    return {
        name: [entry for result in results for entry in result[name]]
        for name in ("quasi_dists", "metadata")
    }


def merge(results: list[dict[str, Any]]) -> dict[str, Any]:
    """One result of an estimator of those of all parts, in their order.

    Args:
        results: Of each part ``values`` and ``metadata``, and in ``questions`` what they answer.
    """
    values: dict[int, float | complex] = {}
    metadata: dict[int, dict[str, Any]] = {}
    for result in results:
        answers = zip(result["questions"], result["values"], result["metadata"])
        for question, value, about in answers:
            if question not in values:
                values[question], metadata[question] = value, about
                continue
            values[question] += value
            metadata[question] = _of_a_sum(values[question], metadata[question], about)
    return {
        "values": [_real_if_close(value) for value in values.values()],
        "metadata": list(metadata.values()),
    }


def merge_json(texts: list[str]) -> str:
    """Merge results given as JSON; without numpy, which servers do not import."""
    results = [json.loads(text, object_hook=_from_json) for text in texts]
    whole = concatenate(results) if "quasi_dists" in results[0] else merge(results)
    return json.dumps(whole, default=_to_json)


def _from_json(value: dict[str, Any]) -> Any:
    if value.get("__type__") == "complex":
        return complex(*value["__value__"])
    return value


def _to_json(value: complex) -> dict[str, Any]:
    return {"__type__": "complex", "__value__": [value.real, value.imag]}


def _real_if_close(value: complex) -> float | complex:
    """Drop an imaginary part below 100 times the precision, as terra's Estimator does."""
    is_real = abs(value.imag) < 100 * sys.float_info.epsilon
    return value.real if is_real else value


def _of_a_sum(value: complex, one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """Merge the metadata of two values measured with equal shots into that of their sum."""
    about = {**one, "variance": one["variance"] + other["variance"]}
    if "zne" in one:
        first, second = (each["zne"]["noise_amplification"] for each in (one, other))
        sums = {
            name: [a + b for a, b in zip(first[name], second[name])]
            for name in ("values", "variance")
        }
        about["zne"] = {**one["zne"], "noise_amplification": {**first, **sums}}
    if "standard_error" in one:
        deviation = math.hypot(one["standard_error"], other["standard_error"])
        about["standard_error"] = deviation
        if value.imag:
            about.pop("confidence_interval", None)
        else:
            about["confidence_interval"] = [value - 1.96 * deviation, value + 1.96 * deviation]
    return about
