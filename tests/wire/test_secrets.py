"""Secrets are sent only to their origin, and never logged."""

from __future__ import annotations

import io
import logging
import pickle
import traceback
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st
from requests.auth import AuthBase

from qiskit_ibm_runtime.api.auth import BearerAuth, CloudAuth, QuantumAuth, origin
from qiskit_ibm_runtime.api.client_parameters import ClientParameters
from qiskit_ibm_runtime.api.clients.runtime import RuntimeClient
from qiskit_ibm_runtime.api.exceptions import RequestsApiError
from qiskit_ibm_runtime.api.http import redaction
from qiskit_ibm_runtime.api.http.download import download
from qiskit_ibm_runtime.api.http.redaction import HIDDEN, keep_secret, redact
from qiskit_ibm_runtime.api.session import RetrySession, loggable
from qiskit_ibm_runtime.exceptions import IBMError
from qiskit_ibm_runtime.proxies import ProxyConfiguration
from qiskit_ibm_runtime.testing.faults import Fault
from qiskit_ibm_runtime.utils.utils import setup_logger

KEY = "planted-api-key-7f3a"
CRN = "crn:v1:bluemix:public:quantum-computing:us-east:a/planted-account:planted-instance::"
PROXY_PASSWORD = "planted-proxy-password"
NTLM_PASSWORD = "planted-ntlm-password"
SIGNATURE = "planted-signature"
PLANTED = "planted-"


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """Everything logged at DEBUG by any logger, with tracebacks."""
    text = io.StringIO()
    handler = logging.StreamHandler(text)
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield text
    root.setLevel(level)
    root.removeHandler(handler)


def everything_about(error: BaseException) -> str:
    """Return everything that a traceback, repr, pickle or cause shows of an error."""
    shown = ["".join(traceback.format_exception(type(error), error, error.__traceback__))]
    current: BaseException | None = error
    while current is not None:
        response = getattr(current, "response", None)
        shown += [repr(current), str(current), repr(vars(current)), str(pickle.dumps(current))]
        if response is not None:
            asked = response.request
            shown += [str(asked.headers), str(asked.body), str(response.headers)]
        request = getattr(current, "request", None)
        if request is not None:
            shown += [str(request.headers), str(request.body)]
        current = current.__cause__ or current.__context__
    return "\n".join(shown)


def cloud(base: str) -> ClientParameters:
    params = ClientParameters("ibm_cloud", KEY, base, CRN)
    params.get_runtime_api_base_url = lambda: base  # type: ignore[method-assign]
    return params


FAILURES = [
    Fault("status", status=500),
    Fault("status", status=401, body=f'{{"error": {{"message": "Bad apikey {KEY} of {CRN}"}}}}'),
    Fault("status", status=400, body=f"You sent Authorization: apikey {KEY} and {CRN}"),
    Fault("status", status=200, body=f"<html>{KEY}</html>"),
    Fault("reset"),
    Fault("reset", when="while"),
]


@pytest.mark.parametrize("fault", FAILURES, ids=lambda f: f"{f.kind} {f.status} {f.when}")
def test_logs_and_errors_show_no_secret(service: Any, log: io.StringIO, fault: Fault) -> None:
    client = RuntimeClient(cloud(service.runtime))
    service.fail(fault)
    for call in (
        client.list_backends,
        lambda: client.program_run("p", "d", {"x": f"{PLANTED}input"}, None, None, None, None),
        lambda: client.job_metadata("job-1"),
    ):
        with pytest.raises(IBMError) as caught:
            call()
        assert PLANTED not in everything_about(caught.value)
    said = log.getvalue()

    assert PLANTED not in said
    assert "Endpoint: http://127.0.0.1" in said
    if fault.kind == "status":
        assert '"GET /runtime/backends' in said, "urllib3's own records are there, too"


def test_login_shows_no_token(service: Any, log: io.StringIO, log_in: Any) -> None:
    client = RuntimeClient(log_in())
    service.expire()
    client.list_backends()
    service.fail(Fault("status", status=403, body=f"No rights for {service.access_token}"))
    with pytest.raises(RequestsApiError) as caught:
        client.list_backends()

    assert PLANTED not in log.getvalue()
    assert PLANTED not in everything_about(caught.value)


def test_rejected_login_shows_no_token(service: Any, log: io.StringIO, log_in: Any) -> None:
    service.fail(Fault("status", status=400, body=f'{{"apiToken": "{service.api_token}"}}'))
    with pytest.raises(RequestsApiError) as caught:
        log_in()

    assert PLANTED not in log.getvalue()
    assert PLANTED not in everything_about(caught.value)


def test_proxy_passwords_are_not_shown(log: io.StringIO) -> None:
    proxies = ProxyConfiguration(
        urls={"http": f"http://user:{PROXY_PASSWORD}@127.0.0.1:1"},
        username_ntlm="user",
        password_ntlm=NTLM_PASSWORD,
    )
    params = ClientParameters("ibm_quantum", "planted-token", "http://x.invalid", None, proxies)
    with pytest.raises(RequestsApiError) as caught:
        RuntimeClient(params).list_backends()

    assert PLANTED not in log.getvalue()
    assert PLANTED not in everything_about(caught.value)
    for thing in (proxies, params, params.get_auth_handler(), RuntimeClient(params)._session):
        assert PLANTED not in repr(thing)
    assert "127.0.0.1:1" in repr(proxies)


@pytest.mark.parametrize("fault", FAILURES[:1] + FAILURES[4:], ids=["status", "reset", "cut"])
def test_signature_of_a_stored_result_is_not_shown(
    service: Any, log: io.StringIO, fault: Fault
) -> None:
    service.fail(fault)
    url = f"{service.base}/stored?name=1&anything={SIGNATURE}"
    with pytest.raises(RequestsApiError) as caught:
        download(RuntimeClient(cloud(service.runtime))._session, url, 1000)

    assert PLANTED not in log.getvalue()
    assert PLANTED not in everything_about(caught.value)
    assert "/stored" in caught.value.message


def test_storage_receives_no_secret(service: Any, other_host: Any) -> None:
    """The result is on another host, which receives only the URL."""
    assert download(
        RuntimeClient(cloud(service.runtime))._session, f"{other_host.base}/stored?sig=1", 100
    )

    (asked,) = other_host.seen
    assert PLANTED not in str(asked)


def test_package_log_is_redacted_for_every_module(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "log"
    monkeypatch.setenv("QISKIT_IBM_RUNTIME_LOG_FILE", str(file))
    logger = logging.getLogger("qiskit_ibm_runtime.any.room")
    setup_logger(logger)
    try:
        raise ValueError(f"Authorization: apikey {KEY}")
    except ValueError:
        logger.exception("With a traceback, for %s.", CRN)
    for handler in logger.handlers[:]:
        logger.removeHandler(handler)
        handler.close()

    assert "Traceback" in file.read_text()
    assert PLANTED not in file.read_text()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_secrets_do_not_follow_a_redirect_to_another_origin(
    service: Any, other_host: Any, status: int
) -> None:
    service.redirect_to, service.redirect_status = f"{other_host.base}/echo", status
    with RetrySession(service.base, auth=CloudAuth(KEY, CRN)) as session:
        session.headers["X-Access-Token"] = "planted-access-token"
        session.get("/redirect")

    (asked,) = other_host.seen
    assert PLANTED not in str(asked)
    assert "x-qx-client-application" not in asked.headers


def test_secrets_are_not_restored_after_leaving_the_origin(service: Any, other_host: Any) -> None:
    service.redirect_to = f"{other_host.base}/redirect"
    other_host.redirect_to = f"{service.base}/echo"
    with RetrySession(service.base, auth=CloudAuth(KEY, CRN)) as session:
        session.get("/redirect")

    assert "authorization" not in service.seen[-1].headers


def test_same_origin_redirect_keeps_credentials(service: Any) -> None:
    service.redirect_to = "/echo"
    with RetrySession(service.base, auth=CloudAuth(KEY, CRN)) as session:
        answer = session.get("/redirect").json()

    assert answer["headers"]["authorization"] == f"apikey {KEY}"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_request_body_is_not_sent_to_another_origin(
    service: Any, other_host: Any, method: str, status: int
) -> None:
    """The body of a login is the API token; that of a submit, the circuits."""
    service.redirect_to, service.redirect_status = f"{other_host.base}/echo?a={PLANTED}", status
    with RetrySession(service.base) as session, pytest.raises(RequestsApiError) as caught:
        session.request(method, "/redirect", json={"apiToken": KEY})

    assert other_host.seen == []
    assert other_host.base in caught.value.message
    assert PLANTED not in everything_about(caught.value)
    assert len(service.seen) == 1


def test_request_body_follows_a_same_origin_redirect(service: Any) -> None:
    service.redirect_to, service.redirect_status = "/echo", 307
    with RetrySession(service.base) as session:
        session.post("/redirect", json={"a": 1})

    assert [seen.method for seen in service.seen] == ["POST", "POST"]
    assert service.seen[1].body == b'{"a": 1}'


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("https://a", "https://a:443/x", True),
        ("http://A/", "http://a:80", True),
        ("https://a", "https://b", False),
        ("https://a", "http://a", False),
        ("http://a", "https://a", False),
        ("https://a", "https://a:8443", False),
        ("https://a", "https://a.evil", False),
        ("https://a", "https://a@b", False),
        ("https://a", "https://a:no", False),
    ],
)
def test_compares_origins(one: str, other: str, same: bool) -> None:
    assert (origin(one) == origin(other)) is same


@pytest.mark.parametrize(
    "text",
    [
        f"Authorization: apikey {KEY}",
        f"{{'X-Access-Token': '{PLANTED}x', 'a': 1}}",
        f'{{"apiToken": "{PLANTED}x"}}',
        f"http://user:{PLANTED}x@proxy.example:80",
        f"Bearer {PLANTED}x",
        CRN,
        f"https://cos.example/r?X-Amz-Signature={PLANTED}x&b=1",
        f"password={PLANTED}x",
    ],
)
def test_recognizes_secrets_by_their_format(text: str) -> None:
    assert PLANTED not in redact(text)
    assert HIDDEN in redact(text)


@settings(max_examples=40)  # each registers a value, so that the next one is slower
@given(
    st.text(min_size=6, alphabet=st.characters(blacklist_categories=["Cs"])), st.text(), st.text()
)
def test_registered_value_is_redacted_everywhere(value: str, before: str, after: str) -> None:
    keep_secret(value)

    hidden = redact(f"{before}{value}{after}")
    assert hidden.count(value) <= HIDDEN.count(value)


INSTANCE = "planted-instance-without-the-format-of-one"


class OtherSource:
    """A token source that registers nothing."""

    def current(self) -> str:
        return "planted-token-of-another-source"

    def renew(self, stale: str) -> str:
        return stale


def _unpickled() -> AuthBase:
    elsewhere = CloudAuth.__new__(CloudAuth)  # this process has not registered its secrets
    elsewhere.__dict__.update(api_key="planted-key-of-another-process", crn=INSTANCE)
    return pickle.loads(pickle.dumps(elsewhere))  # type: ignore[no-any-return]


def _changed() -> AuthBase:
    handler = QuantumAuth("planted-first-token")
    handler.access_token = "planted-token-set-by-hand"
    return handler


def _long_ago() -> AuthBase:
    handler = CloudAuth("planted-key-of-long-ago", INSTANCE)
    handler.get_headers()
    for number in range(1000):
        keep_secret(f"another-secret-{number}")
    return handler


@pytest.mark.parametrize(
    "make",
    [
        _unpickled,
        _changed,
        _long_ago,
        lambda: QuantumAuth("planted-old", OtherSource()),
        lambda: BearerAuth(OtherSource(), INSTANCE),
    ],
)
def test_credentials_of_a_request_are_redacted_wherever_they_came_from(
    make: Callable[[], AuthBase], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redaction, "_values", redaction._Values())
    request = make()(requests.Request("GET", "http://127.0.0.1/").prepare())

    sent = [str(value).split()[-1] for value in request.headers.values()]
    assert sent
    assert redact(" and ".join(sent)) == " and ".join([HIDDEN] * len(sent))


@pytest.mark.parametrize(
    "text", ["an ordinary text", "https://a.b/c?limit=10&program=sampler", "a@b"]
)
def test_ordinary_text_is_not_redacted(text: str) -> None:
    assert redact(text) == text


@pytest.mark.parametrize(
    ("url", "logged"),
    [
        ("https://r/backends/ibm_lima/status", "https://r/backends/.../status"),
        ("https://r/backends", "https://r/backends"),
        ("https://r/jobs?limit=1", "https://r/jobs?limit=1"),
        ("https://r/backends/ibm_lima/properties", None),
        ("https://r/backends/ibm_lima/defaults", None),
        ("https://r/devices/a/queue/status", None),
        ("https://auth/api/users/me", None),
        ("https://auth/api/version", None),
        ("https://auth/api/Network", None),
        ("https://cos/objectstorage/x?sig=1", None),
        ("https://auth/api/Network/bookings/v2", None),
    ],
)
def test_selects_requests_to_log(url: str, logged: str | None) -> None:
    assert loggable(url) == logged


def test_other_urllib3_logging_is_unchanged(service: Any, log: io.StringIO) -> None:
    import requests

    RetrySession(service.base).close()
    requests.get(f"{service.base}/echo?token=not-ours", timeout=5)

    assert "token=not-ours" in log.getvalue()
