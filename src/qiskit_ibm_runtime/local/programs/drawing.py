"""Draw circuits and results as SVG, for the page of the server."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING, Any

from qiskit import QuantumCircuit

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.figure import Figure

_MOST_CIRCUITS = 4
_MOST_INSTRUCTIONS, _MOST_QUBITS = 300, 30
_MOST_PLOTS, _MOST_OUTCOMES, _MOST_VALUES = 4, 16, 500
_BAR, _MARK = "#4c6ef5", "#1c2a57"
_SIDE = r'(?<= )({})="([\d.]+)pt"'
_LINE, _LETTER = 16, 8


def main(backend: Any, user_messenger: Any, what: str, data: Any) -> str:
    """Draw the ``circuits`` in the inputs, or a ``result`` of a primitive or with counts.

    Raises:
        ValueError: If there is nothing to draw.
    """
    if what == "circuits":
        return _circuits([one for one in _found(data) if isinstance(one, QuantumCircuit)])
    return _result(data)


def _found(data: Any) -> list[Any]:
    """Return the circuits in the inputs of a primitive, in order, without duplicates."""
    given = data.get("circuits", []) if isinstance(data, dict) else []
    listed = given if isinstance(given, (list, tuple)) else [given]
    return list({id(one): one for one in listed}.values())


def _circuits(circuits: Sequence[QuantumCircuit]) -> str:
    if not circuits:
        raise ValueError("The inputs hold no circuit.")
    pictures = []
    for number, circuit in enumerate(circuits[:_MOST_CIRCUITS]):
        name = circuit.name or "circuit"
        size = f"{circuit.num_qubits} qubits, depth {circuit.depth()}, {len(circuit.data)} items"
        pictures += [_lines([f"{number}: {name} ({size})"]), _drawn(circuit)]
    if len(circuits) > _MOST_CIRCUITS:
        pictures.append(_lines([f"and {len(circuits) - _MOST_CIRCUITS} more"]))
    return _stacked(pictures)


def _drawn(circuit: QuantumCircuit) -> str:
    if len(circuit.data) > _MOST_INSTRUCTIONS or circuit.num_qubits > _MOST_QUBITS:
        counted = ", ".join(f"{count} {name}" for name, count in circuit.count_ops().items())
        return _lines(["Too large to draw.", counted[:200]])
    try:
        import matplotlib.pyplot as plt

        plt.switch_backend("Agg")
        try:
            return _svg(circuit.draw("mpl", fold=24, plot_barriers=True))
        finally:
            plt.close("all")  # pyplot would keep the figure as long as this worker lives
    except Exception:  # noqa: BLE001  # no library, a name that is invalid TeX, an unsupported gate
        return _lines(str(circuit.draw("text", fold=100)).splitlines())


def _result(data: Any) -> str:
    data = data if isinstance(data, dict) else {}
    if "quasi_dists" in data:
        shots = [entry.get("shots") for entry in data.get("metadata", [])]
        return _distributions([_read(dist) for dist in data["quasi_dists"]], shots)
    if "values" in data:
        return _values([float(one) for one in data["values"]], data.get("metadata", []))
    if "results" in data:
        counts = [one.get("data", {}).get("counts", {}) for one in data["results"]]
        shots = [sum(one.values()) for one in counts]
        shares = [
            {key: value / max(1, total) for key, value in one.items()}
            for one, total in zip(counts, shots)
        ]
        return _distributions(shares, shots)
    raise ValueError("Only results of primitives and counts are plotted.")


def _read(dist: Mapping[str, float]) -> dict[str, float]:
    return {str(key): float(value) for key, value in dist.items()}


def _distributions(dists: Sequence[Mapping[str, float]], shots: Sequence[int | None]) -> str:
    """Plot the likeliest outcomes with one standard error, sqrt(p (1 - p) / shots)."""
    from matplotlib.figure import Figure

    shown = list(zip(dists[:_MOST_PLOTS], shots[:_MOST_PLOTS]))
    figure = Figure(figsize=(7.5, 2.9 * max(1, len(shown))), layout="constrained")
    for number, (dist, count) in enumerate(shown):
        axes = figure.add_subplot(len(shown), 1, number + 1)
        top = sorted(sorted(dist, key=lambda key: -abs(dist[key]))[:_MOST_OUTCOMES])
        heights = [dist[key] for key in top]
        errors = None
        if count:
            errors = [(max(0.0, p * (1 - p)) / count) ** 0.5 for p in heights]
        axes.bar(range(len(top)), heights, yerr=errors, capsize=3, color=_BAR, ecolor=_MARK)
        axes.set_xticks(range(len(top)), top, rotation=45 if len(top) > 4 else 0, fontsize=8)
        axes.set_ylabel("probability")
        rest = f", {len(dist) - len(top)} more outcomes" if len(dist) > len(top) else ""
        how = f"{count} shots" if count else "exact"
        axes.set_title(f"Circuit {number}: {how}{rest}", fontsize=10, loc="left")
        axes.grid(axis="y", alpha=0.3)
        axes.set_axisbelow(True)
    pictures = [_svg(figure)]
    if len(dists) > len(shown):
        pictures.append(_lines([f"and {len(dists) - len(shown)} more"]))
    return _stacked(pictures)


def _values(values: Sequence[float], metadata: Sequence[Mapping[str, Any]]) -> str:
    """Plot expectation values with one standard error, sqrt(variance / shots)."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    errors = [
        (max(0.0, float(entry.get("variance") or 0.0)) / entry["shots"]) ** 0.5
        if entry.get("shots")
        else 0.0
        for entry in metadata
    ][: len(values)]
    shown = values[:_MOST_VALUES]
    figure = Figure(figsize=(7.5, 3.2), layout="constrained")
    axes = figure.add_subplot()
    axes.errorbar(
        range(len(shown)),
        shown,
        yerr=errors[: len(shown)] if len(errors) == len(values) else None,
        fmt="o",
        markersize=4,
        capsize=3,
        color=_BAR,
        ecolor=_MARK,
    )
    axes.set_xlabel("number of the value")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_ylabel("expectation value")
    axes.grid(alpha=0.3)
    if len(values) == 1:
        axes.set_title(f"{values[0]:.6g} ± {errors[0] if errors else 0:.2g}", fontsize=10)
    return _svg(figure)


def _svg(figure: Figure) -> str:
    """Convert a figure to an SVG element with text as paths."""
    import matplotlib as mpl

    out = io.StringIO()
    with mpl.rc_context({"svg.fonttype": "path", "svg.hashsalt": "page"}):
        figure.savefig(out, format="svg", facecolor="white", bbox_inches="tight")
    text = out.getvalue()
    return text[text.index("<svg ") :].strip()


def _lines(lines: Sequence[str]) -> str:
    from html import escape

    width = _LETTER * max(map(len, lines)) + 2 * _LETTER
    spans = "".join(
        f'<text x="{_LETTER}" y="{_LINE * (row + 1)}" xml:space="preserve">{escape(line)}</text>'
        for row, line in enumerate(lines)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" height="{_LINE * len(lines) + 8}pt" '
        f'width="{width}pt" viewBox="0 0 {width} {_LINE * len(lines) + 8}" '
        f'font-family="monospace" font-size="12">{spans}</svg>'
    )


def _stacked(pictures: Sequence[str]) -> str:
    """Stack pictures vertically into one SVG."""
    top, widest, placed = 0.0, 0.0, []
    for picture in pictures:
        # Units of pt would be scaled twice in a nested SVG, so only the outermost one keeps them.
        plain, sides = picture, []
        for name in ("height", "width"):
            side = re.compile(_SIDE.format(name))
            sides.append(float(side.search(picture)[2]))  # type: ignore[index]
            plain = side.sub(r'\1="\2"', plain, count=1)
        height, width = sides
        placed.append(plain.replace("<svg ", f'<svg x="0" y="{top:g}" ', 1))
        top, widest = top + height, max(widest, width)
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" '
        'xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'width="{widest:g}pt" height="{top:g}pt" viewBox="0 0 {widest:g} {top:g}">'
        f"{''.join(placed)}</svg>"
    )
