"""Plots of results, jobs and backends; requires the extra ``visualization``.

matplotlib is imported when a plot is drawn. Each function draws into ``ax`` if it is given, and
returns the figure.

.. versionadded:: 0.9.3+embedded.1
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from .exceptions import IBMInputValueError, IBMRuntimeError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from .ibm_backend import IBMBackend
    from .runtime_job import RuntimeJob

__all__ = ["plot_backend", "plot_distribution", "plot_expectation", "plot_timeline"]

_MOST_OUTCOMES = 32
_MARGIN = 30.0  # around a device, in units where neighbors are 46 apart
_BLUE, _GRAY, _RED = "#3b8fe0", "#8a8f98", "#e5484d"


def plot_distribution(result: Any, index: int = 0, *, ax: Axes | None = None) -> Figure:
    """Plot one distribution of a Sampler result, with error bars of one standard deviation.

    .. code-block:: python

        from qiskit import QuantumCircuit
        from qiskit_ibm_runtime import QiskitRuntimeService, Sampler
        from qiskit_ibm_runtime.visualization import plot_distribution

        bell = QuantumCircuit(2)
        bell.h(0)
        bell.cx(0, 1)
        bell.measure_all()

        service = QiskitRuntimeService(channel="local")
        sampler = Sampler(session=service.backend("ibmq_qasm_simulator"))
        plot_distribution(sampler.run(bell, shots=200).result()).savefig("bell.png")

    Args:
        result: A ``SamplerResult``.
        index: Index of the circuit.
        ax: Axes to draw into; a new figure by default.

    Raises:
        IBMInputValueError: If the result has no such distribution.
        IBMRuntimeError: If matplotlib is missing.
    """
    distribution = _item(result, "quasi_dists", index)
    shots = _metadata(result, index).get("shots")
    shares = distribution.binary_probabilities()
    likeliest = sorted(shares, key=lambda bits: -shares[bits])[:_MOST_OUTCOMES]
    outcomes = sorted(likeliest)
    heights = [shares[bits] for bits in outcomes]
    figure, axes = _axes(ax)
    errors = None if not shots else [_deviation(height, shots) for height in heights]
    axes.bar(outcomes, heights, yerr=errors, color=_BLUE, ecolor=_GRAY, capsize=3)
    rest = 1.0 - sum(heights)
    if len(shares) > len(outcomes):
        axes.set_title(f"{len(shares) - len(outcomes)} more outcomes: {rest:.3f}", fontsize=9)
    axes.set_xlabel("outcome")
    axes.set_ylabel("quasi-probability" if min(heights) < 0 else "probability")
    axes.tick_params(axis="x", rotation=90 if len(outcomes) > 8 else 0)
    axes.axhline(0, color=_GRAY, linewidth=0.8)
    return figure


def plot_expectation(
    result: Any,
    parameter: Sequence[float] | None = None,
    *,
    label: str | None = None,
    ax: Axes | None = None,
) -> Figure:
    """Plot the values of an Estimator result against a parameter, with standard errors.

    Call it again with the same ``ax`` to compare results.

    Args:
        result: An ``EstimatorResult``.
        parameter: The x coordinate of each value; 0, 1, 2, ... by default.
        label: Name of the curve in the legend.
        ax: Axes to draw into; a new figure by default.

    Raises:
        IBMInputValueError: If the result has no values, or their number differs from the number of
            parameters.
        IBMRuntimeError: If matplotlib is missing.
    """
    values = [float(value) for value in _all(result, "values")]
    positions = list(range(len(values))) if parameter is None else list(map(float, parameter))
    if len(positions) != len(values):
        raise IBMInputValueError(
            f"'parameter' has {len(positions)} numbers, but the result has {len(values)} values. "
            "Give one number per value."
        )
    errors = [_standard_error(_metadata(result, index)) for index in range(len(values))]
    figure, axes = _axes(ax)
    known = [error for error in errors if error is not None]
    bars = known if len(known) == len(values) else None
    axes.errorbar(positions, values, yerr=bars, fmt="o-", capsize=3, markersize=4, label=label)
    axes.set_xlabel("circuit" if parameter is None else "parameter")
    axes.set_ylabel("expectation value")
    if label is not None:
        axes.legend()
    return figure


def plot_timeline(jobs: Iterable[RuntimeJob], *, ax: Axes | None = None) -> Figure:
    """Plot when jobs waited and ran, fetching the timestamps of each with one request.

    Args:
        jobs: The jobs, from top to bottom.
        ax: Axes to draw into; a new figure by default.

    Raises:
        IBMInputValueError: If there are no jobs with timestamps.
        IBMRuntimeError: If matplotlib is missing.
    """
    spans = _spans(list(jobs))
    if not spans:
        raise IBMInputValueError("None of the jobs has timestamps to plot.")
    figure, axes = _axes(ax)
    for row, (_, made, ran, ended, failed) in enumerate(spans):
        axes.barh(row, ran - made, left=made, color=_GRAY, height=0.5)
        axes.barh(row, ended - ran, left=ran, color=_RED if failed else _BLUE, height=0.5)
        if failed:  # the bar is often too short to see
            axes.plot([ended], [row], marker="x", color=_RED)
    axes.set_yticks(range(len(spans)), [job_id for job_id, *_ in spans], fontsize=8)
    axes.invert_yaxis()
    axes.set_xlabel("seconds (gray: waiting, blue: running, red: failed)")
    return figure


def plot_backend(backend: IBMBackend, *, ax: Axes | None = None) -> Figure:
    """Plot the coupling map of a backend, colored by error; does not require Graphviz.

    Colors show the readout error of each qubit and the lowest gate error of each coupling, from
    blue (lowest on this device) to red (highest).

    Args:
        backend: The backend.
        ax: Axes to draw into; a new figure by default.

    Raises:
        IBMInputValueError: If the backend has no coupling map, such as a simulator.
        IBMRuntimeError: If matplotlib is missing.
    """
    from ._display.calibration import edge_errors, readout_errors
    from ._display.coupling import color_scale, error_color, layout

    if backend.coupling_map is None:
        raise IBMInputValueError(
            f"Backend {backend.name!r} has no coupling map to plot: all of its qubits are coupled."
        )
    figure, axes = _axes(ax)
    properties = backend.properties()
    qubits, gates = readout_errors(properties), edge_errors(properties)
    pairs = sorted({(min(pair), max(pair)) for pair in backend.coupling_map.get_edges()})
    positions = layout(backend.num_qubits, pairs)
    for pair in pairs:
        color = error_color(gates.get(pair), color_scale(gates.values()))
        axes.plot(*positions[list(pair)].T, color=color, linewidth=3, zorder=1)
    colors = [
        error_color(qubits.get(each), color_scale(qubits.values()))
        for each in range(len(positions))
    ]
    size = min(220.0, 9000.0 / len(positions))
    axes.scatter(positions[:, 0], positions[:, 1], s=size, c=colors, zorder=2)
    for number, place in enumerate(positions):
        axes.annotate(
            str(number), place, ha="center", va="center", color="white", size=size**0.5 / 2
        )
    axes.set_title(backend.name)
    axes.set_aspect("equal")
    (left, top), (right, bottom) = positions.min(axis=0) - _MARGIN, positions.max(axis=0) + _MARGIN
    axes.set_xlim(left, right)
    axes.set_ylim(bottom, top)
    axes.axis("off")
    return figure


def _spans(jobs: list[RuntimeJob]) -> list[tuple[str, float, float, float, bool]]:
    """Return (id, created, started, finished, failed) of each job, in seconds from the first."""
    from qiskit.providers.jobstatus import JobStatus

    from .api.http.concurrency import failures, run_concurrently
    from .utils.converters import utc_to_local

    answers = run_concurrently(lambda job: (job.metrics(), job.status()), jobs)
    failed = failures([job.job_id() for job in jobs], answers)
    found = []
    for job, answer in zip(jobs, answers):
        if job.job_id() in failed:
            continue
        metrics, status = answer.result()
        times = metrics.get("timestamps") or {}
        if not times.get("created"):
            continue
        made = utc_to_local(times["created"]).timestamp()
        ended = utc_to_local(times["finished"]).timestamp() if times.get("finished") else made
        ran = utc_to_local(times["running"]).timestamp() if times.get("running") else ended
        found.append((job.job_id(), made, ran, max(ended, ran), status is JobStatus.ERROR))
    first = min((made for _, made, *_ in found), default=0.0)
    return [
        (job_id, made - first, ran - first, ended - first, wrong)
        for job_id, made, ran, ended, wrong in found
    ]


def _axes(ax: Axes | None) -> tuple[Figure, Axes]:
    if ax is not None:
        return cast("Figure", ax.figure), ax
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise IBMRuntimeError(
            f"{error}. Plots require the extra 'visualization' of this package: "
            'pip install "PATH[visualization]", where PATH is the path of its wheel or checkout'
        ) from error
    # pyplot would keep every figure alive; notebooks display the returned figure without it.
    figure = Figure(figsize=(7, 3.5), layout="constrained")
    FigureCanvasAgg(figure)
    return figure, figure.add_subplot()


def _all(result: Any, name: str) -> Any:
    found = getattr(result, name, None)
    if found is None:
        kind = type(result).__name__
        raise IBMInputValueError(f"Expected a result with {name!r}, not {kind}.")
    return found


def _item(result: Any, name: str, index: int) -> Any:
    found = _all(result, name)
    try:
        return found[index]
    except IndexError:
        raise IBMInputValueError(
            f"The result has {len(found)} {name}: index {index} is out of range."
        ) from None


def _metadata(result: Any, index: int) -> dict[str, Any]:
    metadata = getattr(result, "metadata", None) or []
    return metadata[index] if index < len(metadata) else {}


def _deviation(share: float, shots: float) -> float:
    inside = min(max(share, 0.0), 1.0)
    return float((inside * (1.0 - inside) / shots) ** 0.5)


def _standard_error(metadata: dict[str, Any]) -> float | None:
    """Return the standard error; ``None`` if variance or shots are unknown."""
    if "standard_error" in metadata:
        return float(metadata["standard_error"])
    variance, shots = metadata.get("variance"), metadata.get("shots")
    if variance is None or not shots:
        return None
    return float((max(float(variance), 0.0) / shots) ** 0.5)
