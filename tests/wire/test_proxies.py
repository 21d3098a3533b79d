"""Proxies, NTLM and certificates apply to every connection."""

from __future__ import annotations

import hashlib
import ssl
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import trustme
from requests_ntlm import HttpNtlmAuth

from qiskit_ibm_runtime.api.client_parameters import ClientParameters
from qiskit_ibm_runtime.api.clients.auth import AuthClient
from qiskit_ibm_runtime.api.clients.runtime import RuntimeClient
from qiskit_ibm_runtime.api.clients.version import VersionClient
from qiskit_ibm_runtime.api.exceptions import RequestsApiError
from qiskit_ibm_runtime.api.http.download import download
from qiskit_ibm_runtime.api.http.retry import RetryPolicy
from qiskit_ibm_runtime.api.session import RetrySession
from qiskit_ibm_runtime.proxies import ProxyConfiguration
from qiskit_ibm_runtime.testing.faults import Fault

WAYS = ["version", "log-in", "runtime", "stored result"]


def take(way: str, service: Any, params: ClientParameters) -> None:
    """Make requests with the account's settings for proxies and certificates."""
    if way == "version":
        VersionClient(service.url, **params.session_parameters()).version()
    elif way == "log-in":
        AuthClient(params)
    elif way == "runtime":
        params.url, params.token = service.runtime, service.access_token
        client = RuntimeClient(params)
        client.list_backends()
        client.program_run("hello-world", "a-device", {}, None, None, None, None)
    else:
        with RetrySession(service.base, **params.session_parameters()) as session:
            assert download(session, f"{service.base}/stored?sig=1", 1000) == service.stored


@pytest.fixture
def enter(service: Any) -> Callable[..., ClientParameters]:
    def parameters(**settings: Any) -> ClientParameters:
        return ClientParameters("ibm_quantum", service.api_token, service.url, **settings)

    return parameters


@pytest.fixture
def tls_service(authority: trustme.CA, tmp_path: Path) -> Iterator[Any]:
    """The stand-in with a certificate of a private CA."""
    from tests.wire.standin import Service, running

    certificate = authority.issue_cert("127.0.0.1")
    path = tmp_path / "server.pem"
    certificate.private_key_and_cert_chain_pem.write_to_path(str(path))
    state = Service()
    with running(state.app(), ssl_certfile=str(path)) as state.base:
        yield state


@pytest.fixture
def through() -> Iterator[Callable[..., Any]]:
    """Start a proxy."""
    from contextlib import ExitStack

    from tests.wire.proxy import running

    with ExitStack() as stack:
        yield lambda **settings: stack.enter_context(running(**settings))


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("basic", [None, "user:planted-password"], ids=["plain", "basic"])
def test_requests_use_the_proxy(
    service: Any, enter: Any, through: Any, way: str, basic: str | None
) -> None:
    proxy = through(basic=basic)
    take(way, service, enter(proxies=ProxyConfiguration(urls={"http": proxy.url})))

    assert len(proxy.requests) == len(service.seen) > 0
    assert not any("proxy-authorization" in seen.headers for seen in service.seen)


@pytest.fixture
def proxy_of_the_environment(through: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    proxy = through()
    for scheme in ("http", "https", "all"):
        monkeypatch.setenv(f"{scheme}_proxy", proxy.url)
        monkeypatch.setenv(f"{scheme.upper()}_PROXY", proxy.url)
    return proxy


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("urls", [None, {"https://other.example": "http://127.0.0.1:1"}])
def test_loopback_bypasses_environment_proxies(
    service: Any, enter: Any, proxy_of_the_environment: Any, way: str, urls: Any
) -> None:
    take(way, service, enter(proxies=ProxyConfiguration(urls=urls)))

    assert len(service.seen) > 0
    assert proxy_of_the_environment.requests == proxy_of_the_environment.tunnels == []


def test_loopback_bypasses_environment_proxies_with_tls(
    tls_service: Any, bundle: str, enter: Any, proxy_of_the_environment: Any
) -> None:
    params = ClientParameters("ibm_quantum", tls_service.api_token, tls_service.url, verify=bundle)
    take("log-in", tls_service, params)

    assert len(tls_service.seen) > 0
    assert proxy_of_the_environment.requests == proxy_of_the_environment.tunnels == []


def test_other_hosts_use_environment_proxies(service: Any, proxy_of_the_environment: Any) -> None:
    proxy_of_the_environment.hosts["service.example"] = "127.0.0.1"
    VersionClient(service.url.replace("127.0.0.1", "service.example")).version()

    assert len(proxy_of_the_environment.requests) == len(service.seen) == 1


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("basic", [None, "user:planted-password"], ids=["plain", "basic"])
def test_tls_uses_a_tunnel_and_keeps_secrets_inside(
    tls_service: Any, bundle: str, through: Any, way: str, basic: str | None
) -> None:
    proxy = through(basic=basic)
    params = ClientParameters(
        "ibm_quantum",
        tls_service.api_token,
        tls_service.url,
        proxies=ProxyConfiguration(urls={"https": proxy.url}),
        verify=bundle,
    )
    take(way, tls_service, params)

    assert proxy.tunnels
    assert proxy.requests == []
    assert "planted-access-token" not in str(proxy.headers)
    assert len(tls_service.seen) > 0


def _md4_is_missing() -> bool:
    """requests-ntlm before 1.2 takes MD4 from OpenSSL, which may not provide it."""
    if not version("requests-ntlm").startswith(("0.", "1.0", "1.1")):
        return False
    try:
        hashlib.new("md4")
    except ValueError:
        return True
    return False


@pytest.mark.skipif(_md4_is_missing(), reason="requests-ntlm is too old for this OpenSSL: no MD4")
@pytest.mark.parametrize("way", WAYS)
def test_ntlm_proxy_credentials_coexist_with_the_token(
    service: Any, enter: Any, through: Any, way: str
) -> None:
    proxy = through(ntlm=True)
    proxies = ProxyConfiguration(
        urls={"http": proxy.url}, username_ntlm="domain\\user", password_ntlm="planted-ntlm"
    )
    take(way, service, enter(proxies=proxies))

    assert 3 in proxy.ntlm_messages
    assert service.seen
    if way == "runtime":
        assert {seen.headers["x-access-token"] for seen in service.seen} == {service.access_token}
        assert len(service.jobs) == 1
    if way == "stored result":
        assert not any("x-access-token" in seen.headers for seen in service.seen)


@pytest.mark.parametrize("way", WAYS)
def test_ntlm_for_tls_fails_immediately_and_names_the_local_relay(
    tls_service: Any, bundle: str, through: Any, way: str
) -> None:
    proxy = through(ntlm=True)
    proxies = ProxyConfiguration({"https": proxy.url}, "domain\\user", "planted-ntlm")
    params = ClientParameters(
        "ibm_quantum", tls_service.api_token, tls_service.url, proxies=proxies, verify=bundle
    )
    with pytest.raises(RequestsApiError, match="run a local relay") as caught:
        take(way, tls_service, params)

    assert caught.value.failure.attempts == 1
    assert not caught.value.failure.uncertain
    assert tls_service.seen == proxy.tunnels == []


def test_proxy_without_ntlm_support_fails_immediately(
    tls_service: Any, bundle: str, through: Any
) -> None:
    proxies = ProxyConfiguration(
        {"https": f"http://{through(basic='a:b').address}"}, "u", "planted"
    )
    params = ClientParameters("ibm_quantum", "t", tls_service.url, proxies=proxies, verify=bundle)
    with pytest.raises(RequestsApiError, match="The proxy requires credentials") as caught:
        take("version", tls_service, params)

    assert caught.value.failure.attempts == 1
    assert tls_service.seen == []


def test_failed_ntlm_negotiation_is_a_typed_error(
    service: Any, enter: Any, through: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: Any, **kwargs: Any) -> Any:
        raise ValueError("unsupported hash type md4")

    monkeypatch.setattr(HttpNtlmAuth, "retry_using_http_NTLM_auth", fail)
    proxies = ProxyConfiguration({"http": through(ntlm=True).url}, "user", "planted-ntlm")
    with pytest.raises(RequestsApiError, match="unsupported hash type md4") as caught:
        take("version", service, enter(proxies=proxies))

    assert caught.value.failure.attempts == 1
    assert service.seen == []


def test_service_cannot_request_the_ntlm_proxy_password(service: Any, enter: Any) -> None:
    service.fail(Fault("status", status=401, body="x"))
    proxies = ProxyConfiguration(username_ntlm="user", password_ntlm="planted-ntlm")
    params = enter(proxies=proxies)
    answers: list[int] = []

    def noting(self: Any, response: Any, **kwargs: Any) -> Any:
        answers.append(response.status_code)
        return response

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(HttpNtlmAuth, "response_hook", noting)
        with pytest.raises(Exception, match="401"):
            take("runtime", service, params)

    assert answers == []


@pytest.mark.parametrize("way", WAYS)
def test_trusts_custom_ca(tls_service: Any, bundle: str, way: str) -> None:
    params = ClientParameters("ibm_quantum", tls_service.api_token, tls_service.url, verify=bundle)
    take(way, tls_service, params)

    assert tls_service.seen


@pytest.mark.parametrize("tunneled", [False, True], ids=["direct", "through a proxy"])
def test_dripping_response_over_tls_hits_the_request_limit(
    tls_service: Any, bundle: str, through: Any, tunneled: bool
) -> None:
    """Each byte arrives within the read timeout, but all of them would take minutes."""
    tls_service.fail(Fault("slow", seconds=0.05, size=1))
    proxies = {"https": through().url} if tunneled else None
    policy = RetryPolicy(budget=0.5, total=0)
    session = RetrySession(
        tls_service.base, timeout=(1.0, 0.3), policy=policy, verify=bundle, proxies=proxies
    )
    with session, pytest.raises(RequestsApiError) as caught:
        session.get("/echo")

    assert caught.value.failure.elapsed < 10


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.filterwarnings("ignore::urllib3.exceptions.InsecureRequestWarning")
def test_verification_can_be_disabled(tls_service: Any, way: str) -> None:
    params = ClientParameters("ibm_quantum", tls_service.api_token, tls_service.url, verify=False)
    take(way, tls_service, params)

    assert tls_service.seen


@pytest.mark.parametrize("way", WAYS)
def test_unknown_ca_fails_immediately(tls_service: Any, way: str) -> None:
    params = ClientParameters("ibm_quantum", tls_service.api_token, tls_service.url)
    with pytest.raises(RequestsApiError) as caught:
        take(way, tls_service, params)

    assert tls_service.seen == []
    if way != "stored result":
        assert "pass its CA file as `verify`" in caught.value.message
        assert caught.value.failure.attempts == 1
        assert not caught.value.failure.uncertain


def test_names_missing_ca_bundle(tls_service: Any) -> None:
    params = ClientParameters("ibm_quantum", "t", tls_service.url, verify="/no/such/bundle.pem")
    with pytest.raises(RequestsApiError, match=r"/no/such/bundle\.pem") as caught:
        take("version", tls_service, params)

    assert caught.value.failure.attempts == 1


def test_proxy_requiring_credentials_fails_immediately(
    tls_service: Any, bundle: str, through: Any
) -> None:
    proxy = through(basic="user:right")
    urls = {"https": f"http://user:planted-wrong@{proxy.address}"}
    params = ClientParameters(
        "ibm_quantum", "t", tls_service.url, proxies=ProxyConfiguration(urls=urls), verify=bundle
    )
    with pytest.raises(RequestsApiError, match="The proxy requires credentials") as caught:
        take("version", tls_service, params)

    assert caught.value.failure.attempts == 1
    assert "planted-wrong" not in caught.value.message


@pytest.mark.parametrize(
    ("urls", "expected"),
    [
        (
            {"https": "http://user:pw@127.0.0.1:8080"},
            {
                "http_proxy_host": "127.0.0.1",
                "http_proxy_port": 8080,
                "proxy_type": "http",
                "http_proxy_auth": ("user", "pw"),
            },
        ),
        (
            {"wss": "socks5://h:1"},
            {"http_proxy_host": "h", "http_proxy_port": 1, "proxy_type": "socks5"},
        ),
        (
            {"https://host.com": "http://x:2", "https": "http://y:3"},
            {"http_proxy_host": "x", "http_proxy_port": 2, "proxy_type": "http"},
        ),
        ({"http": "http://q:5"}, {}),
        (
            {"https": "127.0.0.1:8080"},
            {"http_proxy_host": "127.0.0.1", "http_proxy_port": 8080, "proxy_type": "http"},
        ),
        (
            {"https": "http://us%40er:p%3Aw@h:1"},
            {
                "http_proxy_host": "h",
                "http_proxy_port": 1,
                "proxy_type": "http",
                "http_proxy_auth": ("us@er", "p:w"),
            },
        ),
    ],
)
def test_websocket_uses_the_same_proxy(urls: dict[str, str], expected: dict[str, Any]) -> None:
    assert ProxyConfiguration(urls=urls).to_ws_params("wss://host.com/a") == expected


def test_plain_websocket_uses_the_http_proxy() -> None:
    proxies = ProxyConfiguration(urls={"http": "http://q:5"})

    assert proxies.to_ws_params("ws://host.com/a")["http_proxy_host"] == "q"


@pytest.mark.parametrize(
    "fields",
    [
        {"username_ntlm": "planted-user"},
        {"password_ntlm": "planted-password"},
        {"username_ntlm": 1, "password_ntlm": 2},
        {"urls": ""},
        {"urls": ["http://a"]},
    ],
)
def test_invalid_settings_error_does_not_show_them(fields: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="Invalid proxy configuration") as caught:
        ProxyConfiguration(**fields).validate()

    assert "planted" not in str(caught.value)


def test_connection_parameters_match_0_9_3() -> None:
    proxies = ProxyConfiguration({"https": "http://p:1"}, "user", "password")
    params = ClientParameters("ibm_quantum", "t", "u", proxies=proxies).connection_parameters()

    assert (params["verify"], params["proxies"]) == (True, {"https": "http://p:1"})
    assert isinstance(params["auth"], HttpNtlmAuth)
    assert (params["auth"].username, params["auth"].password) == ("user", "password")
    assert ClientParameters("c", "t").connection_parameters() == {"verify": True}
    with pytest.raises(AttributeError):
        ClientParameters("c", "t", proxies={"urls": {}}).connection_parameters()  # type: ignore[arg-type]


def test_test_ca_is_private(authority: trustme.CA) -> None:
    context = ssl.create_default_context()
    before = context.cert_store_stats()["x509_ca"]
    authority.configure_trust(context)

    assert context.cert_store_stats()["x509_ca"] == before + 1
