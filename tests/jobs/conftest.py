from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.jobs.fast_clock import FastClock
from tests.jobs.scripted_service import ScriptedService

from qiskit_ibm_runtime.api.stream import hub, job_stream


@pytest.fixture
def service() -> Iterator[ScriptedService]:
    """A scriptable service on a loopback socket."""
    with ScriptedService() as running:
        yield running


@pytest.fixture
def fast_streams(monkeypatch: pytest.MonkeyPatch) -> None:
    """Run the delays and pings of streams two hundred times as fast.

    Timeouts for handshakes and pongs stay in real time, because the test's server may be slow on a
    busy machine.
    """
    monkeypatch.setattr(hub, "HUB", hub.StreamHub(FastClock(200)))
    for name in ("HANDSHAKE_LIMIT", "PING_TIMEOUT"):
        monkeypatch.setattr(job_stream, name, 200 * getattr(job_stream, name))
