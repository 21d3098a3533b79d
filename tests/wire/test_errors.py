"""Error translation: every failed request raises one type of error with its details."""

from __future__ import annotations

import copy
import json
import pickle
from typing import Any

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from qiskit_ibm_runtime.api.client_parameters import ClientParameters
from qiskit_ibm_runtime.api.clients.auth import AuthClient
from qiskit_ibm_runtime.api.exceptions import (
    ApiError,
    AuthenticationLicenseError,
    RequestsApiError,
    SubmitUncertainError,
)
from qiskit_ibm_runtime.api.http.errors import parse, translate
from qiskit_ibm_runtime.api.http.retry import Attempt
from qiskit_ibm_runtime.api.session import RetrySession
from qiskit_ibm_runtime.exceptions import Failure, IBMError, IBMNotAuthorizedError
from qiskit_ibm_runtime.testing.faults import Fault

RUNTIME_SHAPE = json.dumps(
    {
        "errors": [
            {"code": 1208, "message": "Bad request.", "solution": "Do better.", "more_info": "x"},
            {"code": 1209, "message": "Also bad."},
        ],
        "trace": "trace-of-body",
    }
)
AUTH_SHAPE = json.dumps(
    {"error": {"status": 400, "name": "Error", "message": "Bad log-in.", "code": 3446}}
)


def failing(service: Any, **fault: Any) -> Any:
    service.fail(Fault("status", **fault))
    with RetrySession(service.base) as session, pytest.raises(IBMError) as caught:
        session.get("/echo")
    return caught.value


@pytest.mark.parametrize(
    ("body", "code", "message", "trace"),
    [
        (RUNTIME_SHAPE, 1208, "Bad request.; Also bad.", "trace-of-body"),
        (AUTH_SHAPE, 3446, "Bad log-in.", None),
        ('{"error": "a plain text"}', None, '{"error": "a plain text"}', None),
        ('{"errors": []}', None, '{"errors": []}', None),
        ("[1, 2]", None, "[1, 2]", None),
        ("", None, "", None),
        (
            "<html><head><title>504 Gateway\n Time-out</title></head></html>",
            None,
            "504 Gateway Time-out",
            None,
        ),
        ("<!DOCTYPE html><p>Down for <b>maintenance</b></p>", None, "Down for maintenance", None),
        ("no JSON at all", None, "no JSON at all", None),
    ],
    ids=["runtime", "auth", "text", "none", "list", "empty", "page", "untitled page", "plain"],
)
def test_reads_every_error_body_format(
    service: Any, body: str, code: int | None, message: str, trace: str | None
) -> None:
    error = failing(service, status=400, body=body)

    assert isinstance(error, RequestsApiError)
    assert error.status_code == 400
    failure = error.failure
    assert (failure.status, failure.code, failure.message) == (400, code, message)
    assert (failure.trace_id, failure.attempts, failure.uncertain) == (trace, 1, False)
    assert body.strip() in error.message
    assert "400 Client Error: Bad Request for url" in error.message
    if code is not None:
        assert f"Error code: {code}." in error.message
    assert isinstance(error.__cause__, requests.HTTPError)


@given(
    st.text()
    | st.builds(
        json.dumps,
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(),
            lambda inner: (
                st.lists(inner)
                | st.dictionaries(
                    st.sampled_from(["error", "errors", "message", "code", "trace", "name"]), inner
                )
            ),
        ),
    )
)
def test_translator_handles_any_body(body: str) -> None:
    assert isinstance(parse(body).message, str)


@pytest.mark.parametrize("status", [500, 502, 503, 504, 520, 521, 522, 524])
def test_details_are_kept_when_attempts_run_out(service: Any, status: int) -> None:
    error = failing(service, status=status, body=RUNTIME_SHAPE)

    assert error.status_code == error.failure.status == status
    assert error.failure.code == 1208
    assert error.failure.trace_id == "trace-of-body"
    assert error.failure.attempts == 6
    assert error.failure.elapsed == pytest.approx(15, abs=6)
    assert "6 attempts" in error.message
    assert "try again later" in error.message


def test_rejected_credentials_have_their_own_error(service: Any) -> None:
    error = failing(service, status=401, body=RUNTIME_SHAPE)

    assert type(error) is IBMNotAuthorizedError
    assert (error.failure.status, error.failure.code) == (401, 1208)
    assert "Check the token" in error.message


def test_unaccepted_license_can_be_caught_by_either_class(service: Any) -> None:
    body = {"error": {"name": "ACCEPT_LICENSE_REQUIRED", "message": "Accept it.", "code": 3444}}
    service.fail(Fault("status", status=401, body=json.dumps(body), path="loginWithToken"))
    with pytest.raises(AuthenticationLicenseError) as caught:
        AuthClient(ClientParameters("ibm_quantum", service.api_token, service.url))

    assert isinstance(caught.value, IBMNotAuthorizedError)
    assert isinstance(caught.value, ApiError)
    assert "Accept it." in caught.value.message


def test_invalid_token_error_says_so(service: Any) -> None:
    with pytest.raises(IBMNotAuthorizedError, match="Login failed") as caught:
        AuthClient(ClientParameters("ibm_quantum", "another-api-token", service.url))

    assert caught.value.failure.code == 3446


def test_no_response_means_no_status(service: Any) -> None:
    service.fail(Fault("reset"))
    with RetrySession(service.base) as session, pytest.raises(RequestsApiError) as caught:
        session.get("/echo")

    assert caught.value.failure.status is None
    assert caught.value.status_code == -1
    assert isinstance(caught.value.__cause__, requests.ConnectionError)
    assert "Check the network connection" in caught.value.message


def test_names_dead_proxy_as_the_cause() -> None:
    proxies = {"http": "http://127.0.0.1:1"}
    session = RetrySession("http://service.invalid", proxies=proxies)
    with session, pytest.raises(RequestsApiError, match="proxy settings") as caught:
        session.get("/jobs")

    assert isinstance(caught.value.__cause__, requests.exceptions.ProxyError)


@pytest.mark.parametrize(
    ("fault", "advice"),
    [
        ("certificate verify failed: certificate has expired", "system clock"),
        ("certificate verify failed: Hostname mismatch, not valid for 'x'", "check the URL"),
        ("certificate verify failed: unable to get local issuer certificate", "`verify`"),
    ],
)
def test_certificate_advice_matches_the_fault(fault: str, advice: str) -> None:
    error = requests.exceptions.SSLError(f"[SSL: CERTIFICATE_VERIFY_FAILED] {fault}")

    assert advice in str(translate(error, Attempt(harmless=True, number=1)))


FAILURE = Failure(503, 1999, "Down.", "trace", 6, 15.1, uncertain=True, candidates=("job-1",))


@pytest.mark.parametrize(
    "error",
    [
        RequestsApiError("text", 503, failure=FAILURE),
        RequestsApiError("text"),
        IBMNotAuthorizedError("text", failure=FAILURE),
        AuthenticationLicenseError("text", 401, failure=FAILURE),
        SubmitUncertainError("text", 500, failure=FAILURE),
    ],
    ids=lambda error: type(error).__name__,
)
@pytest.mark.parametrize(
    "again", [copy.copy, copy.deepcopy, lambda e: pickle.loads(pickle.dumps(e))]
)
def test_errors_can_be_pickled(error: Any, again: Any) -> None:
    copied = again(error)

    assert type(copied) is type(error)
    assert (copied.message, copied.failure) == (error.message, error.failure)
    assert getattr(copied, "status_code", None) == getattr(error, "status_code", None)
    assert str(copied) == str(error) == repr("text")
