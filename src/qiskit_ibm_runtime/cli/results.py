"""Printing of job results as tables or JSON."""

from __future__ import annotations

from typing import Any

from .output import print_json, print_table, print_text

_BAR = 30
_MOST_OUTCOMES = 16


def print_result(result: Any, *, as_json: bool) -> None:
    """Print the result of a job: a table for primitives, JSON for other programs."""
    if as_json:
        print_json(_plain(result))
    elif hasattr(result, "quasi_dists"):
        _print_distributions(result)
    elif hasattr(result, "values") and hasattr(result, "metadata"):
        _print_values(result)
    elif isinstance(result, str):
        print_text(result)
    else:
        print_json(_plain(result))


def _plain(result: Any) -> Any:
    if hasattr(result, "quasi_dists"):
        distributions = [dict(each) for each in _by_bits(result)]
        return {"quasi_dists": distributions, "metadata": result.metadata}
    if hasattr(result, "values") and hasattr(result, "metadata"):
        return {"values": [float(value) for value in result.values], "metadata": result.metadata}
    return result.to_dict() if hasattr(result, "to_dict") else result


def _by_bits(result: Any) -> list[dict[str, float]]:
    return [each.binary_probabilities() for each in result.quasi_dists]


def _print_distributions(result: Any) -> None:
    rows = []
    for number, outcomes in enumerate(_by_bits(result)):
        largest_first = sorted(outcomes.items(), key=lambda entry: -entry[1])
        for bits, share in largest_first[:_MOST_OUTCOMES]:
            rows.append((number, bits, _fixed(share), "█" * round(max(share, 0) * _BAR)))
        rest = largest_first[_MOST_OUTCOMES:]
        if rest:
            rows.append((number, f"{len(rest)} more", _fixed(sum(s for _, s in rest)), ""))
    print_table({"circuit": "right", "outcome": "right", "share": "right", "": "left"}, rows)


def _fixed(share: float) -> str:
    return f"{round(share, 4) + 0.0:.4f}"  # avoids "-0.0000"


def _print_values(result: Any) -> None:
    rows = []
    for number, (value, metadata) in enumerate(zip(result.values, result.metadata)):
        rows.append((number, f"{value:.6f}", _standard_error(metadata), metadata.get("shots")))
    print_table(dict.fromkeys(("circuit", "value", "standard error", "shots"), "right"), rows)


def _standard_error(metadata: dict[str, Any]) -> str | None:
    variance, shots = metadata.get("variance"), metadata.get("shots")
    if variance is None or not shots:
        return None
    return f"{(max(float(variance), 0.0) / shots) ** 0.5:.6f}"
