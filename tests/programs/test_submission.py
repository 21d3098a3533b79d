"""Running a program: forms of inputs and options, validated before sending."""

from __future__ import annotations

import threading
from collections import OrderedDict
from pathlib import Path
from unittest.mock import MagicMock
from uuid import UUID

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from qiskit.providers.exceptions import QiskitBackendNotFoundError
from tests.ids import label
from tests.standin import DEVICE

from qiskit_ibm_runtime import (
    IBMInputValueError,
    IBMNotAuthorizedError,
    IBMRuntimeError,
    ParameterNamespace,
    RuntimeOptions,
    RuntimeProgramNotFound,
)
from qiskit_ibm_runtime.api.exceptions import SubmitUncertainError
from qiskit_ibm_runtime.exceptions import Failure

FORM = {"properties": {"iterations": {"type": "integer"}, "seed": {}}, "required": ["iterations"]}


class Decoder:
    """Marks its input as decoded."""

    @classmethod
    def decode(cls, data):
        return f"decoded {data}"


def body_of(standin) -> dict:
    (body,) = standin.sent("POST /jobs")
    return body


def test_run_is_one_request_with_all_arguments(standin):
    job = standin.service().run(
        "hello-world",
        {"iterations": 2},
        options=RuntimeOptions(
            backend=DEVICE,
            image="a/b:1.0",
            log_level="DEBUG",
            job_tags=["x"],
            max_execution_time=400,
            session_time=77,
        ),
        start_session=True,
    )

    assert body_of(standin) == {
        "program_id": "hello-world",
        "params": {"iterations": 2},
        "runtime": "a/b:1.0",
        "log_level": "DEBUG",
        "backend": DEVICE,
        "tags": ["x"],
        "cost": 400,
        "start_session": True,
        "session_time": 77,
        "hub": "h",
        "group": "g",
        "project": "p",
    }
    assert len(standin.requests) == 1
    assert (job.inputs, job.image, job.tags) == ({"iterations": 2}, "a/b:1.0", ["x"])
    assert job.session_id == job.job_id()
    assert job.program_id == "hello-world"
    assert len(standin.requests) == 1


def test_log_level_is_sent_in_uppercase(standin):
    options = {"backend": DEVICE, "log_level": "info"}

    standin.service().run("hello-world", {"iterations": 2}, options=options)

    assert body_of(standin)["log_level"] == "INFO"
    assert options["log_level"] == "info"


def test_cloud_needs_no_options_and_chooses_a_backend(standin):
    job = standin.service("ibm_cloud").run("hello-world", {})

    assert body_of(standin) == {"program_id": "hello-world", "params": {}}
    assert job.backend().name == DEVICE
    assert job.backend()._instance is None
    assert (job.tags, job.session_id) == ([], None)


def test_job_in_a_session_knows_its_session(standin):
    job = standin.service().run("p", {}, {"backend": DEVICE}, session_id="first")

    assert body_of(standin)["session_id"] == "first"
    assert job.session_id == "first"


@pytest.mark.parametrize(
    "options",
    [
        {"backend": DEVICE, "job_tags": ["a"]},
        RuntimeOptions(backend=DEVICE, job_tags=["a"]),
        {"backend": DEVICE, "job_tags": ["a"], "instance": "h/g/p"},
    ],
    ids=["dict", "object", "instance"],
)
def test_options_may_be_dict_or_object_and_are_not_modified(standin, options):
    before = dict(options) if isinstance(options, dict) else RuntimeOptions(**vars(options))

    standin.service().run("p", {}, options)

    body = body_of(standin)
    assert (body["backend"], body["tags"], body["hub"]) == (DEVICE, ["a"], "h")
    assert options == before


def test_backend_object_sets_the_instance(standin):
    service = standin.service()
    backend = service.backend(DEVICE)
    options = RuntimeOptions(backend=backend)

    job = service.run("p", {}, options)

    assert body_of(standin)["backend"] == DEVICE
    assert body_of(standin)["project"] == "p"
    assert job.backend() is backend
    assert options.backend is backend


def test_parameters_are_validated_and_sent_without_unset_fields(standin):
    service = standin.service()
    form = ParameterNamespace(FORM)
    with pytest.raises(IBMInputValueError, match=r"Param \(iterations\) missing required value"):
        service.run("p", form, {"backend": DEVICE})
    assert standin.requests == []
    form.iterations = 3

    job = service.run("p", form, {"backend": DEVICE})

    assert body_of(standin)["params"] == {"iterations": 3}
    assert job.inputs == {"iterations": 3}


BAD_RUNS = [
    ({"program_id": ""}, "'program_id' must be the id of a program, not ''"),
    ({"program_id": None}, "'program_id' .* not None"),
    ({"inputs": [1]}, r"'inputs' must be a dict .* not \[1\]"),
    ({"options": 5}, "'options' must be a dict or a RuntimeOptions, not 5"),
    ({"options": {}}, "'backend' is required on channel 'ibm_quantum'"),
    ({"options": {"backend": DEVICE, "log_level": "LOUD"}}, "'LOUD' is not a valid log level"),
    ({"options": {"backend": DEVICE, "image": "x"}}, "image 'x' .*'image_name:tag'"),
    ({"options": {"backend": DEVICE, "job_tags": "t"}}, "job_tags needs to be a list of strings"),
    ({"options": {"backend": DEVICE, "instance": "h/g"}}, "hub/group/project"),
    ({"options": {"backend": DEVICE, "instance": "x/y/z"}}, "x/y/z could not be found"),
    (
        {"options": {"backend": DEVICE, "max_execution_time": "300"}},
        "'max_execution_time' must be a number of at least 0, or None, not '300'",
    ),
    ({"options": {"backend": DEVICE, "max_execution_time": -1}}, "'max_execution_time' .* not -1"),
    ({"options": {"backend": DEVICE, "session_time": float("inf")}}, "'session_time' .* finite"),
    ({"callback": "f"}, "'callback' must be a function .* not 'f'"),
    ({"result_decoder": object()}, "'result_decoder' must be a class with a 'decode' method"),
]


@pytest.mark.parametrize(("arguments", "text"), BAD_RUNS)
def test_rejects_invalid_run_before_sending(standin, arguments, text):
    service = standin.service()

    with pytest.raises(IBMInputValueError, match=text):
        service.run(
            **{"program_id": "p", "inputs": {}, "options": {"backend": DEVICE}, **arguments}
        )
    assert standin.requests == []


@pytest.mark.parametrize(
    "place", [{"backend": DEVICE}, {"backend": DEVICE, "hub": None, "group": None, "project": None}]
)
def test_runs_a_program_without_inputs(standin, place):
    standin.answers["POST /jobs"] = 200, {"id": "j", **place}

    job = standin.service().run("p", None, {"backend": DEVICE})

    assert body_of(standin)["params"] is None
    assert job.backend()._instance == "h/g/p"


@pytest.mark.parametrize(
    ("arguments", "sent"),
    [
        ({"program_id": UUID(int=5)}, {"program_id": str(UUID(int=5))}),
        ({"session_id": Path("s")}, {"session_id": "s"}),
        ({"session_id": ""}, {}),
        ({"callback": False, "result_decoder": []}, {}),
        ({"start_session": 1}, {"start_session": True}),
        ({"inputs": {1: 2}}, {"params": {"1": 2}}),
        ({"options": OrderedDict(backend=DEVICE, max_execution_time=np.int64(5))}, {"cost": 5}),
        ({"options": {"backend": DEVICE, "max_execution_time": 1.5}}, {"cost": 1.5}),
        ({"options": {"backend": DEVICE, "max_execution_time": True}}, {"cost": 1}),
        ({"options": {"backend": DEVICE, "max_execution_time": []}}, {}),
    ],
    ids=label,
)
def test_arguments_are_interpreted_as_in_0_9_3(standin, arguments, sent):
    standin.service().run(
        **{"program_id": "p", "inputs": {}, "options": {"backend": DEVICE}, **arguments}
    )

    body = body_of(standin)
    place = {"backend": DEVICE, "hub": "h", "group": "g", "project": "p"}
    body.pop("session_time", None)
    assert body == {"program_id": "p", "params": {}, **place, **sent}


def test_session_id_takes_precedence_over_start_session(standin):
    service = standin.service()

    joined = service.run("p", {}, {"backend": DEVICE}, session_id="s", start_session=True)
    opened = service.run("p", {}, {"backend": DEVICE}, start_session=True)

    assert joined.session_id == "s"
    assert opened.session_id == opened.job_id()


def test_changing_inputs_later_does_not_change_the_job(standin):
    inputs = {"iterations": 1}
    job = standin.service().run("p", inputs, {"backend": DEVICE})

    inputs["iterations"] = 99

    assert job.inputs == {"iterations": 1}


def test_error_truncates_long_values(standin):
    with pytest.raises(IBMInputValueError) as caught:
        standin.service().run("p", ["x" * 10**6], {"backend": DEVICE})
    assert len(caught.value.message) < 400


def test_unknown_option_and_wrong_number_of_decoders_raise_python_errors(standin):
    service = standin.service()

    with pytest.raises(TypeError, match="no option 'bakend'"):
        service.run("p", {}, {"bakend": DEVICE})
    with pytest.raises(ValueError, match=r"exactly two elements, .*, not 3"):
        service.run("p", {}, {"backend": DEVICE}, result_decoder=[Decoder] * 3)
    assert standin.requests == []


@given(
    value=st.one_of(
        st.floats(max_value=0, exclude_max=True),
        st.sampled_from([float("inf"), float("nan"), object()]),
        st.text(min_size=1),
        st.lists(st.integers(), min_size=1),
        st.integers(max_value=-1),
    ),
    option=st.sampled_from(["max_execution_time", "session_time"]),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_max_execution_time_must_be_finite(value, option):
    with pytest.raises(IBMInputValueError, match=option):
        RuntimeOptions(backend="b", **{option: value}).validate("ibm_quantum")


@pytest.mark.parametrize("channel", ["ibm_quantum", "ibm_cloud"])
def test_rejects_unknown_backend_before_sending(standin, channel):
    service = standin.service(channel)

    with pytest.raises(QiskitBackendNotFoundError, match=rf"phantom.* {DEVICE}"):
        service.run("p", {}, {"backend": "phantom"})
    assert standin.requests == []


def test_names_unknown_program(standin):
    standin.answers["POST /jobs"] = (404, {"errors": [{"code": 1220, "message": "No program."}]})

    with pytest.raises(RuntimeProgramNotFound, match=r"Program not found: .*No program") as caught:
        standin.service().run("p", {}, {"backend": DEVICE})
    assert caught.value.failure.code == 1220


def test_other_run_errors_keep_their_details(standin):
    standin.answers["POST /jobs"] = (403, {"errors": [{"code": 1, "message": "No."}], "trace": "t"})

    with pytest.raises(IBMRuntimeError, match=r"Failed to run program: .*No") as caught:
        standin.service().run("p", {}, {"backend": DEVICE})
    assert (caught.value.failure.status, caught.value.failure.trace_id) == (403, "t")


def test_unaccepted_license_has_its_own_error(standin):
    error = {"name": "ACCEPT_LICENSE_REQUIRED", "message": "Accept it.", "code": 5}
    standin.answers["POST /jobs"] = (401, {"error": error})

    with pytest.raises(IBMNotAuthorizedError, match="Accept it"):
        standin.service("ibm_cloud").run("p", {})


@pytest.mark.parametrize("channel", ["ibm_quantum", "ibm_cloud"])
@pytest.mark.parametrize(
    "answer", [{"id": "j"}, {"id": "j", "backend": "gone"}, {"id": "j", "x": 1}]
)
def test_accepted_job_is_never_lost_whatever_its_backend(standin, channel, answer):
    service = standin.service(channel)
    standin.answers["POST /jobs"] = (200, answer)

    assert service.run("p", {}, {"backend": DEVICE}).job_id() == "j"
    assert len(standin.requests) == 1


def test_uncertain_submit_lists_candidates(standin):
    service = standin.service()
    doubt = SubmitUncertainError(
        "It is unknown whether the job was created.",
        failure=Failure(uncertain=True, candidates=("j1", "j2")),
    )
    service._api_client = MagicMock()
    service._api_client.program_run.side_effect = doubt

    with pytest.raises(IBMRuntimeError, match="Failed to run program: It is unknown") as caught:
        service.run("p", {}, {"backend": DEVICE})
    assert caught.value.failure.candidates == ("j1", "j2")


def test_job_fetches_a_backend_assigned_later(standin):
    service = standin.service("ibm_cloud")
    standin.answers["POST /jobs"] = (200, {"id": "job0", "backend": ""})
    job = service.run("p", {})
    standin.add_jobs(1)

    assert job.backend().name == DEVICE


@pytest.mark.parametrize("decoder", [Decoder, (None, Decoder)], ids=["one", "pair"])
def test_uses_custom_decoder(standin, decoder):
    if isinstance(decoder, tuple):
        decoder = (Decoder, Decoder)

    job = standin.service().run("p", {}, {"backend": DEVICE}, result_decoder=decoder)
    standin.jobs[0]["state"] = {"status": "Completed"}

    assert job.result() == 'decoded "the result"'


def test_concurrent_runs_create_one_job_each(standin):
    service = standin.service()
    threads = [
        threading.Thread(target=service.run, args=("p", {"n": n}, {"backend": DEVICE}))
        for n in range(24)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(body["params"]["n"] for body in standin.sent("POST /jobs")) == list(range(24))
