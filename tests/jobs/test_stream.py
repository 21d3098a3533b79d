"""Job streams: framing, faults, reconnecting, closing."""

from __future__ import annotations

import queue
import selectors
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest
from tests.jobs.scripted_service import (
    CLOSE,
    CONTINUATION,
    PING,
    PONG,
    TEXT,
    Peer,
    ScriptedService,
    frame_head,
)
from tests.threads import let_threads_start

from qiskit_ibm_runtime.api.clients import RuntimeWebsocketClient, WebsocketClientCloseCode
from qiskit_ibm_runtime.api.exceptions import (
    WebsocketAuthenticationError,
    WebsocketError,
    WebsocketTimeoutError,
)
from qiskit_ibm_runtime.api.stream import hub, job_stream

STREAM = "GET /stream/jobs/j1"


class Messages(queue.Queue[str]):
    def all(self) -> list[str]:
        return list(self.queue)


def client_of(service: ScriptedService, messages: Messages | None) -> RuntimeWebsocketClient:
    return RuntimeWebsocketClient(service.url, service.parameters(), "j1", messages)


def on_each_connection(*scripts: Callable[[Peer], None]) -> Callable[[Peer], None]:
    """Run one script per connection, and the last one for all later connections."""
    waiting: Iterator[Callable[[Peer], None]] = iter(scripts)
    lock = threading.Lock()

    def run(peer: Peer) -> None:
        with lock:
            script = next(waiting, scripts[-1])
        script(peer)

    return run


def replay(peer: Peer, *texts: str) -> None:
    peer.send("ACK", *texts)
    peer.close()


def test_delivers_messages_after_the_acknowledgment_in_order(
    service: ScriptedService,
) -> None:
    service.on_stream = lambda peer: replay(peer, "1", '"two"', "é")
    messages = Messages()
    client = client_of(service, messages)

    client.job_results()

    assert messages.all() == ["1", '"two"', "é"]
    assert not client.connected
    assert client._server_close_code == 1000
    assert service.asked(STREAM) == 1


def test_sends_credentials_in_the_handshake_and_nothing_after(
    service: ScriptedService,
) -> None:
    seen: queue.Queue[list[tuple[int, bytes]]] = queue.Queue()

    def script(peer: Peer) -> None:
        peer.send("ACK")
        peer.frame(CLOSE, b"\x03\xe8")
        seen.put(peer.until_gone())

    service.on_stream = script
    client_of(service, None).job_results()

    headers = service.peers[0].headers
    assert headers["x-access-token"] == "access-token"
    assert headers["sec-websocket-version"] == "13"
    assert "sec-websocket-protocol" not in headers
    assert "x-qx-client-application" not in headers
    assert seen.get(timeout=30) == [(CLOSE, b"\x03\xe8")]


def test_keeps_path_prefix_and_unusual_ids() -> None:
    with ScriptedService(prefix="/some/path") as service:
        service.on_stream = replay
        RuntimeWebsocketClient(
            service.url + "/", service.parameters(), "a/../b", None
        ).job_results()

        assert service.requests == ["GET /stream/jobs/a%2F..%2Fb"]


def test_joins_fragments_around_control_frames(
    service: ScriptedService,
) -> None:
    pongs: list[tuple[int, bytes]] = []

    def script(peer: Peer) -> None:
        peer.send("ACK")
        peer.frame(TEXT, b'{"a":', final=False)
        peer.frame(PING, b"are you there")
        pongs.append(peer.receive())
        peer.frame(PONG)
        # The two bytes of one letter come in two frames.
        peer.frame(CONTINUATION, '"é'.encode()[:2], final=False)
        peer.frame(CONTINUATION, '"é'.encode()[2:] + b'"}')
        peer.close()

    service.on_stream = script
    messages = Messages()
    client_of(service, messages).job_results()

    assert messages.all() == ['{"a":"é"}']
    assert pongs == [(PONG, b"are you there")]


def test_slow_frame_does_not_delay_other_streams(
    service: ScriptedService,
) -> None:
    other_done = threading.Event()

    def slow(peer: Peer) -> None:
        peer.send("ACK")
        for byte in b"\x81\x05":
            peer.sock.sendall(bytes([byte]))
        assert other_done.wait(30)
        for byte in b"slow!":
            peer.sock.sendall(bytes([byte]))
        peer.close()

    service.on_stream = slow
    slow_messages, messages = Messages(), Messages()
    slow_client = client_of(service, slow_messages)
    slow_client.follow()
    with ScriptedService() as other:
        other.on_stream = lambda peer: replay(peer, "fast")
        client_of(other, messages).job_results()
    other_done.set()

    assert slow_client.finished.wait(30)
    assert messages.all() == ["fast"]
    assert slow_messages.all() == ["slow!"]


@pytest.mark.parametrize(
    "fault",
    [
        lambda peer: peer.close(1011),
        lambda peer: peer.close(4001),
        lambda peer: peer.close(None),
        lambda _peer: None,
        lambda peer: peer.reset(),
        lambda peer: peer.sock.sendall(b"\xff\xff\xff garbage"),
        lambda peer: (peer.sock.sendall(b"\xff\xff a length and mask"), peer.until_gone()),
        lambda peer: peer.frame(TEXT, b"\xff\xfe"),
    ],
    ids=["1011", "4001", "no code", "hung up", "reset", "garbage", "garbage unended", "no utf-8"],
)
def test_messages_arrive_once_and_in_order_after_a_fault(
    service: ScriptedService, fast_streams: None, fault: Callable[[Peer], None]
) -> None:
    def broken(peer: Peer) -> None:
        peer.send("ACK", "0", "1")
        fault(peer)

    service.on_stream = on_each_connection(broken, lambda peer: replay(peer, "0", "1", "2", "3"))
    messages = Messages()
    client_of(service, messages).job_results()

    assert messages.all() == ["0", "1", "2", "3"]
    assert service.asked(STREAM) == 2


def test_loses_nothing_if_the_service_does_not_replay(
    service: ScriptedService, fast_streams: None
) -> None:
    def broken(peer: Peer) -> None:
        peer.send("ACK", "0", "1")
        peer.reset()

    service.on_stream = on_each_connection(broken, lambda peer: replay(peer, "2", "3"))
    messages = Messages()
    client_of(service, messages).job_results()

    assert messages.all() == ["0", "1", "2", "3"]


def test_shorter_replay_still_delivers_new_messages(
    service: ScriptedService, fast_streams: None
) -> None:
    def dies_at(count: int) -> Callable[[Peer], None]:
        def script(peer: Peer) -> None:
            peer.send("ACK", *map(str, range(count)))
            peer.reset()

        return script

    service.on_stream = on_each_connection(
        dies_at(3), dies_at(1), dies_at(4), lambda peer: replay(peer, *map(str, range(6)))
    )
    messages = Messages()
    client_of(service, messages).job_results()

    assert messages.all() == ["0", "1", "2", "3", "4", "5"]


def test_gives_up_after_nine_connections(service: ScriptedService, fast_streams: None) -> None:
    service.on_stream = lambda peer: peer.send("ACK", "a message resets no count")
    client = client_of(service, Messages())

    with pytest.raises(WebsocketError, match="Max retries exceeded"):
        client.job_results()

    assert service.asked(STREAM) == 9
    assert not client.connected


@pytest.mark.parametrize("status", [403, 404, 410, 501, 302])
def test_does_not_retry_a_permanent_refusal(service: ScriptedService, status: int) -> None:
    service.on_stream = status

    with pytest.raises(WebsocketError, match=f"HTTP status {status}"):
        client_of(service, None).job_results()

    assert service.asked(STREAM) == 1


def test_redirected_handshake_sends_no_credentials_to_another_host(
    service: ScriptedService,
) -> None:
    with ScriptedService() as other:
        service.on[STREAM] = lambda peer: peer.answer(
            302, headers=f"Location: {other.url}/stream/jobs/j1\r\n"
        )
        with pytest.raises(WebsocketError):
            client_of(service, None).job_results()

        assert other.requests == []


def test_retries_a_busy_service(service: ScriptedService, fast_streams: None) -> None:
    refusals = iter([503, 503])
    service.on_stream = lambda peer: replay(peer, "x")
    original = service._stream

    def sometimes(peer: Peer) -> bool:
        status = next(refusals, None)
        if status is None:
            return original(peer)
        peer.answer(status)
        return True

    service._stream = sometimes  # type: ignore[method-assign]
    messages = Messages()
    client_of(service, messages).job_results()

    assert messages.all() == ["x"]
    assert service.asked(STREAM) == 3


class Tokens:
    """A token source that counts logins."""

    def __init__(self) -> None:
        self.tokens = ["stale", "fresh"]
        self.renewed = 0

    def current(self) -> str:
        return self.tokens[min(self.renewed, 1)]

    def renew(self, stale: str) -> str:
        assert stale == self.current()
        self.renewed += 1
        return self.current()


def test_renews_expired_token_during_the_handshake(service: ScriptedService) -> None:
    original = service._stream

    def picky(peer: Peer) -> bool:
        if peer.headers["x-access-token"] == "fresh":
            return original(peer)
        peer.answer(401)
        return True

    service._stream = picky  # type: ignore[method-assign]
    service.on_stream = lambda peer: replay(peer, "x")
    messages, tokens = Messages(), Tokens()
    params = service.parameters()
    params.token_source = tokens
    RuntimeWebsocketClient(service.url, params, "j1", messages).job_results()

    assert messages.all() == ["x"]
    assert tokens.renewed == 1
    assert service.asked(STREAM) == 2


def test_token_rejected_twice_is_an_authentication_error(service: ScriptedService) -> None:
    service.on_stream = 401
    params = service.parameters()
    params.token_source = Tokens()

    with pytest.raises(WebsocketAuthenticationError) as caught:
        RuntimeWebsocketClient(service.url, params, "j1", None).job_results()

    assert "fresh" not in str(caught.value)
    assert service.asked(STREAM) == 2


def test_pings_a_silent_server_and_disconnects_without_a_pong(
    service: ScriptedService, fast_streams: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_stream, "PING_TIMEOUT", 10.0)
    frames: queue.Queue[list[tuple[int, bytes]]] = queue.Queue()

    def silent(peer: Peer) -> None:
        peer.send("ACK")
        frames.put(peer.until_gone())

    service.on_stream = on_each_connection(silent, replay)
    client_of(service, None).job_results()

    assert frames.get(timeout=30) == [(PING, b"")]
    assert service.asked(STREAM) == 2


def test_slow_message_does_not_count_as_silence(
    service: ScriptedService, fast_streams: None
) -> None:
    def slow(peer: Peer) -> None:
        peer.send("ACK")
        peer.sock.sendall(frame_head(TEXT, 3))
        for byte in b"now":
            # Forty seconds on the fast clock.
            threading.Event().wait(40 / 200)
            peer.sock.sendall(bytes([byte]))
        peer.close()

    service.on_stream = slow
    messages = Messages()
    client_of(service, messages).job_results()

    assert messages.all() == ["now"]
    assert service.asked(STREAM) == 1


def test_waits_for_a_server_that_answers_pings(
    service: ScriptedService, fast_streams: None
) -> None:
    def patient(peer: Peer) -> None:
        peer.send("ACK")
        for _ in range(3):
            assert peer.receive() == (PING, b"")
            peer.frame(PONG)
        peer.send("at last")
        peer.close()

    service.on_stream = patient
    messages = Messages()
    client_of(service, messages).job_results()

    assert messages.all() == ["at last"]
    assert service.asked(STREAM) == 1


@pytest.mark.parametrize("moment", ["before", "connecting", "open", "pause"])
def test_disconnect_works_at_any_time(service: ScriptedService, moment: str) -> None:
    reached, go_on = threading.Event(), threading.Event()

    def wait_here(peer: Peer) -> None:
        reached.set()
        go_on.wait(30)

    def hang_up(peer: Peer) -> None:
        reached.set()

    service.on_stream = {"open": wait_here, "pause": hang_up}.get(moment, wait_here)
    if moment == "connecting":
        service.on[STREAM] = wait_here
    client = client_of(service, Messages())
    if moment != "before":
        client.follow()
        assert reached.wait(30)
    client.disconnect(WebsocketClientCloseCode.CANCEL)
    if moment == "before":
        client.follow()

    assert client.finished.wait(30)
    go_on.set()
    assert not client.connected
    assert client.succeeded
    assert service.asked(STREAM) == (0 if moment == "before" else 1)


def test_disconnect_reason_reaches_the_reader(service: ScriptedService) -> None:
    opened = threading.Event()
    service.on_stream = lambda peer: (peer.send("ACK"), opened.set(), peer.until_gone())  # type: ignore[assignment]
    client = client_of(service, None)
    threading.Thread(
        target=lambda: (opened.wait(30), client.disconnect(WebsocketClientCloseCode.TIMEOUT)),
        daemon=True,
    ).start()

    with pytest.raises(WebsocketTimeoutError):
        client.job_results()


def test_waiting_does_not_download_the_result_twice(service: ScriptedService) -> None:
    sent = threading.Event()

    def script(peer: Peer) -> None:
        peer.send("ACK")
        # The header of a 40 MB frame whose payload never arrives.
        peer.sock.sendall(b"\x81\x7f" + (40_000_000).to_bytes(8, "big") + b"[")
        peer.until_gone()
        sent.set()

    service.on_stream = script
    client = client_of(service, None)
    client.job_results()

    assert client.succeeded
    assert sent.wait(30)


def test_two_hundred_streams_share_one_reader_thread(
    service: ScriptedService,
) -> None:
    everybody = threading.Barrier(201)

    def script(peer: Peer) -> None:
        peer.send("ACK")
        everybody.wait(60)
        peer.send("done")
        peer.close()

    service.on_stream = script
    messages = Messages()
    clients = [client_of(service, messages) for _ in range(200)]
    ours_before = our_threads()
    most = 0
    for client in clients:
        client.follow()
        most = max(most, len(our_threads() - ours_before))
    everybody.wait(60)
    most = max(most, len(our_threads() - ours_before))

    assert all(client.finished.wait(30) for client in clients)
    # Each thread that connects or reads counts; those of the scripted service do not.
    assert most <= 5
    assert messages.all() == ["done"] * 200


def our_threads() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.name.startswith("job-")}


def test_no_thread_remains_after_all_streams_end(service: ScriptedService) -> None:
    service.on_stream = replay
    client_of(service, None).job_results()

    for thread in our_threads():
        thread.join(30)
    assert not our_threads()


def test_stream_that_cannot_start_does_not_affect_the_next(
    service: ScriptedService, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.on_stream = replay
    with monkeypatch.context() as patch:
        patch.setattr(hub, "HUB", hub.StreamHub())
        let_threads_start(patch, False, name="job-streams")
        with pytest.raises(WebsocketError, match="could not be started: can't start new thread"):
            client_of(service, None).job_results()

    client_of(service, None).job_results()


def test_running_out_of_file_descriptors_does_not_affect_later_streams(
    service: ScriptedService, monkeypatch: pytest.MonkeyPatch
) -> None:
    def exhausted() -> None:
        raise OSError(24, "Too many open files")

    service.on_stream = replay
    for place, name in ((selectors, "DefaultSelector"), (socket, "socketpair")):
        with monkeypatch.context() as patch:
            patch.setattr(hub, "HUB", hub.StreamHub())
            patch.setattr(place, name, exhausted)
            with pytest.raises(WebsocketError):
                client_of(service, None).job_results()

    client_of(service, None).job_results()


def test_connection_waits_if_no_thread_can_start(
    service: ScriptedService, monkeypatch: pytest.MonkeyPatch, fast_streams: None
) -> None:
    service.on_stream = lambda peer: replay(peer, "1")
    let_threads_start(monkeypatch, False, True, name="job-connect")
    messages = Messages()

    client_of(service, messages).job_results()

    assert list(messages.queue) == ["1"]


@pytest.mark.parametrize("read", [True, False], ids=["read", "unread"])
def test_endless_message_ends_the_stream(
    service: ScriptedService, monkeypatch: pytest.MonkeyPatch, read: bool
) -> None:
    monkeypatch.setattr(job_stream, "LONGEST_MESSAGE", 10**6)

    def endless(peer: Peer) -> None:
        peer.send("ACK")
        peer.frame(TEXT, b"x" * 10_000, final=False)
        with suppress(OSError):
            while True:
                peer.frame(CONTINUATION, b"x" * 10_000, final=False)

    service.on_stream = endless
    client = client_of(service, Messages() if read else None)
    if read:
        with pytest.raises(WebsocketError, match="longer than 1000000 bytes"):
            client.job_results()
    else:
        client.job_results()

    assert service.asked(STREAM) == 1
