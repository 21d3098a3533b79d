"""The coupling map of a device as a picture, colored by error."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from .html import Markup, text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

# Laying out more qubits takes too long for something that is shown in passing.
MOST_QUBITS = 150
_ROUNDS = 60
_SCALE = 46  # pixels from one qubit to the next
_RADIUS = 13
_MARGIN = 20
_NO_ERROR = "#8a8f98"
# From good to bad: blue, violet, red; all of them stand out on white and on black.
_RAMP = ((59, 143, 224), (139, 92, 214), (229, 72, 77))


def picture(
    qubits: int,
    edges: list[tuple[int, int]],
    readout: Mapping[int, float],
    gates: Mapping[tuple[int, int], float],
) -> Markup:
    """Return an SVG of the qubits and couplings of a device.

    Args:
        qubits: How many there are.
        edges: Pairs of qubits that are coupled.
        readout: Readout error of each qubit that has one.
        gates: Error of each pair, the lower qubit first.
    """
    pairs = sorted({(min(pair), max(pair)) for pair in edges})
    places = layout(qubits, pairs)
    width, height = (places.max(axis=0) + 2 * _MARGIN).round().astype(int)
    color_of_qubit, color_of_pair = scale_of(readout.values()), scale_of(gates.values())
    lines = [_line(places, pair, gates.get(pair), color_of_pair) for pair in pairs]
    circles = [
        _circle(number, place, readout.get(number), color_of_qubit)
        for number, place in enumerate(places)
    ]
    return Markup(
        f'<svg role="img" aria-label="coupling map" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" style="max-width:100%;height:auto;display:block">'
        f"{''.join(lines)}{''.join(circles)}</svg>{_legend(readout, gates)}"
    )


def layout(qubits: int, pairs: list[tuple[int, int]]) -> NDArray[np.float64]:
    """Return places in pixels at which coupled qubits lie near each other.

    Distances on the page follow the distances in the graph (stress majorization), beginning with
    the plane that fits these best; the outcome is always the same.

    Args:
        qubits: How many there are.
        pairs: Coupled ones.
    """
    wanted = _distances(qubits, pairs)
    places = _plane(wanted)
    weights = wanted.copy()
    np.fill_diagonal(weights, 1.0)
    weights = weights**-2.0
    np.fill_diagonal(weights, 0.0)
    laplacian = np.diag(weights.sum(axis=1)) - weights
    inverse = np.linalg.pinv(laplacian)
    for _ in range(_ROUNDS if qubits > 2 else 0):
        gaps = np.linalg.norm(places[:, None] - places[None], axis=2)
        np.fill_diagonal(gaps, 1.0)
        pull = -weights * wanted / np.maximum(gaps, 1e-9)
        np.fill_diagonal(pull, 0.0)
        np.fill_diagonal(pull, -pull.sum(axis=1))
        places = inverse @ (pull @ places)
    places = _upright(places)
    return np.asarray((places - places.min(axis=0)) * _SCALE + _MARGIN)


def _distances(qubits: int, pairs: list[tuple[int, int]]) -> NDArray[np.float64]:
    """Return numbers of couplings between qubits; parts that are not coupled lie a bit apart."""
    steps = np.full((qubits, qubits), np.inf)
    np.fill_diagonal(steps, 0.0)
    for one, other in pairs:
        steps[one, other] = steps[other, one] = 1.0
    for middle in range(qubits):
        steps = np.minimum(steps, steps[:, middle, None] + steps[None, middle])
    known = steps[np.isfinite(steps)]
    return np.where(np.isfinite(steps), steps, max(math.sqrt(qubits), known.max()) + 1.0)


def _plane(distances: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the plane that fits distances best (classical scaling)."""
    count = len(distances)
    centering = np.eye(count) - 1.0 / count
    values, vectors = np.linalg.eigh(-0.5 * centering @ distances**2 @ centering)
    spread = np.sqrt(np.maximum(values[-2:], 0.0))
    # Symmetric graphs, such as a line, may be flat; a little bend lets the rounds unfold them.
    bend = 1e-3 * np.sin(np.arange(2 * vectors[:, -2:].shape[0])).reshape(-1, 2)
    found = vectors[:, -2:] * spread
    return np.pad(found, ((0, 0), (0, 2 - found.shape[1]))) + bend[:, :2]


def _upright(places: NDArray[np.float64]) -> NDArray[np.float64]:
    """Turn the longer side to the horizontal, with qubit 0 at the left and in the upper half."""
    centered = places - places.mean(axis=0)
    _, _, axes = np.linalg.svd(centered, full_matrices=False)
    turned = centered @ axes.T if len(axes) == 2 else centered
    signs = np.where(turned[0] > 1e-9, -1.0, 1.0)
    return np.asarray(turned * signs)


def scale_of(errors: Any) -> tuple[float, float]:
    """Return the logarithms between which the colors of errors lie."""
    logs = [math.log10(error) for error in errors if 0 < error < 1]
    return (min(logs), max(logs)) if logs else (0.0, 0.0)


def color_of(error: float | None, scale: tuple[float, float]) -> str:
    """Return the color of an error; gray if it is not known."""
    if error is None or error <= 0:
        return _NO_ERROR
    low, high = scale
    share = 0.0 if high <= low else (math.log10(min(error, 1.0)) - low) / (high - low)
    place = min(max(share, 0.0), 1.0) * (len(_RAMP) - 1)
    index = min(int(place), len(_RAMP) - 2)
    part = place - index
    mixed = (
        round(one + (other - one) * part) for one, other in zip(_RAMP[index], _RAMP[index + 1])
    )
    return "#" + "".join(f"{each:02x}" for each in mixed)


def _line(
    places: NDArray[np.float64],
    pair: tuple[int, int],
    error: float | None,
    scale: tuple[float, float],
) -> str:
    (x1, y1), (x2, y2) = places[list(pair)]
    said = "" if error is None else f": {error:.2e}"
    return (
        f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" '
        f'stroke="{color_of(error, scale)}" stroke-width="5">'
        f"<title>qubits {pair[0]} and {pair[1]}{said}</title></line>"
    )


def _circle(
    number: int, place: NDArray[np.float64], error: float | None, scale: tuple[float, float]
) -> str:
    said = "" if error is None else f": readout {error:.2e}"
    return (
        f"<g><title>qubit {number}{said}</title>"
        f'<circle cx="{place[0]:.1f}" cy="{place[1]:.1f}" r="{_RADIUS}" '
        f'fill="{color_of(error, scale)}"/>'
        f'<text x="{place[0]:.1f}" y="{place[1]:.1f}" fill="#fff" font-size="11" '
        'font-family="sans-serif" text-anchor="middle" dominant-baseline="central">'
        f"{number}</text></g>"
    )


def _legend(readout: Mapping[int, float], gates: Mapping[tuple[int, int], float]) -> str:
    parts = []
    for name, errors in (("qubits: readout error", readout), ("lines: gate error", gates)):
        usable = [error for error in errors.values() if 0 < error < 1]
        if usable:
            best, worst = (
                f'<b style="color:{color}">{value:.1e}</b>'
                for value, color in (
                    (min(usable), color_of(1e-9, (-1, 0))),
                    (max(usable), color_of(1.0, (-1, 0))),
                )
            )
            parts.append(f"{text(name)} {best} to {worst}")
    return f'<div style="font-size:85%">{" · ".join(parts)}</div>' if parts else ""
