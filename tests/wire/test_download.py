"""Downloading results stored elsewhere."""

from __future__ import annotations

from typing import Any

import pytest

from qiskit_ibm_runtime.api.exceptions import RequestsApiError
from qiskit_ibm_runtime.api.http.download import download, is_safe
from qiskit_ibm_runtime.api.session import RetrySession
from qiskit_ibm_runtime.exceptions import IBMRuntimeError
from qiskit_ibm_runtime.testing.faults import Fault
from qiskit_ibm_runtime.utils.addresses import is_loopback


@pytest.fixture
def session(service: Any) -> Any:
    with RetrySession(service.runtime) as session:
        yield session


def test_fetches_a_stored_result_completely(service: Any, session: Any) -> None:
    service.stored = bytes(range(256)) * 4000

    assert download(session, f"{service.base}/stored?sig=1", 2_000_000) == service.stored


@pytest.mark.parametrize(
    "fault",
    [
        Fault("status", status=503, retry_after=1, times=2),
        Fault("status", status=500, times=2),
        Fault("reset", times=2),
        Fault("reset", when="while", times=2),
    ],
    ids=["unavailable", "error", "reset", "broken off"],
)
def test_recovers_from_faults(service: Any, session: Any, fault: Fault) -> None:
    service.stored = b"x" * 500_000
    service.fail(fault)

    assert download(session, f"{service.base}/stored", 10**6) == service.stored
    assert len(service.seen) == 3


def test_gives_up_on_a_transfer_that_always_breaks(service: Any, session: Any) -> None:
    service.stored = b"x" * 500_000
    service.fail(Fault("reset", when="while"))
    with pytest.raises(RequestsApiError, match=r"could not be fetched.*6 attempts"):
        download(session, f"{service.base}/stored", 10**6)

    assert len(service.seen) == 6


def test_error_page_is_not_a_result(service: Any, session: Any) -> None:
    service.fail(Fault("status", status=403, body="<Error>Request has expired</Error>"))
    with pytest.raises(RequestsApiError, match="Request has expired") as caught:
        download(session, f"{service.base}/stored", 10**6)

    assert caught.value.status_code == 403


def test_reads_only_the_beginning_of_an_error_page(service: Any, session: Any) -> None:
    service.fail(Fault("status", status=404, body="x" * 5_000_000))
    with pytest.raises(RequestsApiError) as caught:
        download(session, f"{service.base}/stored", 10**6)

    assert len(caught.value.message) < 10_000
    assert len(caught.value.__cause__.response.content) < 10_000


@pytest.mark.parametrize("announced", [True, False], ids=["announced", "found out"])
def test_rejects_oversized_result(service: Any, session: Any, announced: bool) -> None:
    service.stored = b"x" * 500_000
    if not announced:
        # A dripping response is read without relying on its length.
        service.fail(Fault("slow", size=100_000, seconds=0))
    with pytest.raises(RequestsApiError, match="longer than 499999 bytes"):
        download(session, f"{service.base}/stored", 499_999)

    assert download(session, f"{service.base}/stored", 500_000) == service.stored


def test_follows_a_few_storage_redirects(service: Any, session: Any) -> None:
    service.redirect_to = "/stored"
    assert download(session, f"{service.base}/redirect", 1000) == service.stored

    service.redirect_to = "/redirect"
    with pytest.raises(IBMRuntimeError, match="Too many redirects"):
        download(session, f"{service.base}/redirect", 1000)


@pytest.mark.parametrize("place", ["http://storage.invalid/x", "ftp://127.0.0.1/x", "file:///etc"])
def test_redirect_cannot_lead_to_a_forbidden_url(service: Any, session: Any, place: str) -> None:
    service.redirect_to = place
    with pytest.raises(IBMRuntimeError, match="Only https"):
        download(session, f"{service.base}/redirect", 1000)


FAR, NEAR = "https://runtime.example", "http://127.0.0.1:8000/runtime"


@pytest.mark.parametrize(
    ("url", "base_url", "fetched"),
    [
        ("https://cos.example/r?sig=1", FAR, True),
        ("http://cos.example/r", FAR, False),
        ("http://127.0.0.1:1/r", FAR, False),
        ("http://127.0.0.1:1/r", NEAR, True),
        ("http://localhost:1/r", NEAR, True),
        ("http://[::1]:1/r", NEAR, True),
        ("http://cos.example/r", NEAR, False),
        ("https://user:password@cos.example/r", FAR, False),
        ("file:///etc/passwd", NEAR, False),
        ("ftp://127.0.0.1/r", NEAR, False),
        ("https://", FAR, False),
        ("//cos.example/r", FAR, False),
        ("https://[bad", FAR, False),
        ("http://169.254.169.254/latest/meta-data", NEAR, False),
        ("", FAR, False),
    ],
)
def test_selects_urls_to_fetch(url: str, base_url: str, fetched: bool) -> None:
    """A program chooses the URL, so it must not reach into the reader's network."""
    assert is_safe(url, base_url) is fetched


@pytest.mark.parametrize(
    ("host", "near"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("LOCALHOST", True),
        ("10.0.0.1", False),
        ("169.254.169.254", False),
        ("localhost.evil.example", False),
        ("0.0.0.0", False),
        ("", False),
        (None, False),
    ],
)
def test_recognizes_loopback(host: str | None, near: bool) -> None:
    assert is_loopback(host) is near
