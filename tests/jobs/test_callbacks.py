"""Callbacks get each message once and in order, whatever the callback or network does."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from typing import Any
from unittest.mock import MagicMock

import pytest
from tests.jobs.fast_clock import until
from tests.jobs.scripted_service import Peer, ScriptedService
from tests.threads import let_threads_start

from qiskit_ibm_runtime import (
    IBMBackend,
    QiskitRuntimeService,
    RuntimeInvalidStateError,
    RuntimeJob,
)
from qiskit_ibm_runtime.api.client_parameters import ClientParameters


class RecordingCallback:
    """A callback that records its calls."""

    def __init__(self) -> None:
        self.messages: list[Any] = []
        self.ids: set[str] = set()

    def __call__(self, job_id: str, message: Any) -> None:
        self.ids.add(job_id)
        self.messages.append(message)


def send(*texts: str, close: int | None = 1000) -> Any:
    def script(peer: Peer) -> None:
        peer.send("ACK", *texts)
        peer.close(close)

    return script


def idle(peer: Peer) -> None:
    peer.send("ACK")
    peer.until_gone()


def test_callback_gets_decoded_messages_and_the_job_id(service: ScriptedService) -> None:
    service.on_stream = send('{"a": 1}', "no JSON", "_poison_pill", "null")
    told = RecordingCallback()

    job = service.job(user_callback=told)
    until(lambda: not job._stream.active)

    assert told.messages == [{"a": 1}, "no JSON", "_poison_pill", None]
    assert told.ids == {"j1"}
    assert not job._ws_client.connected
    assert job._ws_client._server_close_code == 1000


class ClientDouble:
    """A client double, as used in tests of other packages."""

    def job_get(self, job_id: str) -> dict[str, Any]:
        return {"id": job_id, "state": {"status": "COMPLETED"}}

    def job_results(self, job_id: str) -> str:
        return '"result"'


def test_works_with_websocket_url_and_a_client_double(
    service: ScriptedService,
) -> None:
    service.on_stream = send("1", "2")
    params = ClientParameters("ibm_quantum", "my_token", service.url.replace("http", "ws"))
    told = RecordingCallback()

    job = RuntimeJob(
        backend=MagicMock(spec=IBMBackend),
        api_client=ClientDouble(),
        client_params=params,
        job_id="j1",
        program_id="my-program",
        service=MagicMock(spec=QiskitRuntimeService),
        user_callback=told,
    )
    assert job.result() == "result"
    until(lambda: not job._stream.active)

    assert told.messages == [1, 2]


def test_messages_arrive_once_and_in_order_across_reconnects(
    service: ScriptedService, fast_streams: None
) -> None:
    counts = iter([2, 0, 5, 1, 5, 9])
    texts = [str(number) for number in range(10)]

    def flaky(peer: Peer) -> None:
        count = next(counts, None)
        peer.send("ACK", *texts[:count])
        if count is None:
            peer.close()
        else:
            peer.reset()

    service.on_stream = flaky
    told = RecordingCallback()
    job = service.job(user_callback=told)
    until(lambda: not job._stream.active)

    assert told.messages == list(range(10))


def test_fetches_message_stored_elsewhere(service: ScriptedService) -> None:
    service.on["GET /stored"] = lambda peer: peer.answer(200, '"from elsewhere"')
    service.on_stream = send(f'{{"url": "{service.url}/stored"}}')
    told = RecordingCallback()
    job = service.job(user_callback=told)
    until(lambda: not job._stream.active)

    assert told.messages == ["from elsewhere"]


def test_callback_error_is_logged_and_delivery_continues(
    service: ScriptedService, caplog: pytest.LogCaptureFixture
) -> None:
    service.on_stream = send("1", "2", "3")
    seen: list[object] = []

    def picky(_job_id: str, message: object) -> None:
        seen.append(message)
        if message == 2:
            raise ValueError("Kaboom")

    job = service.job(user_callback=picky)
    until(lambda: not job._stream.active)

    assert seen == [1, 2, 3]
    assert "Kaboom" in caplog.text
    assert [entry.levelname for entry in caplog.records if "j1" in entry.message] == ["WARNING"]


def test_unopenable_stream_logs_once_and_the_result_still_arrives(
    service: ScriptedService, caplog: pytest.LogCaptureFixture
) -> None:
    service.on_stream = 404
    service.results["j1"] = "1"
    told = RecordingCallback()
    job = service.job(user_callback=told)
    until(lambda: not job._stream.active)
    service.end()

    assert job.result() == 1
    assert told.messages == []
    assert not job._ws_client.connected
    assert caplog.text.count("Streaming of job j1 ended") == 1


def test_callback_and_wait_share_one_stream(service: ScriptedService) -> None:
    service.on_stream = send("1", '"the result"')
    service.results["j1"] = '"the result"'
    ready = threading.Event()

    def script(peer: Peer) -> None:
        ready.wait(60)
        service.end()
        send("1", '"the result"')(peer)

    service.on_stream = script
    told = RecordingCallback()
    job = service.job(user_callback=told)
    ready.set()

    assert job.result() == "the result"
    until(lambda: not job._stream.active)
    assert told.messages == [1, "the result"]
    assert service.asked("GET /stream/jobs/j1") == 1


def test_wait_starting_as_the_callback_stream_ends_opens_no_other(
    service: ScriptedService,
) -> None:
    service.on_stream = send("1", '"the result"')
    service.results["j1"] = '"the result"'
    told = RecordingCallback()
    job = service.job(user_callback=told)
    until(lambda: not job._stream.active)

    waits = threading.Thread(target=job.wait_for_final_state)
    waits.start()
    until(lambda: service.asked("GET /jobs/j1") >= 2)  # the stream ended before the status changed
    service.end()
    waits.join(60)

    assert job.result() == "the result"
    assert service.asked("GET /stream/jobs/j1") == 1


def test_second_callback_must_wait_for_the_first(service: ScriptedService) -> None:
    service.on_stream = idle
    first, second, third = RecordingCallback(), RecordingCallback(), RecordingCallback()
    job = service.job(user_callback=first)
    with pytest.raises(RuntimeInvalidStateError, match="already streaming"):
        job.stream_results(second)

    job.cancel_result_streaming()
    until(lambda: not job._stream.active)
    for told in (second, third):
        service.on_stream = send("1", "2")
        job.stream_results(told)
        until(lambda: not job._stream.active)

    assert (first.messages, second.messages, third.messages) == ([], [1, 2], [1, 2])


def test_finished_job_cannot_be_streamed(service: ScriptedService) -> None:
    job = service.job()
    service.end()
    job.status()

    with pytest.raises(RuntimeInvalidStateError, match="already finished"):
        job.stream_results(RecordingCallback())


def test_canceling_the_stream_drops_pending_messages(service: ScriptedService) -> None:
    service.on_stream = send(*map(str, range(100)))
    in_first, go_on = threading.Event(), threading.Event()
    seen: list[object] = []

    def slow(_job_id: str, message: object) -> None:
        seen.append(message)
        in_first.set()
        go_on.wait(60)

    job = service.job(user_callback=slow)
    assert in_first.wait(60)
    job.cancel_result_streaming()
    go_on.set()
    until(lambda: not job._stream.active)

    assert seen == [0]


def test_canceling_without_a_stream_does_nothing(service: ScriptedService) -> None:
    job = service.job()

    job.cancel_result_streaming()

    assert job._stream is None
    assert service.requests == []


def test_callback_may_wait_for_its_own_job(service: ScriptedService) -> None:
    service.on_stream = send("1")
    service.results["j1"] = '"result"'
    results: list[object] = []
    job = service.job()
    service.end()
    job.stream_results(lambda _job_id, _message: results.append(job.result(timeout=60)))
    until(lambda: not job._stream.active)

    assert results == ["result"]


def test_slow_callbacks_do_not_delay_other_jobs(
    service: ScriptedService,
) -> None:
    service.on_stream = send("1", "2")
    go_on, told = threading.Event(), RecordingCallback()
    slow = [service.job(f"slow-{n}", user_callback=lambda *_: go_on.wait(60)) for n in range(30)]
    quick = service.job("quick", user_callback=told)
    until(lambda: not quick._stream.active)
    go_on.set()
    until(lambda: not any(job._stream.active for job in slow))

    assert told.messages == [1, 2]


def test_messages_are_delivered_even_if_no_thread_can_start(
    service: ScriptedService, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.on_stream = send("1", "2", "3")
    let_threads_start(monkeypatch, False, True, False, name="job-callback")
    told = RecordingCallback()

    job = service.job(user_callback=told)
    until(lambda: not job._stream.active)

    assert told.messages == [1, 2, 3]


SCRIPT = """
import os, sys
from tests.jobs.scripted_service import ScriptedService

def called_back(job_id, message):
    print(message, flush=True)

ScriptedService(url=sys.argv[1]).job("j1", user_callback=called_back)
if sys.argv[2] == "fork":
    child = os.fork()
    if child:
        os.waitpid(child, 0)
print("end of script", flush=True)
"""


def script(service: ScriptedService, how: str) -> subprocess.Popen[str]:
    """Start a script that ends while its callback is still waiting for messages."""
    command = [sys.executable, "-W", "ignore", "-c", SCRIPT, service.url, how]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.parametrize(("how", "ends"), [("plain", 1), ("fork", 2)])
def test_script_exits_after_its_callbacks(service: ScriptedService, how: str, ends: int) -> None:
    """A forked process does not wait for the callbacks of its parent."""
    script_ended = threading.Event()

    def stream(peer: Peer) -> None:
        peer.send("ACK")
        script_ended.wait(60)
        peer.send("1", "2")
        peer.close(1000)

    service.on_stream = stream
    with script(service, how) as process:
        assert process.stdout is not None
        for _ in range(ends):
            assert process.stdout.readline() == "end of script\n"
        script_ended.set()
        assert process.communicate(timeout=60) == ("1\n2\n", "")
        assert process.returncode == 0


def test_ctrl_c_ends_the_wait_for_callbacks(service: ScriptedService) -> None:
    service.on_stream = idle
    with script(service, "plain") as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "end of script\n"
        process.send_signal(signal.SIGINT)
        assert process.wait(30) is not None
