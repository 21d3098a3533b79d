"""Responses of services become results, or one clear error."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.ids import label

from qiskit_ibm_runtime.exceptions import IBMRuntimeError
from qiskit_ibm_runtime.utils.estimator_result_decoder import EstimatorResultDecoder
from qiskit_ibm_runtime.utils.json import RuntimeEncoder
from qiskit_ibm_runtime.utils.runner_result import RunnerResult
from qiskit_ibm_runtime.utils.sampler_result_decoder import SamplerResultDecoder


def sampled(*dists: Any, metadata: Any = None) -> Any:
    facts = [metadata or {} for _ in dists]
    return SamplerResultDecoder.decode(json.dumps({"quasi_dists": dists, "metadata": facts}))


class TestSamplerResults:
    @pytest.mark.parametrize(
        "metadata",
        [
            {"shots": -5},
            {"shots": "100"},
            {"shots": [1]},
            {"shots": 10, "readout_mitigation_overhead": None},
            {"shots": 10, "readout_mitigation_overhead": -1},
        ],
        ids=label,
    )
    def test_names_non_numeric_shots(self, metadata: Any) -> None:
        with pytest.raises(IBMRuntimeError, match=r"Metadata 0 .*shots is "):
            sampled({"0": 1.0}, metadata=metadata)

    @pytest.mark.parametrize("value", ["a", None, {"a": 1}, [1]], ids=label)
    def test_rejects_non_numeric_probability(self, value: Any) -> None:
        with pytest.raises(IBMRuntimeError, match=r"Distribution 1 .*not a number"):
            sampled({"0": 1.0}, {"0": value})

    @pytest.mark.parametrize("key", ["-1", "-2", "+1", "1_0", " 1", "0x", "0b2", "0 1", "\u0663"])
    def test_names_invalid_outcome_key(self, key: str) -> None:
        with pytest.raises(IBMRuntimeError) as refused:
            sampled({key: 0.5, "3": 0.5})

        assert repr(key) in refused.value.message

    @given(st.dictionaries(st.integers(0, 2**130), st.floats(-1, 1), min_size=1), st.data())
    @settings(max_examples=50, deadline=None)
    def test_outcomes_are_read_in_every_format(
        self, dist: dict[int, float], data: st.DataObject
    ) -> None:
        write = data.draw(st.sampled_from([hex, bin, "{:0131b}".format, "{:b}".format]))

        (found,) = sampled({write(key): value for key, value in dist.items()}).quasi_dists

        assert found == pytest.approx(dist)
        assert {int(key, 0): value for key, value in found.hex_probabilities().items()} == found
        assert set(map(len, found.binary_probabilities(num_bits=131))) == {131}

    @given(st.dictionaries(st.integers(0, 2**70), st.just(0.5), min_size=1))
    @settings(max_examples=50, deadline=None)
    def test_integer_keys_stringified_by_json_become_integers(self, dist: dict[int, float]) -> None:
        dist[2] = 0.5  # not a binary digit

        assert sampled(dist).quasi_dists == [dist]


class TestEstimatorResults:
    @pytest.mark.parametrize(
        "values", [[1, -1], np.array([1, -1]), np.array([1.0, -1.0]), [1.0, -1]], ids=label
    )
    def test_integer_values_become_floats(self, values: Any) -> None:
        text = json.dumps({"values": values, "metadata": [{}, {}]}, cls=RuntimeEncoder)

        result = EstimatorResultDecoder.decode(text)

        assert result.values.dtype == float
        assert result.values.tolist() == [1, -1]

    def test_metadata_keeps_numpy_arrays_and_numbers(self) -> None:
        facts = [{"variance": np.float64(0.5)}, {"variance": np.array([0.25, 0.5])}]
        text = json.dumps({"values": [1.0, 2.0], "metadata": facts}, cls=RuntimeEncoder)

        one, other = EstimatorResultDecoder.decode(text).metadata

        assert one == {"variance": 0.5}
        assert isinstance(other["variance"], np.ndarray)
        assert other["variance"].tolist() == [0.25, 0.5]


def test_quasi_probabilities_need_no_header() -> None:
    results = [{"shots": 10, "success": True, "data": {"quasiprobabilities": {"0x3": 1.0}}}]
    facts = {"backend_name": "b", "backend_version": "1", "qobj_id": "q", "job_id": "j"}

    result = RunnerResult.decode(json.dumps({**facts, "success": True, "results": results}))

    assert result.get_quasiprobabilities(0) == {3: 1.0}


PLAIN = st.recursive(
    st.none() | st.booleans() | st.floats(-9, 9) | st.integers(-9, 9) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=4,
)
DISTS = st.dictionaries(st.sampled_from(["0", "1", "00", "0x1", "0b1", "9", "-1", "x", ""]), PLAIN)
FACTS = st.fixed_dictionaries({}, optional={"shots": PLAIN, "readout_mitigation_overhead": PLAIN})
ANSWERS = st.fixed_dictionaries(
    {
        "quasi_dists": st.tuples(DISTS) | st.lists(DISTS | PLAIN) | PLAIN,
        "values": st.tuples(PLAIN) | st.lists(PLAIN) | PLAIN,
        "metadata": st.tuples(FACTS) | st.lists(FACTS | PLAIN) | PLAIN,
    },
    optional={"results": PLAIN},
)


@pytest.mark.parametrize("decoder", [SamplerResultDecoder, EstimatorResultDecoder, RunnerResult])
@given(ANSWERS | PLAIN)
@settings(max_examples=100, deadline=None)
def test_any_response_is_a_result_or_one_typed_error(decoder: Any, answer: Any) -> None:
    with suppress(IBMRuntimeError):
        assert decoder.decode(json.dumps(answer)) is not None
