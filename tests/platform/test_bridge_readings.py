"""What a service says in another form than expected is understood all the same."""

from __future__ import annotations

import base64
import json
import zlib
from typing import Any

import numpy as np
import pytest

from qiskit_ibm_runtime import IBMRuntimeError
from qiskit_ibm_runtime._jobs.record import read_state
from qiskit_ibm_runtime._platform.device import Device
from qiskit_ibm_runtime._platform.documents import (
    configuration_of,
    names_of,
    properties_of,
    status_of,
)
from qiskit_ibm_runtime._platform.encoding import array, tagged
from qiskit_ibm_runtime._platform.readout import corrected
from qiskit_ibm_runtime._platform.recipe import Recipe
from qiskit_ibm_runtime._platform.records import metrics_of, record_of
from qiskit_ibm_runtime._platform.results import to_v1
from qiskit_ibm_runtime.utils.estimator_result_decoder import EstimatorResultDecoder
from qiskit_ibm_runtime.utils.sampler_result_decoder import SamplerResultDecoder


@pytest.mark.parametrize("device", ["ibm_a", {"name": "ibm_a", "status": {"name": "online"}}])
def test_devices_are_names_or_objects(device: Any) -> None:
    assert names_of({"devices": [device, "ibm_b", {"of": "another form"}]}) == ["ibm_a", "ibm_b"]


def test_a_device_is_of_use_however_little_is_said_of_it() -> None:
    least = {"n_qubits": 3, "basis_gates": ["cz", "rz", "sx", "x", "rzz", "xslow"]}
    configuration = configuration_of("ibm_a", {**least, "coupling_map": [[0, 1], [1, 2]]})
    target = Device("ibm_a", configuration, {}).target
    assert set(target["cz"]) == {(0, 1), (1, 2)}
    assert "rzz" not in target.operation_names
    assert {"rz", "sx", "x", "measure", "reset", "delay"} <= set(target.operation_names)


def test_measurements_are_described_by_qubits_or_by_gates() -> None:
    error = {"name": "gate_error", "value": 0.02, "unit": "", "date": "2026-01-01T00:00:00Z"}
    length = {"name": "gate_length", "value": 1400, "unit": "ns", "date": "2026-01-01T00:00:00Z"}
    raw = {
        "qubits": [[{"name": "T1", "value": 100.0, "unit": "us"}, {"name": "T2", "value": None}]],
        "gates": [
            {"gate": "measure", "qubits": [0], "parameters": [error, length]},
            {"gate": "measure_2", "qubits": [0], "parameters": [error]},
            {"gate": "sx", "qubits": [0], "parameters": []},
        ],
    }
    single = {
        "n_qubits": 1,
        "basis_gates": ["rz", "sx", "x"],
        "gates": [],
        "coupling_map": [[0, 0]],
    }
    device = Device("a", configuration_of("a", single), properties_of("a", raw))
    assert device.target["measure"][(0,)].error == 0.02
    assert device.target["measure"][(0,)].duration == pytest.approx(1.4e-6)
    assert device.readout == [(0.02, 0.02)]
    assert properties_of("a", None) == {}


@pytest.mark.parametrize(
    ("said", "operational", "message"),
    [
        ({"state": True, "status": "active", "length_queue": 3}, True, "active"),
        ({"status": {"name": "online"}, "queue_length": 3}, True, "active"),
        ({"state": False, "status": "maintenance", "length_queue": 3}, False, "maintenance"),
    ],
)
def test_a_status_has_many_forms(said: dict[str, Any], operational: bool, message: str) -> None:
    status = status_of("a", said)
    assert (status["operational"], status["status_msg"]) == (operational, message)
    assert status["pending_jobs"] == 3


@pytest.mark.parametrize(
    ("record", "status"),
    [
        ({"status": "Completed"}, "DONE"),
        ({"state": "QUEUED"}, "QUEUED"),
        ({"state": {"status": "Running"}}, "RUNNING"),
        ({"status": "In progress"}, "RUNNING"),
        ({"state": {"status": "Canceled"}}, "CANCELLED"),
        ({"status": "Cancelled - Ran too long"}, "ERROR"),
        ({"state": {"status": "Cancelled", "reason_code": "1305"}}, "ERROR"),
        ({"state": {"status": "Failed", "reason": "no"}, "status": "Failed"}, "ERROR"),
    ],
)
def test_states_of_jobs_have_many_spellings(record: dict[str, Any], status: str) -> None:
    assert read_state(record_of({"id": "a", **record})).status.name == status


def test_records_of_any_job_can_be_listed() -> None:
    record = record_of(
        {"id": "a", "program": "noise-learner", "backend": {"name": "b"}, "tags": None}
    )
    assert (record["program"]["id"], record["backend"], record["tags"]) == (
        "noise-learner",
        "b",
        [],
    )


def test_removed_entries_of_metrics_come_from_those_of_today() -> None:
    found = metrics_of({"usage": {"qpu_charge_time_seconds": 3}})
    assert found["usage"]["quantum_seconds"] == found["bss"]["seconds"] == 3


def test_results_come_with_tags_or_plain() -> None:
    bits = tagged("BitArray", {"array": _bytes([[1], [2]]), "num_bits": 2})
    pub = tagged("SamplerPubResult", {"data": tagged("DataBin", {"fields": {"c": bits}})})
    whole = tagged("PrimitiveResult", {"pub_results": [pub], "metadata": tagged("New", {"a": 1})})
    plain = {"results": [{"data": {"c": {"samples": ["0x1", "0x2"], "num_bits": 2}}}]}
    for answer in (whole, plain):
        result = SamplerResultDecoder.decode(to_v1(json.dumps(answer), None))
        assert result.quasi_dists == [{1: 0.5, 2: 0.5}]
        assert result.metadata == [{"shots": 2}]


def test_estimates_come_with_the_variance_of_one_shot() -> None:
    fields = {"evs": array([0.5, 0.25]), "stds": array([0.1, 0.1])}
    fields["ensemble_standard_error"] = array([0.02, 0.01])
    pub = tagged(
        "PubResult", {"data": tagged("DataBin", {"fields": fields}), "metadata": {"shots": 400}}
    )
    answer = json.dumps(tagged("PrimitiveResult", {"pub_results": [pub]}))
    recipe = Recipe("estimator", 400, [{"runs": [1, 0]}])
    result = EstimatorResultDecoder.decode(to_v1(answer, recipe))
    assert result.values.tolist() == [0.25, 0.5]
    assert [each["variance"] for each in result.metadata] == pytest.approx([0.04, 0.16])


def test_registers_that_nothing_is_measured_into_read_as_zero() -> None:
    plain = {"results": [{"data": {"r1": {"samples": ["0x1"], "num_bits": 1}}}]}
    facts = {"runs": [0], "registers": [["r0", 2], ["r1", 1]], "bits": [2, 0, 1]}
    text = to_v1(json.dumps(plain), Recipe("sampler", 1, [facts]))
    assert json.loads(text)["quasi_dists"] == [{"001": 1.0}]


def test_what_is_no_result_stays_as_it_is() -> None:
    for text in ("Traceback ...", '{"some": "thing"}', ""):
        assert to_v1(text, None) == text


def test_a_result_that_is_too_short_is_an_error() -> None:
    plain = {"results": [{"data": {"c": {"samples": ["0x1"], "num_bits": 1}}}]}
    with pytest.raises(IBMRuntimeError, match="1 distributions for 2"):
        to_v1(json.dumps(plain), Recipe("sampler", 1, [{"runs": [0, 1]}]))


def test_readout_is_corrected_to_what_was_prepared() -> None:
    errors = np.array([[0.1, 0.2], [0.05, 0.1]])
    strings = np.array([[0, 0], [1, 0], [0, 1], [1, 1]])
    prepared = np.array([0.5, 0.0, 0.0, 0.5])
    single = [np.array([[1 - e0, e1], [e0, 1 - e1]]) for e0, e1 in errors]
    matrix = [[single[0][s[0], t[0]] * single[1][s[1], t[1]] for t in strings] for s in strings]
    found = corrected(strings, np.array(matrix) @ prepared, errors)
    assert found is not None
    assert found[0] == pytest.approx(prepared)
    assert found[1] > 1


def _bytes(values: Any) -> dict[str, Any]:
    import io

    file = io.BytesIO()
    np.save(file, np.array(values, dtype=np.uint8))
    return tagged("ndarray", base64.b64encode(zlib.compress(file.getvalue())).decode())
