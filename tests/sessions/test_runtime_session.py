"""Old-style `RuntimeSession`: write, read and close."""

from __future__ import annotations

import warnings

import pytest
from tests.standin import DEVICE

from qiskit_ibm_runtime import (
    IBMInputValueError,
    ParameterNamespace,
    QiskitRuntimeService,
    RuntimeOptions,
)
from qiskit_ibm_runtime.runtime_session import RuntimeSession

OPTIONS = {"backend": DEVICE}


def test_first_write_opens_the_session_and_later_ones_join(standin, service):
    session = RuntimeSession(service, "p", {"a": 1}, OPTIONS, max_time="1m")

    session.write(b=2)
    session.write(b=3)

    first, second = standin.sent("POST /jobs")
    assert first["params"] == {"a": 1, "b": 2}
    assert (first["start_session"], first["session_time"]) == (True, 60)
    assert second["params"] == {"b": 3}
    assert second["session_id"] == standin.jobs[-1]["id"]
    assert "session_time" not in second
    assert OPTIONS == {"backend": DEVICE}


@pytest.mark.parametrize(
    "options",
    [OPTIONS, RuntimeOptions(backend=DEVICE)],
    ids=["dict", "object"],
)
def test_accepts_options_as_dict_or_object_or_none_with_max_time(standin, service, options):
    RuntimeSession(service, "p", {}, options, max_time=30).write()

    (body,) = standin.sent("POST /jobs")
    assert (body["backend"], body["session_time"]) == (DEVICE, 30)


def test_cloud_needs_no_options(standin):
    session = RuntimeSession(standin.service("ibm_cloud"), "p", {}, max_time=30)

    session.write()
    session.write()

    assert [body.get("session_time") for body in standin.sent("POST /jobs")] == [30, None]


def test_write_fills_in_parameters_and_validates_them(standin, service):
    form = ParameterNamespace({"properties": {"a": {}, "b": {}}, "required": ["a"]})
    session = RuntimeSession(service, "p", form, OPTIONS)

    with pytest.raises(IBMInputValueError, match=r"Param \(a\) missing"):
        session.write(b=2)
    session.write(a=1)

    assert [body["params"] for body in standin.sent("POST /jobs")] == [{"a": 1}]
    assert form.a is None


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"inputs": 5}, "'inputs' must be a dict or the namespace"),
        ({"options": 5}, "'options' must be a dict or a RuntimeOptions, not 5"),
        ({"max_time": "25h"}, "max_time"),
        ({"max_time": -1}, "'max_time' .* not -1"),
    ],
)
def test_rejects_invalid_arguments_immediately(service, arguments, text):
    with pytest.raises(IBMInputValueError, match=text):
        RuntimeSession(**{"service": service, "program_id": "p", "inputs": {}, **arguments})


def test_reads_and_describes_the_latest_job(standin, service):
    assert RuntimeSession(service, "p", {}).info() == {}
    session = RuntimeSession(service, "p", {}, {"log_level": "INFO"})
    assert session.info() == {"backend": "unknown"}
    session = RuntimeSession(service, "p", {}, OPTIONS)
    assert session.info() == {"backend": DEVICE}
    with pytest.raises(RuntimeError, match=r"call write\(\) first"):
        session.read()

    session.write()
    standin.jobs[0]["state"] = {"status": "Completed"}

    assert session.read(timeout=60) == "the result"
    info = session.info()
    assert (info["backend"].name, info["job_id"]) == (DEVICE, standin.jobs[0]["id"])
    assert info["job_status"].name == "DONE"


def test_with_block_closes_once(standin, service):
    with RuntimeSession(service, "p", {}, OPTIONS) as session:
        session.write()
    session.close()

    close = f"DELETE /sessions/{standin.jobs[0]['id']}/close"
    assert standin.calls().count(close) == 1
    for use in (session.read, session.write):
        with pytest.raises(RuntimeError, match="session is closed"):
            use()


def test_closing_an_unused_session_sends_nothing(standin, service):
    with RuntimeSession(service, "p", {}, OPTIONS):
        pass

    assert standin.requests == []


def test_service_open_works_on_the_embedded_runtime():
    service = QiskitRuntimeService(channel="local")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        session = service.open("hello-world", {}, {"backend": "ibmq_qasm_simulator"})

    with session:
        session.write(iterations=0)
        assert session.read(timeout=120) == "Hello, World!"
    (warning,) = caught
    assert (warning.category, warning.filename) == (DeprecationWarning, __file__)
