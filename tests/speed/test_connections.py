"""Few connections are opened over TLS, where each costs a handshake."""

from __future__ import annotations

import pytest
from benchmarks.standin import StandIn

from qiskit_ibm_runtime.api.http.concurrency import WIDTH, width


@pytest.fixture(scope="module")
def tls():
    """Three TLS hosts: authentication, hubs and runtime."""
    standin = StandIn(projects=5, devices=8, latency=0.02, handshake=0.01)
    yield standin
    standin.stop()


def test_startup_of_five_projects_over_tls_needs_few_connections(tls):
    tls.reset()
    service = tls.service()

    counts = tls.counts()
    assert len(service._hgps) == 5
    assert counts["requests"] == 9
    # One to log in and ask for the version, one for the hubs, and two for five lists.
    assert counts["connections"] == 4


def test_fetching_backends_reuses_open_connections(tls):
    service = tls.service()
    tls.reset()

    assert len(service.backends()) == 8
    described = tls.counts()
    assert service.least_busy().name == "device_00"
    asked = tls.counts()

    assert (described["requests"], asked["requests"]) == (8, 16)
    assert (
        described["connections"] <= 1
    )  # three concurrent requests over two connections from startup
    assert asked["connections"] == described["connections"]


@pytest.mark.parametrize(
    ("requests", "url", "connections"),
    [
        (1, "https://host", 1),
        (3, "https://host", 1),
        (5, "https://host", 2),
        (20, "https://host", 7),
        (1000, "https://host", WIDTH),
        (20, "http://host", 20),
        (1000, "http://host", WIDTH),
        (20, None, 20),
    ],
)
def test_opens_a_connection_only_if_it_saves_time(requests, url, connections):
    assert width(requests, url) == connections
