"""Stream connections: TLS, certificate authorities, proxies."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import trustme
from tests.jobs.scripted_service import ScriptedService
from tests.wire.proxy import Proxy, running

from qiskit_ibm_runtime.api.clients import RuntimeWebsocketClient
from qiskit_ibm_runtime.api.exceptions import WebsocketError
from qiskit_ibm_runtime.api.stream import handshake
from qiskit_ibm_runtime.api.stream.handshake import socket_address
from qiskit_ibm_runtime.proxies import ProxyConfiguration

# A name that only the proxy can resolve.
FAR_AWAY = "runtime.test"


@pytest.mark.parametrize(
    ("base", "stream"),
    [
        ("https://runtime.example", "wss://runtime.example"),
        ("http://localhost:8000/runtime", "ws://localhost:8000/runtime"),
        ("HTTPS://runtime.example", "wss://runtime.example"),
        ("https://https.example:99/https", "wss://https.example:99/https"),
        ("ws://localhost:1", "ws://localhost:1"),
        ("wss://localhost:1/a", "wss://localhost:1/a"),
    ],
)
def test_converts_only_the_url_scheme(base: str, stream: str) -> None:
    assert socket_address(base) == stream


@pytest.fixture
def secure(authority: trustme.CA) -> Iterator[ScriptedService]:
    with ScriptedService(certificate=authority.issue_cert("localhost", FAR_AWAY)) as service:
        service.on_stream = lambda peer: (peer.send("ACK", "x" * 100_000), peer.close())  # type: ignore[assignment]
        yield service


class Box(list[str]):
    put = list.append


def read(service: ScriptedService, **kwargs: object) -> list[str]:
    messages = Box()
    params = service.parameters(**kwargs)
    RuntimeWebsocketClient(service.url, params, "j1", messages).job_results(max_retries=0)
    return messages


def test_tls_stream_uses_the_verify_bundle(secure: ScriptedService, bundle: str) -> None:
    assert read(secure, verify=bundle) == ["x" * 100_000]


def test_requests_ca_bundle_applies_to_streams(
    secure: ScriptedService, bundle: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", bundle)

    assert read(secure) == ["x" * 100_000]


def test_verifies_certificates_unless_disabled(secure: ScriptedService) -> None:
    with pytest.raises(WebsocketError, match="SSLCertVerificationError"):
        read(secure)
    assert secure.requests == []

    assert read(secure, verify=False) == ["x" * 100_000]


def test_rejects_certificate_of_another_host(authority: trustme.CA, bundle: str) -> None:
    with ScriptedService(certificate=authority.issue_cert("elsewhere.example")) as service:
        with pytest.raises(WebsocketError, match="SSL"):
            read(service, verify=bundle)

        assert service.requests == []


def test_plain_server_at_a_tls_url_is_an_error(
    service: ScriptedService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handshake, "CONNECT_TIMEOUT", 0.2)
    address = service.url.replace("http://", "https://")

    with pytest.raises(WebsocketError, match="Max retries exceeded"):
        RuntimeWebsocketClient(address, service.parameters(), "j1", None).job_results(0)


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    with running(hosts={FAR_AWAY: "127.0.0.1"}) as proxy:
        yield proxy


@pytest.mark.parametrize(
    ("urls", "more", "shown"),
    [
        ({"https": "http://PROXY"}, {}, None),
        ({"wss": "PROXY"}, {}, None),
        ({"https://runtime.test": "http://user:secret@PROXY"}, {}, "user:secret"),
        (
            {"https": "http://PROXY"},
            {"username_ntlm": "DOMAIN\\user", "password_ntlm": "secret"},
            "DOMAIN\\user:secret",
        ),
    ],
    ids=["plain", "without scheme", "with a password", "with NTLM credentials"],
)
def test_stream_uses_the_proxy_with_its_credentials(
    secure: ScriptedService,
    bundle: str,
    proxy: Proxy,
    urls: dict[str, str],
    more: dict[str, str],
    shown: str | None,
) -> None:
    urls = {key: value.replace("PROXY", proxy.address) for key, value in urls.items()}
    secure.url = secure.url.replace("localhost", FAR_AWAY)

    messages = read(secure, verify=bundle, proxies=ProxyConfiguration(urls=urls, **more))

    assert messages == ["x" * 100_000]
    assert proxy.shown == [shown]
    assert proxy.tunnels == [secure.url.removeprefix("https://")]


def test_dead_proxy_error_hides_credentials(secure: ScriptedService, bundle: str) -> None:
    with running() as proxy:
        pass  # nothing listens there from now on
    secure.url = secure.url.replace("localhost", FAR_AWAY)
    urls = {"https": f"http://user:top-secret@{proxy.address}"}

    with pytest.raises(WebsocketError) as caught:
        read(secure, verify=bundle, proxies=ProxyConfiguration(urls=urls))

    assert "top-secret" not in caught.value.message
    assert secure.requests == []


@pytest.fixture
def proxy_of_the_environment(proxy: Proxy, monkeypatch: pytest.MonkeyPatch) -> Proxy:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY"):
        monkeypatch.setenv(name, proxy.url)
    return proxy


@pytest.mark.parametrize("urls", [None, {"https://other.example": "http://127.0.0.1:1"}])
def test_loopback_streams_bypass_environment_proxies(
    service: ScriptedService,
    secure: ScriptedService,
    bundle: str,
    proxy_of_the_environment: Proxy,
    urls: dict[str, str] | None,
) -> None:
    service.on_stream = secure.on_stream
    proxies = ProxyConfiguration(urls=urls)

    for near in (service, secure):
        assert read(near, verify=bundle, proxies=proxies) == ["x" * 100_000]
    assert proxy_of_the_environment.tunnels == []


def test_other_streams_use_environment_proxies(
    secure: ScriptedService, bundle: str, proxy_of_the_environment: Proxy
) -> None:
    secure.url = secure.url.replace("localhost", FAR_AWAY)

    assert read(secure, verify=bundle) == ["x" * 100_000]
    assert len(proxy_of_the_environment.tunnels) == 1
