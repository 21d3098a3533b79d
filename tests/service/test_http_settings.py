"""HTTP settings of a service: transport, hooks, retry and timeout."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import pytest
import requests
from requests.adapters import BaseAdapter, HTTPAdapter
from tests.standin import CRN, DEVICE

from qiskit_ibm_runtime import IBMError, IBMInputValueError, QiskitRuntimeService
from qiskit_ibm_runtime.api.exceptions import RequestsApiError
from qiskit_ibm_runtime.api.http.settings import RequestEvent, ResponseEvent
from qiskit_ibm_runtime.api.retry import RetryPolicy


class AnsweringAdapter(BaseAdapter):
    """Answers requests without a network."""

    def __init__(self) -> None:
        super().__init__()
        self.closed = False

    def send(
        self, request: requests.PreparedRequest, *args: Any, **kwargs: Any
    ) -> requests.Response:
        response = requests.Response()
        response.status_code, response.request, response.url = 200, request, str(request.url)
        response._content = b'{"devices": ["d"]}'
        return response

    def close(self) -> None:
        self.closed = True


def test_custom_transport_answers_all_requests() -> None:
    transport = AnsweringAdapter()

    with QiskitRuntimeService("ibm_cloud", token="t" * 20, instance=CRN, transport=transport) as s:
        assert list(s._backends) == ["d"]

    assert not transport.closed  # its creator closes it


def test_startup_requests_use_the_transport(standin: Any) -> None:
    sent: list[str] = []

    class Noting(HTTPAdapter):
        def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> Any:
            sent.append(request.path_url)
            return super().send(request, *args, **kwargs)

    transport = Noting()
    standin.log_in(transport=transport)
    transport.close()

    assert sorted(sent) == sorted(request.url for request in standin.requests)


def test_closed_service_opens_new_connections(standin: Any) -> None:
    with standin.log_in() as service:
        service.backend(DEVICE)
    service.close()
    service.backend(DEVICE).refresh()

    assert standin.requests[-1].path.endswith(f"/{DEVICE}/configuration")


def test_hooks_see_each_attempt_without_secrets(standin: Any) -> None:
    events: list[RequestEvent | ResponseEvent] = []
    service = standin.log_in(on_request=events.append, on_response=events.append)
    first, second = events[:2]
    standin.faults[f"/backends/{DEVICE}"] = (503, "busy")
    events.clear()
    with pytest.raises(IBMError):
        service.backend(DEVICE)

    assert isinstance(first, RequestEvent)
    assert first == RequestEvent("POST", f"{standin.url}/api/users/loginWithToken", 1)
    assert isinstance(second, ResponseEvent)
    assert second.request is first
    assert second.status == 200
    assert second.size
    assert second.seconds >= 0
    assert "API-TOKEN" not in repr([first, second])
    ended = [event for event in events if isinstance(event, ResponseEvent)]
    assert [event.request.attempt for event in ended] == [1, 2, 3, 4, 5, 6]
    assert {event.status for event in ended} == {503}
    assert len(events) == 12


def test_response_hook_is_called_without_a_response() -> None:
    events: list[ResponseEvent] = []
    with pytest.raises(RequestsApiError):
        QiskitRuntimeService(
            "ibm_quantum",
            token="t" * 20,
            url="http://127.0.0.1:9/api",
            retry=RetryPolicy(total=0),
            on_response=events.append,
        )

    assert [(event.status, event.headers, event.size) for event in events] == [(None, {}, None)]
    assert "ConnectionError" in str(events[0].error)


def test_hooks_do_not_see_secret_headers(standin: Any) -> None:
    seen: list[Mapping[str, str]] = []

    class Cookies(HTTPAdapter):
        def send(self, *args: Any, **kwargs: Any) -> Any:
            response = super().send(*args, **kwargs)
            response.headers["Set-Cookie"] = "session=secret-cookie"
            response.headers["X-Request-Id"] = "abc"
            return response

    transport = Cookies()
    standin.log_in(transport=transport, on_response=lambda event: seen.append(event.headers))
    transport.close()

    assert {headers["X-Request-Id"] for headers in seen} == {"abc"}
    assert "secret-cookie" not in repr(seen)


def test_raising_hook_does_not_fail_the_request(
    standin: Any, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(event: object) -> None:
        raise ZeroDivisionError

    with caplog.at_level(logging.WARNING):
        assert standin.log_in(on_request=broken).backends()

    assert "A hook for HTTP requests failed." in caplog.text


def test_retry_policy_applies_to_every_request(standin: Any) -> None:
    service = standin.log_in(retry=RetryPolicy(total=1))
    standin.faults[f"/backends/{DEVICE}"] = (502, "gone")
    asked = len(standin.requests)
    with pytest.raises(IBMError):
        service.backend(DEVICE)

    assert len(standin.requests) == asked + 2


def test_cloud_instance_lookup_uses_the_same_settings(standin: Any) -> None:
    events: list[RequestEvent] = []
    transport = AnsweringAdapter()
    with pytest.raises(IBMError):  # the response has no token
        QiskitRuntimeService(
            "ibm_cloud",
            token="t" * 20,
            instance="by-name",
            transport=transport,
            on_request=events.append,
        )

    assert [event.url for event in events] == ["https://iam.cloud.ibm.com/identity/token"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"timeout": 0},
        {"timeout": (1, 2, 3)},
        {"timeout": "soon"},
        {"retry": 5},
        {"transport": "http"},
        {"on_request": 1},
        {"on_response": "print"},
    ],
)
def test_rejects_invalid_settings(wrong: dict[str, Any]) -> None:
    with pytest.raises(IBMInputValueError, match=next(iter(wrong))):
        QiskitRuntimeService("ibm_quantum", token="t" * 20, url="http://127.0.0.1:9", **wrong)
