"""Sessions: opened by the first job, joined by later ones, closed once."""

from __future__ import annotations

import copy
import pickle
import threading
from unittest.mock import MagicMock

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.standin import DEVICE

from qiskit_ibm_runtime import (
    IBMBackend,
    IBMInputValueError,
    QiskitRuntimeService,
    RuntimeOptions,
    RuntimeProgramNotFound,
    Session,
)
from qiskit_ibm_runtime.api.exceptions import RequestsApiError
from qiskit_ibm_runtime.api.http.liveness import watch


@pytest.fixture
def session(service):
    return Session(service=service, backend=DEVICE)


def closings(standin) -> list[str]:
    return [call for call in standin.calls() if call.endswith("/close")]


@pytest.mark.parametrize(
    ("max_time", "seconds"),
    [
        (None, None),
        (0, 0),
        (True, True),
        (42, 42),
        ("2h 30m 40s", 9040),
        ("40s 1h", 3640),
        ("1:30:00", 5400),
    ],
)
def test_max_time_may_be_seconds_or_a_string(service, max_time, seconds):
    assert Session(service, DEVICE, max_time=max_time)._max_time == seconds


@pytest.mark.parametrize("max_time", ["25h", "", "90", "2d", 1.5, -1, [1]])
def test_rejects_invalid_max_time(service, max_time):
    with pytest.raises(IBMInputValueError, match="max_time"):
        Session(service, DEVICE, max_time=max_time)


@given(seconds=st.integers(min_value=0))
def test_keeps_any_number_of_seconds(seconds):
    assert Session(MagicMock(), "b", max_time=seconds)._max_time == seconds


def test_quantum_channel_requires_a_backend_and_cloud_does_not(standin, service):
    with pytest.raises(ValueError, match='"backend" is required'):
        Session(service=service)
    assert Session(service=standin.service("ibm_cloud")).backend() is None


def test_new_session_makes_no_request(standin, session):
    assert (session.session_id, session.backend()) == (None, DEVICE)
    assert standin.requests == []
    assert repr(session) == f"<Session(id=None, backend='{DEVICE}')>"


def test_backend_sets_service_and_instance(standin, service):
    session = Session(backend=service.backend(DEVICE))

    session.run("p", {})

    assert session.service is service
    assert session.backend() == DEVICE
    assert standin.sent("POST /jobs")[0]["hub"] == "h"


def test_defaults_to_the_default_account(monkeypatch):
    from qiskit_ibm_runtime import session as module

    default = MagicMock()
    monkeypatch.setattr(module, "QiskitRuntimeService", default)

    assert Session(backend="b").service is default.return_value


def test_first_job_opens_the_session_and_others_join(standin, service):
    session = Session(service, DEVICE, max_time="5m")

    jobs = [session.run("p", {"n": n}) for n in range(3)]

    bodies = standin.sent("POST /jobs")
    assert [body.get("start_session") for body in bodies] == [True, None, None]
    assert [body.get("session_time") for body in bodies] == [300, None, None]
    assert [body.get("session_id") for body in bodies] == [None, jobs[0].job_id(), jobs[0].job_id()]
    assert session.session_id == jobs[0].job_id()
    assert {job.session_id for job in jobs} == {session.session_id}


def test_concurrent_threads_open_one_session(standin, session):
    """
    Sixteen threads start together; one job opens the session, and the rest join that one.
    """
    ready = threading.Barrier(16)

    def run(number):
        ready.wait()
        session.run("p", {"n": number})

    threads = [threading.Thread(target=run, args=(n,)) for n in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    bodies = standin.sent("POST /jobs")
    assert [body.get("start_session") for body in bodies] == [True] + [None] * 15
    assert {body.get("session_id") for body in bodies} == {None, session.session_id}
    assert sorted(body["params"]["n"] for body in bodies) == list(range(16))


def test_failed_first_job_lets_the_next_one_open_the_session(standin, session):
    standin.answers["POST /jobs"] = (404, {"errors": [{"message": "No program."}]})
    with pytest.raises(RuntimeProgramNotFound):
        session.run("p", {})
    assert session.session_id is None
    standin.answers.clear()

    job = session.run("p", {})

    assert standin.sent("POST /jobs")[-1]["start_session"] is True
    assert session.session_id == job.job_id()


def test_cloud_session_gets_its_backend_from_its_first_job(standin):
    session = Session(standin.service("ibm_cloud"))

    session.run("p", {})
    session.run("p", {})

    assert session.backend() == DEVICE
    assert standin.sent("POST /jobs")[1]["backend"] == DEVICE


def test_failure_to_fetch_the_backend_loses_no_job(standin):
    session = Session(standin.service("ibm_cloud"))
    standin.answers[f"GET /backends/{DEVICE}/configuration"] = (403, {})

    job = session.run("p", {})

    assert session.session_id == job.job_id()
    assert session.backend() is None


def test_from_id_resumes_the_session_without_opening_a_new_one(standin, service):
    session = Session.from_id("first", service=service, backend=DEVICE)
    assert standin.requests == []

    session.run("p", {})

    (body,) = standin.sent("POST /jobs")
    assert body["session_id"] == "first"
    assert "start_session" not in body
    with pytest.raises(IBMInputValueError, match="'session_id'"):
        Session.from_id("", service=service, backend=DEVICE)


def test_server_at_the_address_of_an_ended_runtime_is_not_taken_for_it(standin):
    watch(standin.url, lambda: "It has ended.")
    session = Session(standin.service(), DEVICE)

    job = session.run("p", {})
    session.close()

    assert closings(standin) == [f"DELETE /sessions/{job.job_id()}/close"]


def test_closes_once_and_rejects_more_jobs(standin, session):
    job = session.run("p", {})
    session.close()
    session.close()

    assert closings(standin) == [f"DELETE /sessions/{job.job_id()}/close"]
    with pytest.raises(RuntimeError, match="session is closed"):
        session.run("p", {})
    assert len(standin.sent("POST /jobs")) == 1
    assert repr(session).endswith("closed)>")


def test_closing_a_session_without_jobs_sends_nothing(standin, session):
    session.close()

    assert standin.requests == []
    with pytest.raises(RuntimeError, match="session is closed"):
        session.run("p", {})


def test_rejected_close_leaves_the_session_open(standin, session):
    job = session.run("p", {})
    path = f"DELETE /sessions/{job.job_id()}/close"
    standin.answers[path] = (403, {"errors": [{"message": "Not now."}]})

    with pytest.raises(RequestsApiError, match="Not now"):
        session.close()
    standin.answers.clear()
    session.run("p", {})
    session.close()

    assert closings(standin) == [path, path]


def test_leaving_the_block_does_not_close_the_session(standin, session):
    with session as inside:
        inside.run("p", {})

    assert inside is session
    assert closings(standin) == []
    session.run("p", {})


def test_fills_in_the_options_dict_of_the_caller(session):
    options = {"log_level": "INFO"}
    session._service = MagicMock()

    for _ in range(2):
        session.run("p", {}, options=options)

        assert session._service.run.call_args.kwargs["options"] == options
        assert options == {
            "log_level": "INFO",
            "instance": None,
            "backend": DEVICE,
            "session_time": None,
        }


@pytest.mark.parametrize("empty", [{}, None, "", 0])
def test_does_not_modify_empty_options(session, empty):
    before = copy.copy(empty)
    session._service = MagicMock()

    session.run("p", {}, options=empty)

    assert empty == before
    assert session._service.run.call_args.kwargs["options"]["backend"] == DEVICE


def test_max_time_of_one_session_does_not_affect_another(standin, service):
    """
    The dict can be reused for a run outside the session that modified it.
    """
    options = {"log_level": "INFO"}
    Session(service, DEVICE, max_time="10m").run("p", {}, options=options)
    assert options["session_time"] == 600

    service.run("p", {}, options=options, start_session=True)
    service.run("p", {}, options={**options, "session_time": 60}, start_session=True)

    times = [body["session_time"] for body in standin.sent("POST /jobs")]
    assert times == [600, None, 60]


def test_options_dict_can_be_reused_by_another_session(standin, service):
    """
    Values that a session wrote into the dict do not count as set by the caller.
    """
    options = {"log_level": "INFO"}
    session = Session(service, service.backend(DEVICE))
    other = Session(MagicMock(), "another")

    session.run("p", {}, options=options)
    session.run("p", {}, options=options)
    other.run("p", {}, options=options)

    assert [body["backend"] for body in standin.sent("POST /jobs")] == [DEVICE, DEVICE]
    assert (options["backend"], options["instance"]) == ("another", None)


def test_options_object_is_not_modified(standin, session):
    options = RuntimeOptions(log_level="INFO", job_tags=["t"])

    session.run("p", {}, options=options)

    (body,) = standin.sent("POST /jobs")
    assert (body["log_level"], body["tags"], body["backend"]) == ("INFO", ["t"], DEVICE)
    assert options == RuntimeOptions(log_level="INFO", job_tags=["t"])
    with pytest.raises(IBMInputValueError, match="'options' must be a dict or a RuntimeOptions"):
        session.run("p", {}, options="INFO")


def test_passes_callback_and_decoder(session):
    session._service = MagicMock()

    session.run("p", {}, callback=print, result_decoder=str)

    arguments = session._service.run.call_args.kwargs
    assert (arguments["callback"], arguments["result_decoder"]) == (print, str)
    assert (arguments["session_id"], arguments["start_session"]) == (None, True)


def test_accepts_doubles_of_session_and_backend():
    backend = MagicMock(spec=IBMBackend)
    backend.name = "b"
    backend._instance = "h/g/p"
    backend.service = MagicMock()
    double = MagicMock(spec=Session)

    session = Session(backend=backend)

    assert (session.backend(), session.service) == ("b", backend.service)
    assert isinstance(double, Session)
    assert double.run("p", {}) is not None


def test_session_on_the_embedded_runtime_groups_jobs_and_can_be_resumed():
    service = QiskitRuntimeService(channel="local")
    session = Session(service, "ibmq_qasm_simulator", max_time="10m")
    first = session.run("hello-world", {"iterations": 0})
    again = Session.from_id(str(session.session_id), service, "ibmq_qasm_simulator")

    second = again.run("hello-world", {"iterations": 0})

    assert {first.result(timeout=120), second.result(timeout=120)} == {"Hello, World!"}
    listed = service.jobs(session_id=session.session_id, descending=False)
    assert [job.job_id() for job in listed] == [first.job_id(), second.job_id()]
    session.close()


def test_session_can_be_pickled(monkeypatch):
    session = Session.from_id("first", service=QiskitRuntimeService(channel="local"), backend="b")

    copied = pickle.loads(pickle.dumps(session))

    assert (copied.session_id, copied.backend()) == ("first", "b")
    assert copied.service is session.service
