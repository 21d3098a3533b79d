"""Jobs: states, results, errors, fields, copying and pickling."""

from __future__ import annotations

import datetime as dt
import json
import time
from typing import Any

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.providers import JobStatus
from qiskit.providers.exceptions import QiskitBackendNotFoundError
from tests.jobs.scripted_service import Peer, ScriptedService, record

from qiskit_ibm_runtime import (
    IBMInputValueError,
    IBMRuntimeError,
    RuntimeInvalidStateError,
    RuntimeJob,
    RuntimeJobFailureError,
    RuntimeJobMaxTimeoutError,
)
from qiskit_ibm_runtime.api.exceptions import RequestsApiError
from qiskit_ibm_runtime.api.http.retry import without_waiting
from qiskit_ibm_runtime.exceptions import IBMError
from qiskit_ibm_runtime.ibm_backend import IBMRetiredBackend
from qiskit_ibm_runtime.program import ResultDecoder
from qiskit_ibm_runtime.utils.json import RuntimeEncoder

NO_DECODER = "'decoder' must be a class with a 'decode' method, not 5"
STATUS, RESULTS = "GET /jobs/j1", "GET /jobs/j1/results"


def ended(service: ScriptedService, result: str = "", **state: Any) -> RuntimeJob:
    """A job that has ended."""
    service.results["j1"] = result
    job = service.job()
    service.end(**state)
    return job


# --- Results ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("17", 17),
        ("true", True),
        ("null", None),
        ('"url"', "url"),
        ('["url"]', ["url"]),
        ('{"url": "https://a.example", "more": 1}', {"url": "https://a.example", "more": 1}),
        ("", None),
        ("no JSON", "no JSON"),
    ],
)
def test_any_json_is_a_valid_result(service: ScriptedService, text: str, value: object) -> None:
    job = ended(service, text)

    assert job.result() == value
    assert job.result() == value
    assert service.asked(RESULTS) == 1


def test_result_without_charset_is_utf_8(service: ScriptedService) -> None:
    assert ended(service, '"Grüße, 世界"').result() == "Grüße, 世界"


class Upper:
    @classmethod
    def decode(cls, text: str) -> str:
        return text.upper()


def test_decoder_applies_to_one_call_only(service: ScriptedService) -> None:
    job = ended(service, '"abc"')

    assert job.result() == "abc"
    assert job.result(decoder=Upper) == '"ABC"'
    assert job.result() == "abc"
    assert service.asked(RESULTS) == 1


def test_result_text_is_freed_after_decoding(service: ScriptedService) -> None:
    job = ended(service, json.dumps("x" * 1_000_001))

    assert len(job.result()) == 1_000_001
    assert job._result_text is None
    assert job.result(decoder=Upper).startswith('"XXX')
    assert service.asked(RESULTS) == 2


class Counting(ResultDecoder):
    decoded = 0

    @classmethod
    def decode(cls, data: Any) -> Any:
        cls.decoded += 1
        return super().decode(data)


def test_large_result_is_decoded_once_and_not_searched_for_links(
    service: ScriptedService, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = json.dumps({"url": "x" * 100_000})
    job = service.job(result_decoder=Counting)
    service.results["j1"] = text
    service.end()
    loads = json.loads
    parsed: list[int] = []
    monkeypatch.setattr(
        json, "loads", lambda given, **kw: (parsed.append(len(given)), loads(given, **kw))[1]
    )

    assert job.result() is job.result()

    assert Counting.decoded == 1
    assert parsed.count(len(text)) == 1


def test_decoder_pair_decodes_messages_and_result(service: ScriptedService) -> None:
    service.on["GET /jobs/j1/interim_results"] = lambda peer: peer.answer(200, '["a"]')
    service.results["j1"] = '"r"'
    job = service.job(result_decoder=[Upper, ResultDecoder])
    service.end()

    assert job.interim_results() == '["A"]'
    assert job.result() == "r"
    with pytest.raises(ValueError, match="two elements"):
        service.job(result_decoder=[Upper])


def test_interim_results_are_fetched_again_until_the_job_ends(
    service: ScriptedService,
) -> None:
    texts = iter(['["1"]', '["1", "2"]'])
    service.on["GET /jobs/j1/interim_results"] = lambda peer: peer.answer(200, next(texts))
    job = service.job()

    assert job.interim_results() == ["1"]
    service.end()
    assert job.interim_results() == ["1", "2"]
    assert job.interim_results() == ["1", "2"]
    assert service.asked("GET /jobs/j1/interim_results") == 2


# --- Results stored elsewhere -------------------------------------------------------------------


def test_fetches_result_stored_elsewhere_without_credentials(service: ScriptedService) -> None:
    service.on["GET /stored"] = lambda peer: peer.answer(200, '{"a": "é"}')

    assert ended(service, json.dumps({"url": f"{service.url}/stored"})).result() == {"a": "é"}

    stored = next(peer for peer in service.peers if peer.path == "/stored")
    assert not {"x-access-token", "authorization", "x-qx-client-application"} & set(stored.headers)


def test_error_page_is_not_a_result(service: ScriptedService) -> None:
    service.on["GET /stored"] = lambda peer: peer.answer(404, "<html>gone</html>")
    job = ended(service, json.dumps({"url": f"{service.url}/stored"}))

    with pytest.raises(RequestsApiError, match="404"):
        job.result()


def test_fetches_traceback_stored_elsewhere(service: ScriptedService) -> None:
    service.on["GET /stored"] = lambda peer: peer.answer(200, "noise Traceback: boom")
    job = ended(service, json.dumps({"url": f"{service.url}/stored"}), status="Failed")

    assert job.error_message() == "Job j1 has failed:\nTraceback: boom"


@pytest.mark.parametrize("url", ["http://169.254.169.254/latest", "file:///etc/passwd"])
def test_unsafe_url_is_returned_and_not_followed(service: ScriptedService, url: str) -> None:
    assert ended(service, json.dumps({"url": url})).result() == {"url": url}


# --- Failures -----------------------------------------------------------------------------------


def test_failure_message_includes_the_service_message(
    service: ScriptedService,
) -> None:
    traceback = "noise\nTraceback (most recent call last):\nValueError: boom"
    job = ended(
        service,
        traceback,
        status="Failed",
        reason="Out of qubits.",
        reason_code=1517,
        reason_solution="Use fewer.",
    )

    with pytest.raises(RuntimeJobFailureError) as caught:
        job.result()

    assert (
        str(caught.value)
        == caught.value.message
        == (
            "ValueError: boom\n\n"
            "Unable to retrieve job result. Job j1 has failed:\n"
            "Out of qubits. Error code 1517. Use fewer.\n"
            "Traceback (most recent call last):\nValueError: boom"
        )
    )
    assert caught.value.failure is not None
    assert caught.value.failure.code == 1517
    assert job.status() is JobStatus.ERROR
    assert job.error_message() in caught.value.message
    assert service.asked(RESULTS) == 1


def test_failure_without_advice_says_where_to_look(service: ScriptedService) -> None:
    job = ended(service, "Traceback: boom", status="Failed")

    with pytest.raises(RuntimeJobFailureError) as caught:
        job.result()

    assert caught.value.message == (
        "Unable to retrieve job result. Job j1 has failed:\nTraceback: boom\n"
        "See job.logs() for details."
    )
    assert job.error_message() == "Job j1 has failed:\nTraceback: boom"


def test_canceled_job_gives_the_reason_of_the_service(service: ScriptedService) -> None:
    job = ended(service, status="Cancelled", reason="By an administrator.")

    with pytest.raises(RuntimeInvalidStateError, match=r"cancelled\. By an administrator\.'$"):
        job.result()


@pytest.mark.parametrize(
    "state",
    [
        {"status": "Cancelled", "reason": "Ran too long"},
        {"status": "Cancelled", "reason": "RAN TOO LONG."},
        {"status": "Cancelled - Ran too long"},
        {"status": "Cancelled", "reason_code": 1305},
    ],
)
def test_distinguishes_timed_out_from_canceled_jobs(
    service: ScriptedService, state: dict[str, Any]
) -> None:
    job = ended(service, "Traceback: stopped", **state)

    with pytest.raises(RuntimeJobMaxTimeoutError) as caught:
        job.result()

    assert caught.value.message == job.error_message()
    assert caught.value.message.startswith("Job j1 ran longer than maximum execution time.")
    assert caught.value.message.endswith("Traceback: stopped")
    assert job.status() is JobStatus.ERROR


def test_failed_status_does_not_need_the_traceback(
    service: ScriptedService,
) -> None:
    service.on[RESULTS] = lambda peer: peer.answer(500)
    job = ended(service, status="Failed", reason="Why.")

    assert job.status() is JobStatus.ERROR
    assert service.asked(RESULTS) == 0
    with without_waiting():
        message = job.error_message()
    assert message.startswith("Job j1 has failed:\nWhy.\nCould not fetch its error text")
    del service.on[RESULTS]
    service.results["j1"] = "Traceback: x"
    assert job.error_message() == "Job j1 has failed:\nWhy.\nTraceback: x"


def test_names_unknown_status(service: ScriptedService) -> None:
    with pytest.raises(IBMError, match=r"Unknown status 'Exploded' of job j1"):
        ended(service, status="Exploded").status()


def test_canceled_job_has_no_result(service: ScriptedService) -> None:
    job = service.job()
    job.cancel()

    assert service.requests == ["POST /jobs/j1/cancel"]
    assert job.status() is JobStatus.CANCELLED
    with pytest.raises(RuntimeInvalidStateError, match=r"j1.*cancelled"):
        job.result()
    assert job.error_message() is None


def test_status_in_flight_does_not_undo_a_cancel(service: ScriptedService) -> None:
    job = service.job()

    def cancel_meanwhile(peer: Peer) -> None:
        peer.answer(200, json.dumps(record("j1")))

    class Racing:
        def __getattr__(self, name: str) -> Any:
            return getattr(client, name)

        def job_state(self, job_id: str) -> Any:
            answer = client.job_state(job_id)
            job._api_client = client
            job.cancel()
            return answer

    client = job._api_client
    job._api_client = Racing()

    assert job.status() is JobStatus.CANCELLED


@pytest.mark.parametrize(
    ("status", "error", "words"),
    [
        (409, RuntimeInvalidStateError, "cannot be cancelled"),
        (403, IBMRuntimeError, "Failed to cancel"),
    ],
)
def test_rejected_cancel_keeps_known_state(
    service: ScriptedService, status: int, error: type[IBMError], words: str
) -> None:
    body = {"errors": [{"code": 1297, "message": "Job already done"}], "trace": "t-1"}
    service.on["POST /jobs/j1/cancel"] = lambda peer: peer.answer(status, json.dumps(body))

    with pytest.raises(error) as caught:
        service.job().cancel()

    assert words in caught.value.message
    assert "j1" in caught.value.message
    failure = caught.value.failure
    assert failure is not None
    assert (failure.status, failure.code, failure.trace_id) == (status, 1297, "t-1")


def test_missing_logs_are_empty_and_metrics_failures_explained(
    service: ScriptedService, caplog: pytest.LogCaptureFixture
) -> None:
    job = service.job()

    assert job.logs() == ""
    assert "only available after the job finishes" in caplog.text
    with pytest.raises(IBMRuntimeError, match="Failed to get job metadata"):
        job.metrics()
    service.on["GET /jobs/j1/logs"] = lambda peer: peer.answer(403)
    with pytest.raises(IBMRuntimeError, match="Failed to get job logs"):
        job.logs()


# --- Fields -------------------------------------------------------------------------------------


def test_missing_fields_are_fetched_once_without_inputs(
    service: ScriptedService,
) -> None:
    service.records["j1"] = record("j1", tags=["a", "b"], session_id=None)
    job = service.job()

    assert job.tags == ["a", "b"]
    assert job.session_id is None
    assert job.session_id is None
    assert job.creation_date is not None
    assert service.requests == [STATUS]


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Kolkata"])
@pytest.mark.parametrize(
    "text", ["2023-02-01T12:00:00.5Z", "2023-02-01T12:00:00.5", "2023-02-01T07:00:00.5-05:00"]
)
def test_creation_date_is_the_same_instant_in_every_time_zone(
    service: ScriptedService, monkeypatch: pytest.MonkeyPatch, zone: str, text: str
) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        date = service.job(creation_date=text).creation_date
        assert date is not None
        assert date == dt.datetime(2023, 2, 1, 12, 0, 0, 500_000, tzinfo=dt.timezone.utc)
        assert date.utcoffset() == dt.datetime(2023, 2, 1, 12).astimezone().utcoffset()
    finally:
        monkeypatch.undo()
        time.tzset()


def encoded(value: object) -> Any:
    return json.loads(json.dumps(value, cls=RuntimeEncoder))


@pytest.mark.parametrize(
    "shape", [lambda x: x, lambda x: [x], json.dumps], ids=["object", "list", "text"]
)
def test_inputs_are_decoded_on_first_use_in_every_format(
    service: ScriptedService, shape: Any
) -> None:
    circuit = QuantumCircuit(1)
    params = shape(encoded({"circuits": [circuit], "values": np.array([1.5])}))
    service.records["j1"] = record("j1", params=params)

    for job in (service.job(), service.job(encoded_params=params)):
        assert job.inputs["circuits"] == [circuit]
        assert job.inputs["values"] == np.array([1.5])
    assert service.asked(STATUS) == 1


def test_undecodable_inputs_do_not_prevent_the_result(
    service: ScriptedService,
) -> None:
    broken = {"circuits": {"__type__": "QuantumCircuit", "__value__": "rubbish"}}
    service.results["j1"] = "1"
    service.records["j1"] = record("j1", "Completed", params=broken)
    job = service.job(encoded_params=broken)

    assert job.result() == 1
    with pytest.raises(IBMError):
        job.inputs  # noqa: B018


class Devices:
    """A service with one device in one project."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str | None]] = []

    def backend(self, name: str, instance: str | None = None) -> str:
        self.asked.append((name, instance))
        if name != "a-device" or instance not in (None, "h/g/p"):
            raise QiskitBackendNotFoundError(name)
        return f"{name} in {instance}"

    def backends(self) -> list[str]:
        return ["the first"]


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({}, "a-device in None"),
        ({"hub": "h", "group": "g", "project": "p"}, "a-device in h/g/p"),
        ({"hub": "h", "group": "g", "project": "left"}, "a-device in None"),
        ({"backend": ""}, "the first"),
        ({"backend": None}, None),
    ],
)
def test_backend_is_found_in_the_job_instance_or_by_name(
    service: ScriptedService, fields: dict[str, Any], found: str | None
) -> None:
    service.records["j1"] = {**record("j1"), **fields}

    assert service.job(service=Devices()).backend() == found


def test_backend_no_longer_available_is_a_placeholder(service: ScriptedService) -> None:
    service.records["j1"] = record("j1", backend="long-gone", hub="h", group="g", project="p")
    devices = Devices()
    job = service.job(service=devices)

    assert isinstance(job.backend(), IBMRetiredBackend)
    assert job.backend().name == "long-gone"
    assert devices.asked == [("long-gone", "h/g/p"), ("long-gone", None)]
    assert service.requests == [STATUS]


def test_repr_describes_the_job(service: ScriptedService) -> None:
    job = service.job(program_id="sampler", image="a/b:1")

    assert repr(job) == "<RuntimeJob('j1', 'sampler')>"
    assert (job.job_id(), job.program_id, job.image) == ("j1", "sampler", "a/b:1")
    with pytest.raises(NotImplementedError, match=r"not supported.*QiskitRuntimeService\.run"):
        job.submit()


def test_new_job_makes_no_request(service: ScriptedService) -> None:
    service.job()

    assert service.requests == []


@pytest.mark.parametrize(
    ("asked", "text"),
    [
        (lambda job: job.result(timeout="soon"), "'timeout' must be a number.*'soon'"),
        (lambda job: job.wait_for_final_state(float("nan")), "'timeout' must be.*not nan"),
        (lambda job: job.result(decoder=5), NO_DECODER),
        (lambda job: job.interim_results(decoder=5), NO_DECODER),
        (lambda job: job.stream_results(print, decoder=5), NO_DECODER),
        (lambda job: job.stream_results(5), "'callback' must be a function.*not 5"),
    ],
)
def test_rejects_invalid_arguments_before_any_request(
    service: ScriptedService, asked: Any, text: str
) -> None:
    job = service.job()
    before = len(service.requests)

    with pytest.raises(IBMInputValueError, match=text):
        asked(job)

    assert len(service.requests) == before


def test_error_of_a_failed_job_is_downloaded_once(service: ScriptedService) -> None:
    def fail(peer: Peer) -> None:
        service.results["j1"] = "Traceback: boom"
        service.end(status="Failed")
        peer.send("ACK")
        peer.close()

    service.on_stream = fail
    with pytest.raises(RuntimeJobFailureError, match="boom"):
        service.job().result()

    assert service.asked("GET /jobs/j1/results") == 1
