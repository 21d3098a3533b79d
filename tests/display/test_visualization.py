"""Plots show the measured values with their errors."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from qiskit.primitives import EstimatorResult, SamplerResult
from qiskit.result import QuasiDistribution

from qiskit_ibm_runtime import IBMInputValueError, IBMRuntimeError, visualization
from qiskit_ibm_runtime.visualization import (
    plot_backend,
    plot_distribution,
    plot_expectation,
    plot_timeline,
)


@pytest.fixture(autouse=True)
def _matplotlib() -> None:
    pytest.importorskip("matplotlib", reason="the extra 'visualization' is not installed")


def test_distribution_bars_have_standard_errors():
    shares = QuasiDistribution({0: 0.25, 3: 0.75}, shots=400)
    result = SamplerResult([shares], [{"shots": 400}])

    (axes,) = plot_distribution(result).axes

    assert [bar.get_height() for bar in axes.patches] == [0.25, 0.75]  # type: ignore[attr-defined]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["00", "11"]
    (lines,) = axes.collections
    low, high = lines.get_segments()[0][:, 1]  # type: ignore[attr-defined]
    assert (high - low) / 2 == pytest.approx((0.25 * 0.75 / 400) ** 0.5)


def test_distribution_shows_only_the_likeliest_outcomes():
    shares = np.arange(1, 101) / 5050
    result = SamplerResult([QuasiDistribution(dict(enumerate(shares)))], [{}])

    (axes,) = plot_distribution(result).axes

    assert len(axes.patches) == 32
    assert axes.get_title().startswith("68 more outcomes")


def test_expectation_values_have_standard_errors():
    result = EstimatorResult(np.array([0.5, -0.5]), [{"variance": 0.75, "shots": 300}] * 2)

    figure = plot_expectation(result, [0.1, 0.2], label="first")
    (axes,) = figure.axes
    plot_expectation(result, [0.1, 0.2], label="second", ax=axes)

    line = axes.lines[0]
    assert list(line.get_xdata()) == [0.1, 0.2]  # type: ignore[arg-type]
    assert list(line.get_ydata()) == [0.5, -0.5]  # type: ignore[arg-type]
    low, high = axes.collections[0].get_segments()[0][:, 1]  # type: ignore[attr-defined]
    assert (high - low) / 2 == pytest.approx((0.75 / 300) ** 0.5)
    assert [each.get_text() for each in axes.get_legend().get_texts()] == ["first", "second"]


def test_unplottable_arguments_raise(qiskit_runtime_shared_service):
    values = EstimatorResult(np.array([0.5]), [{}])

    with pytest.raises(IBMInputValueError, match="quasi_dists"):
        plot_distribution(values)
    with pytest.raises(IBMInputValueError, match="2 numbers"):
        plot_expectation(values, [1, 2])
    with pytest.raises(IBMInputValueError, match="index 3"):
        plot_distribution(SamplerResult([QuasiDistribution({0: 1.0})], [{}]), 3)
    with pytest.raises(IBMInputValueError, match="no coupling map"):
        plot_backend(qiskit_runtime_shared_service.backend("ibmq_qasm_simulator"))
    with pytest.raises(IBMInputValueError, match="None of the jobs"):
        plot_timeline([])


def test_timeline_has_a_row_for_each_job(qiskit_runtime_shared_service):
    run = qiskit_runtime_shared_service.run
    options = {"backend": "ibmq_qasm_simulator"}
    jobs = [run("hello-world", {"iterations": 1}, options) for _ in range(2)]
    for job in jobs:
        job.wait_for_final_state(timeout=60)

    (axes,) = plot_timeline(jobs).axes

    assert [each.get_text() for each in axes.get_yticklabels()] == [j.job_id() for j in jobs]


def test_backend_plot_shows_each_qubit(qiskit_runtime_shared_service):
    (axes,) = plot_backend(qiskit_runtime_shared_service.backend("fake_lima")).axes

    assert [each.get_text() for each in axes.texts] == list("01234")
    assert len(axes.lines) == 4


def test_missing_matplotlib_is_reported_with_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)

    with pytest.raises(IBMRuntimeError) as refused:
        visualization.plot_distribution(SamplerResult([QuasiDistribution({0: 1.0})], [{}]))

    assert "extra 'visualization'" in refused.value.message
