"""The bridge reads every known variant of the platform's documents and results."""

from __future__ import annotations

import base64
import json
import zlib
from typing import Any

import numpy as np
import pytest

from qiskit_ibm_runtime import IBMRuntimeError
from qiskit_ibm_runtime._jobs.record import read_state
from qiskit_ibm_runtime._platform.backend_documents import (
    backend_names,
    v1_configuration,
    v1_properties,
    v1_status,
)
from qiskit_ibm_runtime._platform.device import Device
from qiskit_ibm_runtime._platform.encoding import encode_array, tagged
from qiskit_ibm_runtime._platform.job_records import v1_job_record, v1_metrics
from qiskit_ibm_runtime._platform.readout import correct_readout
from qiskit_ibm_runtime._platform.recipe import Recipe
from qiskit_ibm_runtime._platform.results import to_v1
from qiskit_ibm_runtime.utils.estimator_result_decoder import EstimatorResultDecoder
from qiskit_ibm_runtime.utils.sampler_result_decoder import SamplerResultDecoder


@pytest.mark.parametrize("device", ["ibm_a", {"name": "ibm_a", "status": {"name": "online"}}])
def test_backends_may_be_listed_as_names_or_objects(device: Any) -> None:
    assert backend_names({"devices": [device, "ibm_b", {"of": "another form"}]}) == [
        "ibm_a",
        "ibm_b",
    ]


def test_device_is_usable_with_a_minimal_configuration() -> None:
    least = {"n_qubits": 3, "basis_gates": ["cz", "rz", "sx", "x", "rzz", "xslow"]}
    configuration = v1_configuration("ibm_a", {**least, "coupling_map": [[0, 1], [1, 2]]})
    target = Device("ibm_a", configuration, {}).target
    assert set(target["cz"]) == {(0, 1), (1, 2)}
    assert "rzz" not in target.operation_names
    assert {"rz", "sx", "x", "measure", "reset", "delay"} <= set(target.operation_names)


def test_readout_properties_may_be_listed_by_qubit_or_by_gate() -> None:
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
    device = Device("a", v1_configuration("a", single), v1_properties("a", raw))
    assert device.target["measure"][(0,)].error == 0.02
    assert device.target["measure"][(0,)].duration == pytest.approx(1.4e-6)
    assert device.readout == [(0.02, 0.02)]
    assert v1_properties("a", None) == {}


@pytest.mark.parametrize(
    ("said", "operational", "message"),
    [
        ({"state": True, "status": "active", "length_queue": 3}, True, "active"),
        ({"status": {"name": "online"}, "queue_length": 3}, True, "active"),
        ({"state": False, "status": "maintenance", "length_queue": 3}, False, "maintenance"),
    ],
)
def test_accepts_every_form_of_backend_status(
    said: dict[str, Any], operational: bool, message: str
) -> None:
    status = v1_status("a", said)
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
def test_accepts_every_spelling_of_job_status(record: dict[str, Any], status: str) -> None:
    assert read_state(v1_job_record({"id": "a", **record})).status.name == status


def test_converts_the_record_of_an_unknown_program() -> None:
    record = v1_job_record(
        {"id": "a", "program": "noise-learner", "backend": {"name": "b"}, "tags": None}
    )
    assert (record["program"]["id"], record["backend"], record["tags"]) == (
        "noise-learner",
        "b",
        [],
    )


def test_removed_metrics_are_derived_from_current_ones() -> None:
    found = v1_metrics({"usage": {"qpu_charge_time_seconds": 3}})
    assert found["usage"]["quantum_seconds"] == found["bss"]["seconds"] == 3


def test_reads_results_with_and_without_tags() -> None:
    bits = tagged("BitArray", {"array": _bytes([[1], [2]]), "num_bits": 2})
    pub = tagged("SamplerPubResult", {"data": tagged("DataBin", {"fields": {"c": bits}})})
    whole = tagged("PrimitiveResult", {"pub_results": [pub], "metadata": tagged("New", {"a": 1})})
    plain = {"results": [{"data": {"c": {"samples": ["0x1", "0x2"], "num_bits": 2}}}]}
    for answer in (whole, plain):
        result = SamplerResultDecoder.decode(to_v1(json.dumps(answer), None))
        assert result.quasi_dists == [{1: 0.5, 2: 0.5}]
        assert result.metadata == [{"shots": 2}]


def test_estimator_metadata_contains_the_single_shot_variance() -> None:
    fields = {"evs": encode_array([0.5, 0.25]), "stds": encode_array([0.1, 0.1])}
    fields["ensemble_standard_error"] = encode_array([0.02, 0.01])
    pub = tagged(
        "PubResult", {"data": tagged("DataBin", {"fields": fields}), "metadata": {"shots": 400}}
    )
    answer = json.dumps(tagged("PrimitiveResult", {"pub_results": [pub]}))
    recipe = Recipe("estimator", 400, [{"runs": [1, 0]}])
    result = EstimatorResultDecoder.decode(to_v1(answer, recipe))
    assert result.values.tolist() == [0.25, 0.5]
    assert [each["variance"] for each in result.metadata] == pytest.approx([0.04, 0.16])


def test_registers_without_measurements_read_as_zero() -> None:
    plain = {"results": [{"data": {"r1": {"samples": ["0x1"], "num_bits": 1}}}]}
    facts = {"runs": [0], "registers": [["r0", 2], ["r1", 1]], "bits": [2, 0, 1]}
    text = to_v1(json.dumps(plain), Recipe("sampler", 1, [facts]))
    assert json.loads(text)["quasi_dists"] == [{"001": 1.0}]


def test_text_that_is_not_a_result_is_unchanged() -> None:
    for text in ("Traceback ...", '{"some": "thing"}', ""):
        assert to_v1(text, None) == text


def test_incomplete_result_raises() -> None:
    plain = {"results": [{"data": {"c": {"samples": ["0x1"], "num_bits": 1}}}]}
    with pytest.raises(IBMRuntimeError, match="1 distributions where 2 were expected"):
        to_v1(json.dumps(plain), Recipe("sampler", 1, [{"runs": [0, 1]}]))


def test_readout_correction_recovers_the_prepared_distribution() -> None:
    errors = np.array([[0.1, 0.2], [0.05, 0.1]])
    strings = np.array([[0, 0], [1, 0], [0, 1], [1, 1]])
    prepared = np.array([0.5, 0.0, 0.0, 0.5])
    single = [np.array([[1 - e0, e1], [e0, 1 - e1]]) for e0, e1 in errors]
    matrix = [[single[0][s[0], t[0]] * single[1][s[1], t[1]] for t in strings] for s in strings]
    found = correct_readout(strings, np.array(matrix) @ prepared, errors)
    assert found is not None
    assert found[0] == pytest.approx(prepared)
    assert found[1] > 1


def _bytes(values: Any) -> dict[str, Any]:
    import io

    file = io.BytesIO()
    np.save(file, np.array(values, dtype=np.uint8))
    return tagged("ndarray", base64.b64encode(zlib.compress(file.getvalue())).decode())
