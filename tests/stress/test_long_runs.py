"""Long versions of tests in ``tests/jobs``: many jobs, and a day of broken connections."""

from __future__ import annotations

import itertools
import random
import threading

import pytest
from tests.jobs.fast_clock import FastClock, until
from tests.jobs.faulty_runtime import FaultyRuntime
from tests.jobs.scripted_service import Peer, ScriptedService
from tests.jobs.test_under_faults import REQUEST_FAULTS, STREAM_FAULTS, many_jobs

from qiskit_ibm_runtime.api.stream import hub


def test_three_hundred_jobs_survive_network_faults() -> None:
    with FaultyRuntime(*STREAM_FAULTS, *REQUEST_FAULTS) as service:
        many_jobs(service, count=300, threads=16)


DAY, SPEED = 24 * 3600.0, 1000.0


def test_stream_survives_a_day_of_dropped_connections(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Expect no exception, each message once, and at most one log line per drop."""
    clock = FastClock(SPEED)
    monkeypatch.setattr(hub, "HUB", hub.StreamHub(clock))
    chance, drops, start = random.Random(5), itertools.count(), clock.monotonic()
    stop = threading.Event()

    def published() -> list[str]:
        return [str(number) for number in range(int((clock.monotonic() - start) / 600))]

    def breaks_within_a_minute(peer: Peer) -> None:
        peer.send("ACK")
        sent = 0
        for _ in range(chance.randint(1, 6)):
            texts = published()
            peer.send(*texts[sent:])
            sent = len(texts)
            if clock.monotonic() - start >= DAY:
                peer.close()
                return
            stop.wait(10 / SPEED)
        next(drops)
        peer.reset()

    with ScriptedService() as service:
        service.on_stream = breaks_within_a_minute
        service.results["j1"] = '"after a day"'
        told: list[int] = []
        job = service.job(user_callback=lambda _job_id, message: told.append(message))
        job._clock = clock
        threading.Timer(DAY / SPEED, service.end, ["j1"]).start()

        assert job.result() == "after a day"
        stream = job._stream
        assert stream is not None
        until(lambda: not stream.active)

    assert told == list(range(len(told)))
    assert len(told) >= DAY / 600 - 2
    broken = next(drops)
    assert broken > 500
    lines = [entry for entry in caplog.records if entry.name.startswith("qiskit_ibm_runtime")]
    assert len([entry for entry in lines if entry.levelname != "DEBUG"]) <= 1
    print(f"{broken} drops, {len(told)} messages, {len(service.requests)} requests")
