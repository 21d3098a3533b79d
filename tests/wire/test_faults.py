"""Fault injection in the embedded runtime."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import pytest
import requests
import websocket
from tests.wire.standin import running

from qiskit_ibm_runtime.testing.faults import (
    GARBAGE,
    Fault,
    FaultError,
    FaultMiddleware,
    Faults,
)


def ask(service: Any, method: str = "GET", path: str = "/echo", **options: Any) -> Any:
    return requests.request(method, service.base + path, timeout=30, **options)


def test_status_with_retry_after(service: Any) -> None:
    service.fail(Fault("status", status=503, retry_after=2.5))
    answer = ask(service)

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2.5")
    assert answer.json()["errors"][0]["message"] == "Injected fault: status 503."


@pytest.mark.parametrize("kind", ["status", "reset"])
@pytest.mark.parametrize(("when", "jobs"), [("before", 0), ("after", 1)])
def test_fails_before_or_after_the_request_is_handled(
    service: Any, kind: Any, when: Any, jobs: int
) -> None:
    service.fail(Fault(kind, when=when))
    headers = {"X-Access-Token": service.access_token}
    body = {"program_id": "p", "params": {}}
    try:
        status = ask(service, "POST", "/runtime/jobs", json=body, headers=headers).status_code
    except requests.ConnectionError:
        status = None

    assert status == (500 if kind == "status" else None)
    assert len(service.jobs) == jobs


def test_reset_truncates_the_response(service: Any) -> None:
    service.stored = b"x" * 100_000
    service.fail(Fault("reset", when="while"))
    answer = ask(service, path="/stored", stream=True)

    assert answer.status_code == 200
    with pytest.raises(requests.RequestException):
        assert answer.content


def test_slow_sends_the_response_in_chunks(service: Any) -> None:
    service.fail(Fault("slow", size=3, seconds=0))

    assert ask(service, path="/stored").content == service.stored


def test_silence_ends_with_a_reset(service: Any) -> None:
    service.fail(Fault("silence", seconds=0.05))
    with pytest.raises(requests.ConnectionError):
        ask(service)


def test_latency_only_delays(service: Any) -> None:
    service.fail(Fault("latency", seconds=0.01))

    assert ask(service).json()["query"] == ""
    assert service.faults.done == [("latency", "GET", "/echo")]


def test_expired_token_is_rejected_until_the_next_login(service: Any) -> None:
    service.fail(Fault("expire", path="/backends", times=1))
    headers = {"X-Access-Token": service.access_token}
    assert ask(service, path="/runtime/backends", headers=headers).status_code == 401

    login = {"apiToken": service.api_token}
    token = ask(service, "POST", "/api/users/loginWithToken", json=login).json()["id"]
    headers = {"X-Access-Token": token}
    assert ask(service, path="/runtime/backends", headers=headers).status_code == 200


def test_hits_only_matching_requests(service: Any) -> None:
    service.fail(Fault("status", method="post", path="^/ec"))

    assert ask(service).status_code == 200
    assert ask(service, "POST", "/stored").status_code == 405
    assert ask(service, "POST").status_code == 500


def test_hits_requests_by_number_and_a_limited_number_of_times(service: Any) -> None:
    service.fail(Fault("status", nth=[2, 4, 5], times=2))

    assert [ask(service).status_code for _ in range(6)] == [200, 500, 200, 500, 200, 200]


def test_injects_the_first_matching_fault(service: Any) -> None:
    service.fail(Fault("status", status=501, nth=[1]), Fault("status", status=502))

    assert [ask(service).status_code for _ in range(2)] == [501, 502]


def chosen(faults: Faults, count: int = 400) -> list[bool]:
    return [faults.choose("http", "GET", "/") is not None for _ in range(count)]


def test_equal_seeds_make_equal_choices() -> None:
    fault = Fault("reset", rate=0.3)

    assert chosen(Faults([fault], seed=5)) == chosen(Faults([fault], seed=5))
    assert chosen(Faults([fault], seed=5)) != chosen(Faults([fault], seed=6))


@pytest.mark.parametrize("rate", [0.0, 0.1, 0.5, 1.0])
def test_rate_is_respected(rate: float) -> None:
    """400 draws: five standard deviations on either side."""
    hits = sum(chosen(Faults([Fault("reset", rate=rate)])))
    assert abs(hits - 400 * rate) <= 5 * (400 * rate * (1 - rate)) ** 0.5


@pytest.mark.parametrize(
    "description",
    [
        {"kind": "earthquake"},
        {"kind": "reset", "when": "tomorrow"},
        {"kind": "reset", "rate": 2},
        {"kind": "slow", "size": 0},
        {"kind": "reset", "path": "("},
    ],
    ids=str,
)
def test_rejects_invalid_fault(description: dict[str, Any]) -> None:
    with pytest.raises(FaultError):
        Fault(**description)


async def _stream(scope: Any, receive: Any, send: Any) -> None:
    """A stream of two messages, as a job has."""
    await receive()
    await send({"type": "websocket.accept"})
    for text in ("ACK", "one", "two"):
        await send({"type": "websocket.send", "text": text})
    await send({"type": "websocket.close", "code": 1000})


@pytest.fixture
def stream() -> Iterator[Any]:
    """Read the stream under a fault; gives the messages and how it ended."""
    faults = Faults()
    with running(FaultMiddleware(_stream, faults)) as base:

        def read(fault: Fault | None = None) -> tuple[list[str], Any]:
            faults.replace([fault] if fault else [])
            texts: list[str] = []
            try:
                client = websocket.create_connection(base.replace("http", "ws", 1), timeout=30)
            except websocket.WebSocketBadStatusException as exc:
                return texts, exc.status_code
            except (OSError, websocket.WebSocketException):
                return texts, "refused"
            try:
                while True:
                    opcode, data = client.recv_data()
                    if opcode == websocket.ABNF.OPCODE_CLOSE:
                        return texts, int.from_bytes(data[:2], "big")
                    texts.append(data.decode())
            except (OSError, websocket.WebSocketException):
                return texts, "broken"
            finally:
                client.shutdown()

        yield read


@pytest.mark.parametrize(
    ("fault", "texts", "end"),
    [
        (None, ["ACK", "one", "two"], 1000),
        (Fault("status"), ["ACK", "one", "two"], 1000),
        (Fault("latency", seconds=0.01), ["ACK", "one", "two"], 1000),
        (Fault("refuse", status=503), [], 503),
        (Fault("reset"), [], "refused"),
        (Fault("drop"), ["ACK"], 1011),
        (Fault("drop", messages=1, close_code=4001), ["ACK", "one"], 4001),
        (Fault("drop", messages=1, close_code=0), ["ACK", "one"], "broken"),
        (Fault("silence", seconds=0.05), ["ACK"], "broken"),
        (Fault("garbage", messages=1), ["ACK", "one", GARBAGE], 1000),
        (Fault("garbage"), ["ACK", GARBAGE, GARBAGE], 1000),
    ],
    ids=lambda value: f"{value.kind}-{value.messages}" if isinstance(value, Fault) else None,
)
def test_injects_faults_into_streams(
    stream: Any, fault: Fault | None, texts: list[str], end: Any
) -> None:
    assert stream(fault) == (texts, end)


def test_reset_requires_the_outermost_middleware() -> None:
    import asyncio

    async def send(message: Any) -> None:
        raise AssertionError("Nothing is sent.")

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def go() -> None:
        middleware = FaultMiddleware(_stream, Faults([Fault("reset")]))
        await middleware({"type": "http", "method": "GET", "path": "/"}, receive, send)

    with pytest.raises(FaultError, match="outermost"):
        asyncio.run(go())


def test_tests_use_plain_sockets() -> None:
    """SO_LINGER, by which a connection is reset, exists here."""
    assert hasattr(socket, "SO_LINGER")
