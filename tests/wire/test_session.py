"""HTTP sessions: URLs, headers, connections, limits."""

from __future__ import annotations

import copy
import os
import pickle
import random
import socket
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests

from qiskit_ibm_runtime.api.auth import CloudAuth
from qiskit_ibm_runtime.api.client_parameters import ClientParameters
from qiskit_ibm_runtime.api.clients.auth import AuthClient
from qiskit_ibm_runtime.api.clients.runtime import RuntimeClient
from qiskit_ibm_runtime.api.clients.version import VersionClient
from qiskit_ibm_runtime.api.exceptions import ApiIBMProtocolError, RequestsApiError
from qiskit_ibm_runtime.api.http.retry import RetryPolicy
from qiskit_ibm_runtime.api.session import RetrySession
from qiskit_ibm_runtime.proxies import ProxyConfiguration
from qiskit_ibm_runtime.testing.faults import Fault

READ_TIMEOUT_OF_SUBMIT = 900.0


def connections(service: Any) -> int:
    return len({seen.peer for seen in service.seen})


@pytest.mark.parametrize("slash", ["", "/"], ids=["plain", "with a slash"])
def test_joins_paths_to_the_base_url_with_one_slash(service: Any, slash: str) -> None:
    with RetrySession(f"{service.base}/api{slash}") as session:
        assert session.get("/version").json() == {"api-auth": "0.1"}

    assert [seen.path for seen in service.seen] == ["/api/version"]


def test_request_headers_are_not_kept(service: Any) -> None:
    with RetrySession(service.base) as session:
        stored = dict(session.headers)
        session.put("/echo", data="text", headers={"Content-Type": "application/octet-stream"})
        answer = session.get("/echo").json()

        assert dict(session.headers) == stored
        assert "content-type" not in answer["headers"]


def test_json_body_sets_content_type(client: Any, service: Any) -> None:
    client.program_run("hello-world", "a-device", {}, None, None, None, None)

    (submit,) = service.asked("POST", "/runtime/jobs")
    assert submit.headers["content-type"] == "application/json"


def test_bare_requests_send_neither_credentials_nor_client_header_nor_cookies(
    service: Any,
) -> None:
    with RetrySession(
        "http://elsewhere.invalid", auth=CloudAuth("key-of-user", "crn:x")
    ) as session:
        session.cookies.set("session", "secret", domain="127.0.0.1")
        headers = session.get(f"{service.base}/echo?a=1", bare=True).json()["headers"]  # type: ignore[call-arg]

    for name in ("authorization", "service-crn", "x-qx-client-application", "cookie"):
        assert name not in headers


def test_netrc_credentials_are_never_sent(
    service: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password from-netrc\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    with RetrySession(service.base) as session:
        assert "authorization" not in session.get("/echo").json()["headers"]


def test_clients_of_one_service_share_one_connection(service: Any) -> None:
    params = ClientParameters("ibm_quantum", service.api_token, service.url)
    VersionClient(service.url, **params.session_parameters()).version()
    auth_client = AuthClient(params)
    auth_client.user_hubs()
    params.url, params.token = service.runtime, auth_client.current_access_token()
    params.token_source = auth_client.token_source
    for _ in range(3):
        RuntimeClient(params).list_backends()

    assert len(service.seen) == 7
    assert connections(service) == 1


def test_closing_one_session_leaves_shared_connections_open(service: Any) -> None:
    params = ClientParameters("ibm_quantum", "token", service.base)
    with RetrySession(service.base, **params.session_parameters()) as first:
        first.get("/echo")
    with RetrySession(service.base, **params.session_parameters()) as second:
        second.get("/echo")

    assert connections(service) == 1


def test_standalone_session_closes_its_connections(service: Any) -> None:
    for _ in range(2):
        with RetrySession(service.base) as session:
            session.get("/echo")

    assert connections(service) == 2


@pytest.mark.parametrize(
    "again",
    [copy.deepcopy, lambda session: pickle.loads(pickle.dumps(session))],
    ids=["deep copy", "pickle"],
)
def test_copied_session_works(service: Any, again: Any) -> None:
    policy = RetryPolicy(total=1)
    session = RetrySession(
        service.base, auth=CloudAuth("key", "crn"), timeout=(1.0, 2.0), policy=policy
    )
    copied = again(session)

    assert (copied.base_url, copied.policy, copied._timeout) == (service.base, policy, (1.0, 2.0))
    assert copied.get("/echo").json()["headers"]["authorization"] == "apikey key"
    assert copied.get_adapter("http://x") is not session.get_adapter("http://x")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
def test_forked_child_opens_its_own_connections(service: Any) -> None:
    session = RetrySession(service.base)
    session.get("/echo")
    child = os.fork()
    if child == 0:
        try:
            os._exit(0 if session.get("/echo").ok else 1)
        finally:
            os._exit(2)
    _, status = os.waitpid(child, 0)
    session.get("/echo")

    assert os.waitstatus_to_exitcode(status) == 0
    assert connections(service) == 2


def test_session_is_thread_safe(service: Any) -> None:
    with RetrySession(service.base) as session, ThreadPoolExecutor(16) as pool:

        def ask(number: int) -> Any:
            headers = {"X-Number": str(number)}
            return session.get(f"/echo?n={number}", headers=headers).json()

        answers = list(pool.map(ask, range(200)))

    assert [answer["query"] for answer in answers] == [f"n={n}" for n in range(200)]
    assert [answer["headers"]["x-number"] for answer in answers] == [str(n) for n in range(200)]
    assert connections(service) <= 32


@pytest.mark.parametrize("proxied", [False, True], ids=["direct", "through a proxy"])
@pytest.mark.parametrize(
    ("method", "path", "given", "read"),
    [
        ("GET", "/jobs", {}, 60.0),
        ("GET", "/backends", {"timeout": None}, 60.0),
        ("POST", "/jobs", {"timeout": (30.0, READ_TIMEOUT_OF_SUBMIT)}, READ_TIMEOUT_OF_SUBMIT),
        ("GET", "/slow", {"timeout": 7}, 7),
    ],
)
def test_every_request_has_finite_timeouts(
    method: str,
    path: str,
    given: dict[str, Any],
    read: float,
    proxied: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    limits: list[tuple[float, float]] = []

    def no_answer(self: Any, request: Any, timeout: Any = None, **kwargs: Any) -> Any:
        limits.append(timeout)
        raise OSError("This test sends nothing.")

    monkeypatch.setattr("requests.adapters.HTTPAdapter.send", no_answer)
    proxies = {"https": "http://proxy.invalid:1"} if proxied else None
    session = RetrySession("https://runtime.invalid", proxies=proxies)
    with session, pytest.raises(RequestsApiError):
        session.request(method, path, **given)

    assert limits
    assert all(0 < connect <= 30 for connect, _ in limits)
    assert all(wait == pytest.approx(read, abs=1) for _, wait in limits)


def test_submit_has_a_longer_timeout(
    client: Any, service: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Any] = []
    send = RetrySession.send

    def noting(self: Any, request: Any, **kwargs: Any) -> Any:
        seen.append(kwargs["timeout"])
        return send(self, request, **kwargs)

    monkeypatch.setattr(RetrySession, "send", noting)
    client.program_run("hello-world", "a-device", {}, None, None, None, None)

    assert seen[0][1] == pytest.approx(READ_TIMEOUT_OF_SUBMIT, abs=5)


def test_silent_service_ends_within_the_budget(service: Any) -> None:
    service.fail(Fault("silence", seconds=30))
    policy = RetryPolicy(budget=0.4)
    session = RetrySession(service.base, timeout=(0.2, 0.15), policy=policy)
    with session, pytest.raises(RequestsApiError) as caught:
        session.get("/echo")

    failure = caught.value.failure
    assert failure.status is None
    assert failure.attempts == len(service.seen) <= 3
    assert failure.elapsed < 10


def test_dripping_response_hits_the_request_limit(service: Any) -> None:
    """Each byte arrives within the read timeout, but all of them would take minutes."""
    service.fail(Fault("slow", seconds=0.05, size=1))
    policy = RetryPolicy(budget=0.5, total=0)
    session = RetrySession(service.base, timeout=(1.0, 0.3), policy=policy)
    with session, pytest.raises(RequestsApiError) as caught:
        session.get("/echo")

    assert caught.value.failure.status is None
    assert caught.value.failure.elapsed < 10


def test_truncated_response_is_never_accepted(service: Any) -> None:
    service.fail(Fault("reset", when="while", times=2))
    with RetrySession(service.base) as session:
        assert session.get("/echo").json()["query"] == ""

    assert len(service.seen) == 3


def test_stalled_upload_times_out() -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        policy = RetryPolicy(budget=0.3)
        base = f"http://127.0.0.1:{deaf.getsockname()[1]}"
        session = RetrySession(base, timeout=(0.2, 0.2), policy=policy)
        with session, pytest.raises(RequestsApiError) as caught:
            # Slower than the 16 KiB/s that extend the limit, but more than the buffers hold.
            session.post("/jobs", data=b"x" * 30_000_000)

    assert caught.value.failure.uncertain


def test_html_page_is_a_typed_error(service: Any, client: Any) -> None:
    service.fail(Fault("status", status=200, body="<html><title>Sign on</title></html>"))
    with pytest.raises(ApiIBMProtocolError, match="sign-on page"):
        client.list_backends()


@pytest.mark.parametrize("base", ["http://127.0.0.1:1", "http://nowhere.invalid", "ftp://x", ""])
def test_unreachable_url_is_a_typed_error(base: str) -> None:
    with RetrySession(base) as session, pytest.raises(RequestsApiError) as caught:
        session.get("/jobs")

    assert caught.value.status_code == -1
    assert caught.value.failure.status is None
    assert not caught.value.failure.uncertain


def test_account_settings_take_precedence_over_environment(
    service: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/no/such/bundle")
    with RetrySession("https://x", verify=False, proxies={"https": "http://mine:1"}) as session:
        settings = session.merge_environment_settings("https://x", {}, None, None, None)
    assert (settings["verify"], settings["proxies"]) == (False, {"https": "http://mine:1"})

    with RetrySession("http://x") as session:
        settings = session.merge_environment_settings("http://x", {}, None, None, None)
    assert (settings["verify"], settings["proxies"]["http"]) == (
        "/no/such/bundle",
        "http://127.0.0.1:1",
    )


def test_the_custom_header_method_edits_only_the_stored_header() -> None:
    with RetrySession("http://x") as session:
        session.custom_header = ""
        session.headers["X-Qx-Client-Application"] = "name"
        session._set_custom_header()
        assert session.headers["X-Qx-Client-Application"] == "name"
        session.custom_header = "mine"
        session._set_custom_header()
        session._set_custom_header()
        assert session.headers["X-Qx-Client-Application"] == "name/mine"


def test_leaves_no_thread_behind(service: Any) -> None:
    before = threading.active_count()
    with RetrySession(service.base) as session:
        session.get("/echo")

    assert threading.active_count() == before


def test_client_parameters_can_be_pickled(service: Any) -> None:
    proxies = ProxyConfiguration(urls={"https": "http://proxy.invalid:1"})
    params = ClientParameters("ibm_quantum", "token", service.base, proxies=proxies, verify=False)
    for again in (copy.deepcopy(params), pickle.loads(pickle.dumps(params))):
        assert again.connection_parameters() == params.connection_parameters()
        assert again.transport is not params.transport
        assert RuntimeClient(again)._session.get_adapter("https://x") is again.transport


def test_module_is_importable_without_ntlm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "requests_ntlm", None)
    with pytest.raises(Exception, match="pip install requests-ntlm"):
        ProxyConfiguration(username_ntlm="user", password_ntlm="password").to_request_params()


def test_retries_do_not_consume_user_random_numbers(
    client: Any, service: Any, pauses: list[float]
) -> None:
    random.seed(7)
    expected = random.random()
    random.seed(7)
    service.fail(Fault("status", status=502, times=3))
    client.list_backends()

    assert len(pauses) == 3
    assert random.random() == expected


class Answer:
    """A response double with only what 0.9.3 uses."""

    status_code = 200

    def raise_for_status(self) -> None:
        """Do nothing: the status is a success."""

    def json(self) -> Any:
        return {"a": 1}


def response_double() -> requests.Response:
    response = requests.Response()
    response.status_code, response._content = 200, b'{"a": 1}'
    return response


@pytest.mark.parametrize(
    ("place", "answer"),
    [
        (requests.Session, Answer),
        (requests.Session, response_double),
        (requests.adapters.HTTPAdapter, response_double),
    ],
)
def test_accepts_response_doubles(
    monkeypatch: pytest.MonkeyPatch, place: type, answer: Any
) -> None:
    monkeypatch.setattr(place, "send", lambda *_args, **_kwargs: answer())

    with RetrySession("https://nowhere.invalid") as session:
        assert session.get("/x").json() == {"a": 1}
