"""Access tokens that expire during a run."""

from __future__ import annotations

import os
import pickle
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from qiskit_ibm_runtime.api.auth import BearerAuth, QuantumAuth
from qiskit_ibm_runtime.api.client_parameters import ClientParameters
from qiskit_ibm_runtime.api.clients.runtime import RuntimeClient
from qiskit_ibm_runtime.api.exceptions import RequestsApiError
from qiskit_ibm_runtime.api.session import RetrySession
from qiskit_ibm_runtime.exceptions import IBMNotAuthorizedError
from qiskit_ibm_runtime.testing.faults import Fault


def test_request_survives_token_expiry(client: Any, service: Any) -> None:
    service.expire()

    assert client.list_backends() == ["a-device"]
    assert service.logins == 2


def test_submit_survives_token_expiry_and_creates_one_job(client: Any, service: Any) -> None:
    service.expire()
    client.program_run("hello-world", "a-device", {}, None, None, None, None)

    assert len(service.jobs) == 1


def test_threads_share_one_login_per_expiry(client: Any, service: Any) -> None:
    with ThreadPoolExecutor(16) as pool:
        for _ in range(3):
            service.expire()
            answers = list(pool.map(lambda _: client.list_backends(), range(64)))
            assert answers == [["a-device"]] * 64

    assert service.logins == 1 + 3


def test_second_rejection_is_an_error(client: Any, service: Any) -> None:
    service.fail(Fault("status", status=401, path="/runtime/backends"))
    with pytest.raises(IBMNotAuthorizedError):
        client.list_backends()

    assert len(service.asked("GET", "/runtime/backends")) == 2
    assert service.logins == 2


def test_rejected_login_fails_all_waiting_threads(client: Any, service: Any) -> None:
    service.api_token = "withdrawn-api-token"
    service.expire()

    def ask(_: int) -> str:
        with pytest.raises(IBMNotAuthorizedError, match="Login failed") as caught:
            client.list_backends()
        return caught.value.message

    with ThreadPoolExecutor(8) as pool:
        assert len(list(pool.map(ask, range(8)))) == 8

    assert len(service.asked("POST", "/api/users/loginWithToken")) <= 1 + 8


def test_login_is_retried_on_service_errors(log_in: Any, service: Any) -> None:
    service.fail(Fault("status", status=502, path="loginWithToken", times=2))
    RuntimeClient(log_in()).list_backends()

    assert service.logins == 1


def test_without_token_source_the_rejection_is_raised(service: Any) -> None:
    session = RetrySession(service.runtime, auth=QuantumAuth("an-old-token"))
    with session, pytest.raises(IBMNotAuthorizedError):
        session.get("/backends")

    assert len(service.seen) == 1


def test_token_source_can_be_pickled(client: Any, service: Any) -> None:
    again = pickle.loads(pickle.dumps(client))
    service.expire()

    assert again.list_backends() == ["a-device"]


class _Iam:
    """A source of bearer tokens, like one for IAM."""

    def __init__(self, service: Any) -> None:
        self.service, self.number = service, 0

    def current(self) -> str:
        return f"{self.service.api_token if self.number else 'expired-bearer'}-{self.number}"

    def renew(self, stale: str) -> str:
        assert stale == self.current()
        self.number += 1
        return self.current()


def test_supports_bearer_tokens(service: Any) -> None:
    crn = "crn:v1:bluemix:public:quantum-computing:us-east:a/planted-account:1::"
    params = ClientParameters("ibm_cloud", "key", "http://experimental.invalid", crn)
    params.token_source = _Iam(service)
    assert isinstance(params.get_auth_handler(), BearerAuth)
    auth = params.get_auth_handler()
    with RetrySession(service.runtime, **params.session_parameters(auth)) as session:
        assert session.get("/backends").json() == {"devices": ["a-device"]}

    refused, admitted = (seen.headers for seen in service.seen)
    assert refused["authorization"] == "Bearer expired-bearer-0"
    assert admitted["authorization"] == f"Bearer {service.api_token}-1"
    assert admitted["service-crn"] == crn


def test_error_during_renewal_is_raised(client: Any, service: Any) -> None:
    service.expire()
    service.fail(Fault("status", status=500, path="loginWithToken"))
    with pytest.raises(RequestsApiError) as caught:
        client.list_backends()

    assert caught.value.failure.status == 500


def test_interrupted_login_does_not_interrupt_other_threads(
    client: Any, service: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = client._session.auth.token_source
    stale, log_in = source.current(), source._log_in
    entered, waiting = threading.Event(), threading.Event()

    def interrupted() -> str:
        monkeypatch.setattr(source, "_log_in", log_in)
        entered.set()
        waiting.wait(10)
        raise KeyboardInterrupt

    monkeypatch.setattr(source, "_log_in", interrupted)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(source.renew, stale)
        entered.wait(10)
        second = pool.submit(source.renew, stale)
        waiting.set()

        assert isinstance(first.exception(10), KeyboardInterrupt)
        assert second.result(10)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
def test_child_forked_during_login_logs_in_itself(
    client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = client._session.auth.token_source
    stale, log_in = source.current(), source._log_in
    entered, leave = threading.Event(), threading.Event()

    def slow() -> str:
        entered.set()
        leave.wait(10)
        return log_in()

    monkeypatch.setattr(source, "_log_in", slow)
    with ThreadPoolExecutor(1) as pool:
        renewed = pool.submit(source.renew, stale)
        entered.wait(10)
        child = os.fork()
        if child == 0:
            try:
                signal.alarm(10)
                source._log_in = log_in
                os._exit(0 if source.renew(stale) else 1)
            finally:
                os._exit(2)
        _, status = os.waitpid(child, 0)
        leave.set()
        renewed.result(10)

    assert os.waitstatus_to_exitcode(status) == 0
