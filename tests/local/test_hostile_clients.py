"""Clients that send no request, an incomplete one, or an endless one."""

from __future__ import annotations

import contextlib
import errno
import logging
import socket
from collections.abc import Callable, Iterator

import pytest

from qiskit_ibm_runtime.local.serving import server as uvicorn_server
from qiskit_ibm_runtime.testing.faults import Fault, Faults
from qiskit_ibm_runtime.testing.servers import BackgroundServer, LoopThread

from .conftest import Client, quantum_client

HEAD = b"POST /jobs HTTP/1.1\r\nHost: localhost\r\n"
ENDLESS = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
HALF = {
    "nothing": b"",
    "half a head": HEAD,
    "half a body": HEAD.replace(b"/jobs", b"/identity/token") + b"Content-Length: 9\r\n\r\nx",
    "a refused body": HEAD + b"Content-Length: 9\r\n\r\nx",
}


@contextlib.contextmanager
def connected(server: BackgroundServer) -> Iterator[socket.socket]:
    port = int(server.url.rsplit(":", 1)[1])
    with socket.create_connection(("127.0.0.1", port), timeout=30) as client:
        yield client


def until(client: socket.socket, words: bytes) -> None:
    """Read until the given words have arrived."""
    found = b""
    while words not in found:
        piece = client.recv(2**16)
        assert piece, f"{words!r} did not come, but {found!r}"
        found += piece


def read_to_end(client: socket.socket) -> bytes:
    found = b""
    with contextlib.suppress(ConnectionError):
        while data := client.recv(2**16):
            found += data
    return found


@pytest.fixture
def short_timeouts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uvicorn_server, "_REQUEST_SECONDS", 0.2)
    monkeypatch.setattr(uvicorn_server, "_SLOWEST", 1e6)


@pytest.mark.parametrize("data", HALF.values(), ids=HALF.keys())
@pytest.mark.usefixtures("short_timeouts")
def test_closes_connection_with_incomplete_request(data: bytes, server: BackgroundServer) -> None:
    with connected(server) as client:
        client.sendall(data)
        answer = read_to_end(client)

    assert answer[:12] in (b"", b"HTTP/1.1 401")


@pytest.mark.usefixtures("short_timeouts")
def test_closes_connection_with_slow_request(server: BackgroundServer) -> None:
    sent = 0
    with connected(server) as client, contextlib.suppress(ConnectionError):
        client.settimeout(0.01)
        for byte in HEAD + b"X-Long: " + b"x" * 10_000:
            client.sendall(bytes([byte]))
            sent += 1
            with contextlib.suppress(socket.timeout):
                if client.recv(1) == b"":
                    break

    assert sent < 1_000


def test_client_waiting_for_its_response_is_not_disconnected(
    serve: Callable[..., BackgroundServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The request may take 1.9 seconds, which is enough on a busy machine, and the answer more."""
    monkeypatch.setattr(uvicorn_server, "_REQUEST_SECONDS", 0.2)
    monkeypatch.setattr(uvicorn_server, "_SLOWEST", 3e5)
    slow = Faults([Fault("latency", path="/jobs", method="POST", seconds=2.5)])

    assert quantum_client(serve(faults=slow)).post({"x": "y" * 500_000}).status_code == 200


def test_reads_rest_of_a_rejected_body_up_to_a_limit(
    server: BackgroundServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uvicorn_server, "_LARGEST_DISCARDED", 2**20)
    piece = b"10000\r\n" + b"x" * 2**16 + b"\r\n"

    with connected(server) as client:
        client.sendall(ENDLESS + 4 * piece)
        until(client, b"HTTP/1.1 401")
        client.sendall(4 * piece + b"0\r\n\r\nGET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
        until(client, b"200 OK")
        client.sendall(ENDLESS)
        with pytest.raises(ConnectionError):
            client.sendall(10_000 * piece)


def test_closes_idle_connections_to_accept_new_ones(
    server: BackgroundServer, alice: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uvicorn_server, "most_connections", lambda: 4)
    with contextlib.ExitStack() as stack:
        idle = [stack.enter_context(connected(server)) for _ in range(20)]
        for client in idle:
            client.sendall(HEAD)

        assert alice("GET", "/jobs").status_code == 200

        assert read_to_end(idle[0]) == b""
        idle[-1].sendall(b"\r\n")
        until(idle[-1], b"HTTP/1.1 401")


def test_logs_lack_of_descriptors_once(
    server: BackgroundServer, thread: LoopThread, caplog: pytest.LogCaptureFixture
) -> None:
    context = {
        "message": "socket.accept() out of system resource",
        "exception": OSError(errno.EMFILE, "Too many open files"),
    }

    with caplog.at_level(logging.WARNING):
        for _ in range(100):
            thread.loop.call_soon_threadsafe(thread.loop.call_exception_handler, context)
        thread.run(_nothing())

    assert len(caplog.records) == 1
    assert "descriptor" in caplog.text


async def _nothing() -> None:
    """Let the event loop run once."""
