"""Waiting for a job: latency, number of requests, and timeouts."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from typing import Any, Callable

import pytest
from tests.jobs.fast_clock import StillClock, until
from tests.jobs.scripted_service import Peer, ScriptedService, record
from tests.threads import let_threads_start

from qiskit_ibm_runtime import (
    IBMNotAuthorizedError,
    RuntimeInvalidStateError,
    RuntimeJob,
    RuntimeJobTimeoutError,
)
from qiskit_ibm_runtime._jobs import waiting as waits
from qiskit_ibm_runtime._jobs.waiting import LONGEST_OUTAGE, PollSchedule
from qiskit_ibm_runtime.api.clients import RuntimeClient, RuntimeWebsocketClient
from qiskit_ibm_runtime.api.exceptions import RequestsApiError
from qiskit_ibm_runtime.api.http.retry import without_waiting

STATUS, RESULTS, STREAM = "GET /jobs/j1", "GET /jobs/j1/results", "GET /stream/jobs/j1"


def slow_job(service: ScriptedService, **kwargs: Any) -> tuple[RuntimeJob, StillClock]:
    """A job whose waits take no time, because the clock jumps."""
    job = service.job(**kwargs)
    job._clock = StillClock()
    return job, job._clock


def until_gone(peer: Peer) -> None:
    """Accept the stream and never send anything."""
    peer.until_gone()


def acknowledge_only(peer: Peer) -> None:
    peer.send("ACK")
    peer.until_gone()


def drop(peer: Peer) -> None:
    peer.reset()


@pytest.mark.parametrize(
    ("stream", "longest"),
    [(404, 1.5), (503, 1.5), (drop, 5.0), (until_gone, 5.0), (acknowledge_only, 5.0)],
    ids=["missing", "refused", "dropped", "silent", "acknowledged, then silent"],
)
def test_polling_notices_the_end_whatever_the_stream_does(
    service: ScriptedService, stream: int | Callable[[Peer], None], longest: float
) -> None:
    service.on_stream = stream
    service.results["j1"] = "7"
    job, clock = slow_job(service)
    clock.at(40, service.end)
    started = clock.now

    assert job.result() == 7

    assert 40 <= clock.now - started <= 40 + longest
    assert max(clock.waits) <= longest


def test_blocked_stream_delays_the_result_less_than_two_seconds(service: ScriptedService) -> None:
    service.on_stream = 403
    job, clock = slow_job(service)
    clock.at(600, service.end)
    started = clock.now

    job.wait_for_final_state()

    assert clock.now - started < 600 + 2


def test_end_of_stream_costs_one_status_and_one_download(
    service: ScriptedService,
) -> None:
    service.results["j1"] = '{"a": 1}'
    end = threading.Event()

    def script(peer: Peer) -> None:
        peer.send("ACK")
        end.wait(60)
        peer.send(service.results["j1"])
        peer.close()

    service.on_stream = script
    job, clock = slow_job(service)
    before: list[int] = []

    def finish() -> None:
        service.end()
        before.append(len(service.requests))
        end.set()
        assert job._ws_client.finished.wait(60)

    clock.at(100, finish)
    started = clock.now

    assert job.result() == {"a": 1}

    assert clock.now - started == 100
    assert sorted(service.requests[before[0] :]) == [STATUS, RESULTS]


@pytest.mark.parametrize(("timeout", "preference"), [(None, "wait=1"), (60, None)])
def test_only_the_first_status_request_without_timeout_may_be_held(
    service: ScriptedService, timeout: float | None, preference: str | None
) -> None:
    service.results["j1"] = "7"
    job, clock = slow_job(service)
    clock.at(1, service.end)

    assert job.result(timeout) == 7

    asked = [peer.headers.get("prefer") for peer in service.peers if peer.path.endswith("/j1")]
    assert len(asked) > 2
    assert asked[:1] == [preference]
    assert not any(asked[1:])


def test_short_job_costs_one_status_and_one_download(
    service: ScriptedService,
) -> None:
    service.results["j1"] = "7"

    def held_back(peer: Peer) -> None:
        service.end()
        peer.answer(200, json.dumps(service.records["j1"]))

    job = service.job()
    service.on[STATUS] = held_back

    assert job.result() == 7
    assert service.requests == [STATUS, RESULTS]


def test_requests_status_and_result_concurrently_when_the_stream_ends(
    service: ScriptedService,
) -> None:
    """Neither request is answered before both have arrived, so both take one round trip."""
    service.results["j1"] = '"both"'
    service.on_stream = lambda peer: (peer.send("ACK"), ended.wait(60), peer.close())  # type: ignore[assignment, has-type]
    ended, both = threading.Event(), threading.Barrier(2)
    job, clock = slow_job(service)

    def meet(answer: str) -> Callable[[Peer], None]:
        def respond(peer: Peer) -> None:
            both.wait(60)
            peer.answer(200, answer)

        return respond

    def finish() -> None:
        service.on[STATUS] = meet('{"id": "j1", "state": {"status": "Completed"}}')
        service.on[RESULTS] = meet('"both"')
        ended.set()
        assert job._ws_client.finished.wait(60)

    clock.at(10, finish)

    assert job.result() == "both"


def test_polls_quickly_when_the_stream_ends_before_the_job(
    service: ScriptedService,
) -> None:
    service.on_stream = lambda peer: (peer.send("ACK"), over.wait(60), peer.close())  # type: ignore[assignment, has-type]
    service.results["j1"] = ""
    over = threading.Event()
    job, clock = slow_job(service)

    def end_of_stream() -> None:
        over.set()
        assert job._ws_client.finished.wait(60)
        polled = len(clock.waits)
        clock.at(0.45, lambda: done(polled))

    def done(polled: int) -> None:
        assert clock.waits[polled:] == pytest.approx([0.1, 0.14, 0.196, 0.2744])
        until(job._early._future.done)
        service.results["j1"] = "3"
        service.end()

    clock.at(60, end_of_stream)

    assert job.result() == 3
    # The download that began as the stream ended was too early and was discarded.
    assert service.asked(RESULTS) == 2


def test_status_request_excludes_inputs(service: ScriptedService) -> None:
    job = service.job()
    service.end()

    job.wait_for_final_state()

    assert service.requests == [STATUS]
    assert service.peers[0].target == "/jobs/j1?exclude_params=true"


def test_falls_back_if_the_service_rejects_the_exclude_parameter(
    service: ScriptedService,
) -> None:
    def old(peer: Peer) -> None:
        if "?" in peer.target:
            peer.answer(400, '{"errors": [{"code": 1000, "message": "unknown parameter"}]}')
        else:
            peer.answer(200, '{"id": "j1", "state": {"status": "Completed"}}')

    service.on[STATUS] = old

    service.job().wait_for_final_state()

    assert [peer.target for peer in service.peers] == ["/jobs/j1?exclude_params=true", "/jobs/j1"]


def test_works_with_a_client_double_with_only_old_methods() -> None:
    class Double:
        def job_get(self, job_id: str) -> dict[str, object]:
            return record(job_id, "Completed")

        def job_results(self, job_id: str) -> str:
            return "5"

    with ScriptedService() as service:
        assert service.job(api_client=Double()).result() == 5
        assert service.requests == []


def test_a_minute_of_waiting_on_an_open_stream_costs_few_polls() -> None:
    schedule, passed, polls = PollSchedule(), 0.0, 0
    while passed < 60:
        passed += schedule.pause(polls, streaming=True, jitter=0)
        polls += 1
    assert polls <= 15
    assert schedule.pause(10_000, streaming=True, jitter=0) == 5.0
    assert schedule.pause(10_000, streaming=False, jitter=1) == pytest.approx(1.125)


def silent(peer: Peer) -> None:
    peer.until_gone()


def trickling(peer: Peer) -> None:
    peer.sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    stop = threading.Event()
    try:
        while not stop.wait(0.02):
            peer.sock.sendall(b" ")
    except OSError:
        return


@pytest.mark.parametrize("behave", [silent, trickling])
@pytest.mark.parametrize("where", [STATUS, RESULTS])
def test_wait_returns_within_its_timeout_whatever_the_server_does(
    service: ScriptedService, behave: Callable[[Peer], None], where: str
) -> None:
    job = service.job()
    service.end()
    service.on[where] = behave

    with pytest.raises(RuntimeJobTimeoutError, match=r"j1 after 0.1 seconds.*service.job\('j1'\)"):
        job.result(timeout=0.1)


def test_abandoned_requests_do_not_delay_later_ones(
    service: ScriptedService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waits, "GRACE", 0.02)
    service.results["j1"] = "1"
    service.on[STATUS] = silent
    job = service.job()
    while service.asked(STATUS) < 20:  # on a busy machine some are abandoned before they are sent
        with pytest.raises(RuntimeJobTimeoutError):
            job.result(timeout=0)

    del service.on[STATUS]
    service.end()

    assert job.result(timeout=30) == 1


def test_times_out_on_a_running_job_no_earlier_than_the_timeout(service: ScriptedService) -> None:
    job, clock = slow_job(service)
    started = clock.now

    with pytest.raises(RuntimeJobTimeoutError, match="33"):
        job.wait_for_final_state(timeout=33)

    assert clock.now - started == pytest.approx(33)


def test_zero_timeout_still_finds_a_finished_job(service: ScriptedService) -> None:
    service.results["j1"] = "1"
    job = service.job()

    with pytest.raises(RuntimeJobTimeoutError):
        job.result(timeout=0)
    service.end()

    assert job.result(timeout=0) == 1


@pytest.mark.parametrize("timeout", [float("inf"), 1e300, threading.TIMEOUT_MAX * 2])
def test_huge_timeout_means_no_timeout(service: ScriptedService, timeout: float) -> None:
    service.results["j1"] = "1"
    service.on_stream = lambda peer: (service.end("j1"), peer.send("ACK"), peer.close())[0]

    assert service.job().result(timeout=timeout) == 1
    assert service.job().result(timeout=timeout) == 1


def test_job_can_be_waited_for_and_streamed_after_a_timeout(
    service: ScriptedService,
) -> None:
    service.on_stream = acknowledge_only
    service.results["j1"] = "1"
    job, clock = slow_job(service)
    with pytest.raises(RuntimeJobTimeoutError):
        job.wait_for_final_state(timeout=5)

    assert job._ws_client.finished.wait(30)
    seen: list[object] = []
    job.stream_results(lambda _job_id, message: seen.append(message))
    clock.at(5, service.end)
    assert job.result(timeout=20) == 1
    job.cancel_result_streaming()


def test_tolerates_an_outage_for_five_minutes(
    service: ScriptedService, caplog: pytest.LogCaptureFixture
) -> None:
    job, clock = slow_job(service)
    service.results["j1"] = "1"
    clock.at(10, lambda: service.on.update({STATUS: lambda peer: peer.answer(502)}))
    clock.at(250, service.on.clear)
    clock.at(280, service.end)

    with without_waiting(), caplog.at_level("WARNING", logger="qiskit_ibm_runtime._jobs.waiting"):
        assert job.result() == 1
    assert len(caplog.records) == 1

    dead, clock = slow_job(service, job_id="j2")
    service.on["GET /jobs/j2"] = lambda peer: peer.answer(502)
    started = clock.now
    with without_waiting(), pytest.raises(RequestsApiError, match="502"):
        dead.result()
    assert LONGEST_OUTAGE < clock.now - started < LONGEST_OUTAGE + 5


@pytest.mark.parametrize(
    ("status", "error"), [(404, RequestsApiError), (401, IBMNotAuthorizedError)]
)
def test_permanent_error_ends_a_wait_immediately(
    service: ScriptedService, status: int, error: type[Exception]
) -> None:
    service.on[STATUS] = lambda peer: peer.answer(status)
    job = service.job()

    with pytest.raises(error):
        job.result()

    assert service.asked(STATUS) == 1


def test_ctrl_c_returns_immediately_and_closes_the_stream(service: ScriptedService) -> None:
    def script(peer: Peer) -> None:
        peer.send("ACK")
        until(lambda: job._ws_client.connected)
        os.kill(os.getpid(), signal.SIGINT)
        peer.until_gone()

    service.on_stream = script
    job = service.job()

    with pytest.raises(KeyboardInterrupt):
        job.result()

    assert job._ws_client.finished.wait(30)


def test_ctrl_c_while_the_stream_opens_leaves_none_open(
    service: ScriptedService, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.on_stream = lambda peer: (peer.send("ACK"), peer.until_gone())  # type: ignore[assignment]
    job = service.job()
    follow = RuntimeWebsocketClient.follow

    def interrupted(client: RuntimeWebsocketClient) -> None:
        follow(client)
        raise KeyboardInterrupt

    monkeypatch.setattr(RuntimeWebsocketClient, "follow", interrupted)
    with pytest.raises(KeyboardInterrupt):
        job.result()

    assert job._ws_client.finished.wait(30)


SCRIPT = """
import os, sys, threading
from tests.jobs.scripted_service import ScriptedService
service = ScriptedService(url=sys.argv[1])
streaming, other = service.job("j1"), service.job("j2")
threading.Thread(target=streaming.wait_for_final_state, daemon=True).start()
while not streaming._ws_client.connected:
    threading.Event().wait(0.01)
if sys.argv[2] == "fork":
    child = os.fork()
    if child == 0:
        streaming._ws_client.disconnect()
        print(service.job("j3").result(timeout=60), flush=True)
        os._exit(0)
    os.waitpid(child, 0)
print(other.result(timeout=60))
"""


@pytest.mark.parametrize("timeout", [None, 60])
def test_ctrl_c_returns_immediately_from_a_silent_server(
    service: ScriptedService, timeout: float | None
) -> None:
    def interrupt(peer: Peer) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        peer.until_gone()

    service.on[STATUS] = interrupt

    with pytest.raises(KeyboardInterrupt):
        service.job().result(timeout=timeout)


@pytest.mark.parametrize(("how", "printed"), [("plain", "2\n"), ("fork", "3\n2\n")])
def test_open_stream_blocks_neither_exit_nor_a_forked_wait(
    service: ScriptedService, how: str, printed: str
) -> None:
    service.on_stream = acknowledge_only
    service.records["j1"] = record("j1", "Running")
    for number in (2, 3):
        service.records[f"j{number}"] = record(f"j{number}", "Completed")
        service.results[f"j{number}"] = str(number)

    told = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", SCRIPT, service.url, how],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        timeout=120,
    )

    assert told.stdout == printed


@pytest.mark.parametrize("timeout", [None, 60])
def test_result_arrives_even_if_no_thread_can_start(
    service: ScriptedService, timeout: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    job, clock = slow_job(service)
    service.results["j1"] = "7"
    clock.at(3, lambda: service.end("j1"))
    let_threads_start(monkeypatch, False, name="job-")

    assert job.result(timeout=timeout) == 7


def test_canceling_in_one_thread_ends_the_wait_in_another(service: ScriptedService) -> None:
    service.on_stream = acknowledge_only
    job = service.job()
    outcome: list[object] = []

    def wait() -> None:
        try:
            job.result(timeout=60)
        except RuntimeInvalidStateError as exc:
            outcome.append(exc.message)

    thread = threading.Thread(target=wait)
    thread.start()
    until(lambda: job._ws_client.connected)
    job.cancel()
    thread.join(60)

    assert outcome == ["Unable to retrieve the result of job j1. Job was cancelled."]


@pytest.mark.parametrize("stream", [404, acknowledge_only], ids=["polling", "streaming"])
def test_two_hundred_waiting_jobs_share_a_few_threads(
    service: ScriptedService, stream: int | Callable[[Peer], None]
) -> None:
    service.on_stream = stream
    client = RuntimeClient(service.parameters())
    jobs = [service.job(f"job-{index}", api_client=client) for index in range(200)]
    service.results.update({job.job_id(): f'"{job.job_id()}"' for job in jobs})
    found: dict[str, object] = {}

    def wait(job: RuntimeJob) -> None:
        found[job.job_id()] = job.result(timeout=120)

    waiting = [threading.Thread(target=wait, args=(job,), name="user") for job in jobs]
    for thread in waiting:
        thread.start()
    most = 0

    def everybody_waits() -> bool:
        nonlocal most
        most = max(most, sum(t.name.startswith("job-") for t in threading.enumerate()))
        return service.asked("GET /jobs/job-199") >= 2

    until(everybody_waits)
    for job in jobs:
        service.end(job.job_id())
    for thread in waiting:
        thread.join(120)

    assert found == {job.job_id(): job.job_id() for job in jobs}
    # Eight for requests, four that connect, one that reads the streams. Exiting threads may be
    # counted together with their successors, several of them on a busy machine.
    assert 0 < most <= 60
