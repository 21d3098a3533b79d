from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.jobs.fast_clock import FastClock
from tests.jobs.scripted_service import ScriptedService

from qiskit_ibm_runtime.api.clients import job_stream, stream_hub


@pytest.fixture
def service() -> Iterator[ScriptedService]:
    """A service on a loopback socket that does what the test tells it."""
    with ScriptedService() as running:
        yield running


@pytest.fixture
def fast_streams(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the pauses and pings of streams pass two hundred times as fast, but no handshake."""
    monkeypatch.setattr(stream_hub, "_hub", stream_hub.StreamHub(FastClock(200)))
    monkeypatch.setattr(job_stream, "HANDSHAKE_LIMIT", 200 * job_stream.HANDSHAKE_LIMIT)
