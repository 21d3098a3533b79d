"""SVG drawing of a device's coupling map, colored by error."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from .html import Markup, to_html

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

# Laying out more qubits would take too long for an automatic display.
MAX_QUBITS = 150
_ITERATIONS = 60
_SCALE = 46  # pixels from one qubit to the next
_RADIUS = 13
_MARGIN = 20
_UNKNOWN_COLOR = "#8a8f98"
# From low to high error: blue, violet, red; all are readable on white and on black.
_GRADIENT = ((59, 143, 224), (139, 92, 214), (229, 72, 77))


def coupling_svg(
    qubits: int,
    edges: list[tuple[int, int]],
    readout: Mapping[int, float],
    gates: Mapping[tuple[int, int], float],
) -> Markup:
    """Return an SVG of the qubits and couplings of a device.

    Args:
        qubits: Number of qubits.
        edges: Coupled pairs of qubits.
        readout: Readout errors, keyed by qubit.
        gates: Gate errors, keyed by pair with the lower qubit first.
    """
    pairs = sorted({(min(pair), max(pair)) for pair in edges})
    positions = layout(qubits, pairs)
    width, height = (positions.max(axis=0) + 2 * _MARGIN).round().astype(int)
    color_of_qubit, color_of_pair = color_scale(readout.values()), color_scale(gates.values())
    lines = [_line(positions, pair, gates.get(pair), color_of_pair) for pair in pairs]
    circles = [
        _circle(number, place, readout.get(number), color_of_qubit)
        for number, place in enumerate(positions)
    ]
    return Markup(
        f'<svg role="img" aria-label="coupling map" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" style="max-width:100%;height:auto;display:block">'
        f"{''.join(lines)}{''.join(circles)}</svg>{_legend(readout, gates)}"
    )


def layout(qubits: int, pairs: list[tuple[int, int]]) -> NDArray[np.float64]:
    """Return positions that place coupled qubits close together, of shape (qubits, 2) in pixels.

    Stress majorization fits the distances on the page to those in the graph, starting from
    classical scaling. The result is deterministic.

    Args:
        qubits: Number of qubits.
        pairs: Coupled pairs of qubits.
    """
    targets = _distances(qubits, pairs)
    positions = _initial_positions(targets)
    weights = targets.copy()
    np.fill_diagonal(weights, 1.0)
    weights = weights**-2.0
    np.fill_diagonal(weights, 0.0)
    laplacian = np.diag(weights.sum(axis=1)) - weights
    inverse = np.linalg.pinv(laplacian)
    for _ in range(_ITERATIONS if qubits > 2 else 0):
        gaps = np.linalg.norm(positions[:, None] - positions[None], axis=2)
        np.fill_diagonal(gaps, 1.0)
        pull = -weights * targets / np.maximum(gaps, 1e-9)
        np.fill_diagonal(pull, 0.0)
        np.fill_diagonal(pull, -pull.sum(axis=1))
        positions = inverse @ (pull @ positions)
    positions = _orient(positions)
    return np.asarray((positions - positions.min(axis=0)) * _SCALE + _MARGIN)


def _distances(qubits: int, pairs: list[tuple[int, int]]) -> NDArray[np.float64]:
    """Return graph distances; disconnected parts get a distance slightly above the largest."""
    steps = np.full((qubits, qubits), np.inf)
    np.fill_diagonal(steps, 0.0)
    for one, other in pairs:
        steps[one, other] = steps[other, one] = 1.0
    for middle in range(qubits):
        steps = np.minimum(steps, steps[:, middle, None] + steps[None, middle])
    known = steps[np.isfinite(steps)]
    return np.where(np.isfinite(steps), steps, max(math.sqrt(qubits), known.max()) + 1.0)


def _initial_positions(distances: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the positions that fit the distances best in two dimensions (classical scaling)."""
    count = len(distances)
    centering = np.eye(count) - 1.0 / count
    values, vectors = np.linalg.eigh(-0.5 * centering @ distances**2 @ centering)
    spread = np.sqrt(np.maximum(values[-2:], 0.0))
    # A line would be degenerate; a small perturbation lets the iterations unfold it.
    bend = 1e-3 * np.sin(np.arange(2 * vectors[:, -2:].shape[0])).reshape(-1, 2)
    found = vectors[:, -2:] * spread
    return np.pad(found, ((0, 0), (0, 2 - found.shape[1]))) + bend[:, :2]


def _orient(positions: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rotate the longer axis to the horizontal, with qubit 0 at the top left."""
    centered = positions - positions.mean(axis=0)
    _, _, axes = np.linalg.svd(centered, full_matrices=False)
    turned = centered @ axes.T if len(axes) == 2 else centered
    signs = np.where(turned[0] > 1e-9, -1.0, 1.0)
    return np.asarray(turned * signs)


def color_scale(errors: Any) -> tuple[float, float]:
    """Return the range of the errors' base-10 logarithms."""
    logs = [math.log10(error) for error in errors if 0 < error < 1]
    return (min(logs), max(logs)) if logs else (0.0, 0.0)


def error_color(error: float | None, scale: tuple[float, float]) -> str:
    """Return the color of an error; gray if the error is unknown."""
    if error is None or error <= 0:
        return _UNKNOWN_COLOR
    low, high = scale
    share = 0.0 if high <= low else (math.log10(min(error, 1.0)) - low) / (high - low)
    place = min(max(share, 0.0), 1.0) * (len(_GRADIENT) - 1)
    index = min(int(place), len(_GRADIENT) - 2)
    part = place - index
    mixed = (
        round(one + (other - one) * part)
        for one, other in zip(_GRADIENT[index], _GRADIENT[index + 1])
    )
    return "#" + "".join(f"{each:02x}" for each in mixed)


def _line(
    positions: NDArray[np.float64],
    pair: tuple[int, int],
    error: float | None,
    scale: tuple[float, float],
) -> str:
    (x1, y1), (x2, y2) = positions[list(pair)]
    label = "" if error is None else f": {error:.2e}"
    return (
        f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" '
        f'stroke="{error_color(error, scale)}" stroke-width="5">'
        f"<title>qubits {pair[0]} and {pair[1]}{label}</title></line>"
    )


def _circle(
    number: int, place: NDArray[np.float64], error: float | None, scale: tuple[float, float]
) -> str:
    label = "" if error is None else f": readout {error:.2e}"
    return (
        f"<g><title>qubit {number}{label}</title>"
        f'<circle cx="{place[0]:.1f}" cy="{place[1]:.1f}" r="{_RADIUS}" '
        f'fill="{error_color(error, scale)}"/>'
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
                    (min(usable), error_color(1e-9, (-1, 0))),
                    (max(usable), error_color(1.0, (-1, 0))),
                )
            )
            parts.append(f"{to_html(name)} {best} to {worst}")
    return f'<div style="font-size:85%">{" · ".join(parts)}</div>' if parts else ""
