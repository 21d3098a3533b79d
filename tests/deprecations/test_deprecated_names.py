"""Deprecated names still work, and warn as often as in 0.9.3, at the caller's line."""

from __future__ import annotations

import inspect
import warnings
from typing import Any, Callable

import pytest
from tests.standin import DEVICE, StandIn

from qiskit_ibm_runtime import (
    Estimator,
    IBMInputValueError,
    QiskitRuntimeService,
    RuntimeOptions,
    Sampler,
    Session,
)
from qiskit_ibm_runtime.qiskit_runtime_service import DEPRECATED_PROGRAMS


@pytest.fixture
def service(standin: StandIn) -> QiskitRuntimeService:
    return standin.service()


def warned(call: Callable[[], Any]) -> tuple[Any, list[str]]:
    """Return the result and warnings of a call, which must point at its own lines."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        result = call()
    ours = [warning for warning in caught if "qiskit-ibm-runtime" in str(warning.message)]
    line = call.__code__.co_firstlineno
    for warning in ours:
        assert warning.category is DeprecationWarning
        assert warning.filename == __file__
        assert line <= warning.lineno <= line + len(inspect.getsourcelines(call)[0])
        assert "3 months" in str(warning.message)
    return result, [str(warning.message) for warning in ours]


@pytest.mark.parametrize(
    ("name", "value", "sent"),
    [
        ("instance", "h/g/p", {"project": "p"}),
        ("job_tags", ["t"], {"tags": ["t"]}),
        ("max_execution_time", 400, {"cost": 400}),
    ],
)
@pytest.mark.parametrize("form", [dict, RuntimeOptions])
def test_run_arguments_that_moved_to_options_warn(standin, service, name, value, sent, form):
    options = form(backend=DEVICE)

    _, messages = warned(lambda: service.run("p", {}, options, **{name: value}))

    (message,) = messages
    assert f"'{name}' keyword arguments are deprecated" in message
    assert 'inside "options"' in message
    (body,) = standin.sent("POST /jobs")
    assert {**body, **sent} == body
    assert options == form(backend=DEVICE)


def test_each_deprecated_argument_warns_unless_none(standin, service):
    options = {"backend": DEVICE}

    _, messages = warned(
        lambda: service.run("p", {}, options, instance="h/g/p", job_tags=[], max_execution_time=1)
    )
    assert len(messages) == 3
    _, messages = warned(lambda: service.run("p", {}, options, instance=None))
    assert messages == []


@pytest.mark.parametrize("program_id", [*DEPRECATED_PROGRAMS, "quantum-kernel-alignment"])
def test_deprecated_programs_still_run(standin, service, program_id):
    _, messages = warned(lambda: service.run(program_id, {}, {"backend": DEVICE}))

    assert len(messages) == 1
    assert program_id in messages[0]
    assert standin.sent("POST /jobs")[0]["program_id"] == program_id


def test_deprecated_program_in_a_session_warns_at_the_caller(standin, service):
    session = Session(service, DEVICE)

    _, messages = warned(lambda: session.run("sample-program", {}))

    assert len(messages) == 1


def test_old_style_sessions_warn(service):
    session, messages = warned(lambda: service.open("p", {}, {"backend": DEVICE}))

    (message,) = messages
    for word in ("QiskitRuntimeService.open method is deprecated", "0.7", "Session"):
        assert word in message
    assert session.info() == {"backend": DEVICE}


def test_backend_name_in_options_warns():
    options, messages = warned(lambda: RuntimeOptions(backend_name="old"))
    assert len(messages) == 1
    assert options.backend == options.backend_name == "old"

    _, messages = warned(lambda: setattr(options, "backend_name", "newer"))
    assert len(messages) == 1
    assert options.backend == "newer"
    assert "backend_name" not in vars(options)


def test_backend_name_in_run_dict_warns(standin, service):
    _, messages = warned(lambda: service.run("p", {}, {"backend_name": DEVICE}))

    assert len(messages) == 1
    assert "backend_name" in messages[0]
    assert standin.sent("POST /jobs")[0]["backend"] == DEVICE


def test_backend_in_session_options_warns(standin, service):
    session = Session(service, DEVICE)

    _, messages = warned(lambda: session.run("p", {}, options={"backend": DEVICE}))
    (message,) = messages
    assert "'backend' is no longer a supported option within a session" in message

    options = RuntimeOptions(backend=service.backend(DEVICE))
    _, messages = warned(lambda: session.run("p", {}, options=options))
    assert len(messages) == 1
    assert [body["backend"] for body in standin.sent("POST /jobs")] == [DEVICE, DEVICE]


def test_different_backend_in_session_options_warns(standin, service):
    session = Session(service, DEVICE)

    with (
        pytest.warns(DeprecationWarning, match="no longer"),
        pytest.raises(IBMInputValueError) as caught,
    ):
        session.run("p", {}, options={"backend": "another"})

    text = f"The backend 'another' of the options is different from the session's, '{DEVICE}'"
    assert text in caught.value.message
    assert standin.sent("POST /jobs") == []


def test_auth_argument_warns(standin):
    service, messages = warned(
        lambda: QiskitRuntimeService(auth="legacy", url=f"{standin.url}/api", token="t")
    )
    (message,) = messages
    assert "`auth` parameter is deprecated" in message
    assert "channel='ibm_cloud'" in message
    assert "channel='ibm_quantum'" in message
    assert service.channel == "ibm_quantum"

    cloud = standin.service("ibm_cloud")
    for call, name in ((lambda: service.auth, "legacy"), (lambda: cloud.auth, "cloud")):
        auth, messages = warned(call)
        assert (auth, len(messages)) == (name, 1)


def test_auth_argument_of_saved_accounts_warns(standin, tmp_path):
    filename = str(tmp_path / "accounts.json")
    service = QiskitRuntimeService
    fields: dict[str, Any] = {"token": "t", "url": f"{standin.url}/api", "filename": filename}

    _, messages = warned(lambda: service.save_account(auth="legacy", **fields))
    assert len(messages) == 1
    started, messages = warned(lambda: service(auth="legacy", filename=filename))
    assert (started.channel, len(messages)) == ("ibm_quantum", 1)
    saved, messages = warned(lambda: service.saved_accounts(auth="legacy", filename=filename))
    assert len(messages) == 1
    assert {account["channel"] for account in saved.values()} == {"ibm_quantum"}
    deleted, messages = warned(lambda: service.delete_account(auth="legacy", filename=filename))
    assert (deleted, len(messages)) == (True, 1)


def test_unknown_auth_of_saved_accounts_means_ibm_cloud_with_a_warning(tmp_path):
    filename = str(tmp_path / "accounts.json")
    service = QiskitRuntimeService
    crn = "crn:v1:bluemix:public:quantum-computing:us-east:a/1:2::"

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        service.save_account("t" * 40, auth="cluod", instance=crn, filename=filename)  # type: ignore[arg-type]
        saved = service.saved_accounts(auth="cluod", filename=filename)  # type: ignore[arg-type]
        deleted = service.delete_account(auth="cluod", filename=filename)  # type: ignore[arg-type]

    ours = [warning for warning in caught if warning.category is UserWarning]
    assert all("'cluod' is neither 'cloud' nor 'legacy'" in str(each.message) for each in ours)
    assert [warning.filename for warning in ours] == [__file__] * 3
    assert [account["channel"] for account in saved.values()] == ["ibm_cloud"]
    assert deleted
    assert service.saved_accounts(filename=filename) == {}


@pytest.mark.parametrize("primitive", [Sampler, Estimator])
def test_primitives_with_service_and_backend_option_warn(service, primitive):
    made, messages = warned(lambda: primitive(service=service, options={"backend": DEVICE}))

    assert len(messages) == 2
    assert made.session.backend() == DEVICE
    assert "backend" not in made.options.__dict__


@pytest.mark.parametrize("primitive", [Sampler, Estimator])
def test_closing_a_primitive_warns(service, primitive):
    made = primitive(session=Session(service, DEVICE))

    _, messages = warned(lambda: made.close())  # noqa: PLW0108 - a line to blame

    assert len(messages) == 1
    assert not made.session._active


def test_supported_calls_do_not_warn(standin, service):
    session = Session(service, DEVICE)
    options = {"log_level": "INFO"}

    _, messages = warned(
        lambda: (
            [session.run("p", {}, options=options) for _ in range(3)]
            + [service.run("p", {}, {"backend": DEVICE, "instance": "h/g/p", "job_tags": ["t"]})]
        )
    )

    assert messages == []
