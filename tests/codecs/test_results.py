"""Decoding results of sampler, estimator and circuit runner."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
from qiskit.exceptions import QiskitError

from qiskit_ibm_runtime.exceptions import IBMRuntimeError
from qiskit_ibm_runtime.utils.estimator_result_decoder import EstimatorResultDecoder
from qiskit_ibm_runtime.utils.json import RuntimeEncoder
from qiskit_ibm_runtime.utils.runner_result import RunnerResult
from qiskit_ibm_runtime.utils.sampler_result_decoder import SamplerResultDecoder


def sampled(dist: object, **metadata: object) -> Any:
    text = json.dumps({"quasi_dists": [dist], "metadata": [metadata]})
    return SamplerResultDecoder.decode(text).quasi_dists[0]


@pytest.mark.parametrize(
    ("sent", "found"),
    [
        ({"00": 0.5, "11": 0.5}, {0: 0.5, 3: 0.5}),
        ({"0x0": 0.5, "0xA": 0.5}, {0: 0.5, 10: 0.5}),
        ({"0b0": 0.5, "0b11": 0.5}, {0: 0.5, 3: 0.5}),
        ({"0": 0.5, "3": 0.25, "10": 0.25}, {0: 0.5, 3: 0.25, 10: 0.25}),
        ({"0": 0.5, "10": 0.5}, {0: 0.5, 2: 0.5}),
        ({}, {}),
        ({"1" + "0" * 126: 1.0}, {2**126: 1.0}),
        ({hex(2**100): 1.0}, {2**100: 1.0}),
    ],
)
def test_outcomes_decode_to_integers(sent: object, found: object) -> None:
    assert found == sampled(sent)


def test_bit_strings_keep_their_width() -> None:
    dist = sampled({"000": 0.5, "001": 0.5}, shots=10)

    assert dist.binary_probabilities() == {"000": 0.5, "001": 0.5}
    assert dist.nearest_probability_distribution() == {0: 0.5, 1: 0.5}


def test_reports_shots_and_standard_deviation() -> None:
    dist = sampled({"0": 1.0}, shots=400, readout_mitigation_overhead=4.0)

    assert dist.shots == 400
    assert pytest.approx(0.1) == dist.stddev_upper_bound


@pytest.mark.parametrize("shots", [0, None])
def test_missing_shots_are_allowed(shots: int | None) -> None:
    assert sampled({"0": 1.0}, shots=shots).stddev_upper_bound is None
    assert math.inf == sampled({"0": 1.0}).shots


@pytest.mark.parametrize(
    ("answer", "description"),
    [
        ("no JSON", "Not a sampler result"),
        ({"values": [1]}, "Not a sampler result"),
        ({"quasi_dists": [{}], "metadata": []}, "1 distributions but 0 sets"),
        ({"quasi_dists": {}, "metadata": {}}, "to be lists"),
        ({"quasi_dists": [3], "metadata": [{}]}, "not an object"),
        ({"quasi_dists": [{"x": 1}], "metadata": [{}]}, "'x'"),
        ({"quasi_dists": [{"0": 0.5, "00": 0.5}], "metadata": [{}]}, "duplicate outcome"),
    ],
)
def test_malformed_sampler_result_is_one_clear_error(answer: object, description: str) -> None:
    text = answer if isinstance(answer, str) else json.dumps(answer)
    with pytest.raises(IBMRuntimeError, match=description):
        SamplerResultDecoder.decode(text)


@pytest.mark.parametrize("values", [[0.5, 1], np.array([0.5, 1.0])])
def test_values_are_an_array_and_metadata_is_unchanged(values: object) -> None:
    metadata = [{"variance": 0.1}, {"shots": 5}]
    text = json.dumps({"values": values, "metadata": metadata}, cls=RuntimeEncoder)

    result = EstimatorResultDecoder.decode(text)

    np.testing.assert_array_equal([0.5, 1.0], result.values)
    assert metadata == result.metadata


@pytest.mark.parametrize(
    ("answer", "description"),
    [
        ({"quasi_dists": []}, "Not an estimator result"),
        ({"values": [1.0], "metadata": []}, "1 values but 0 sets"),
        ({"values": "1", "metadata": [{}]}, "list of numbers"),
        ({"values": [[1], [1, 2]], "metadata": [{}, {}]}, "list of numbers"),
    ],
)
def test_malformed_estimator_result_is_one_clear_error(answer: object, description: str) -> None:
    with pytest.raises(IBMRuntimeError, match=description):
        EstimatorResultDecoder.decode(json.dumps(answer))


def ran(*data: dict[str, object], bits: int = 2) -> RunnerResult:
    results = [
        {
            "shots": 10,
            "success": True,
            "data": entry,
            "header": {"name": f"c{number}", "final_measurement_mapping": list(range(bits))},
        }
        for number, entry in enumerate(data)
    ]
    facts = {"backend_name": "b", "backend_version": "1", "qobj_id": "q", "job_id": "j"}
    return RunnerResult.decode(json.dumps({**facts, "success": True, "results": results}))


def test_returns_quasi_probabilities_of_one_or_all_experiments() -> None:
    result = ran({"quasiprobabilities": {"0x0": 1.0}}, {"quasiprobabilities": {"0x3": 1.0}})

    assert result.get_quasiprobabilities(0) == {0: 1.0}
    assert len(result.get_quasiprobabilities()) == 2
    assert result.get_quasiprobabilities([1])[3] == 1.0
    assert result.get_quasiprobabilities(0).shots == 10


@pytest.mark.parametrize(
    ("came", "outcomes"),
    [
        ({"0x0": 1.1, "0x3": -0.1}, {0: 1.1, 3: -0.1}),
        ({"0": 0.5, "1f": 0.5}, {0: 0.5, 31: 0.5}),
        ({"0b01": 0.5, "0b10": 0.5}, {1: 0.5, 2: 0.5}),
        ({hex(2**126): 1.0}, {2**126: 1.0}),
        ({}, {}),
    ],
    ids=["hexadecimal", "without prefix", "binary", "127 bits", "none"],
)
def test_quasi_probabilities_are_unchanged(
    came: dict[str, float], outcomes: dict[int, float]
) -> None:
    assert ran({"quasiprobabilities": came}).get_quasiprobabilities(0) == outcomes


def test_experiment_without_quasi_probabilities_raises() -> None:
    with pytest.raises(QiskitError, match="No quasi-probabilities"):
        ran({"counts": {"0x0": 10}}).get_quasiprobabilities(0)
    with pytest.raises(IBMRuntimeError, match="Not a circuit-runner result"):
        RunnerResult.decode('{"iteration": 1}')
