"""Invalid responses: each is a correct result or one typed error."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from itertools import repeat

import pytest
from tests.wire.raw import answering

from qiskit_ibm_runtime.api.exceptions import ApiIBMProtocolError, RequestsApiError
from qiskit_ibm_runtime.api.http import answers
from qiskit_ibm_runtime.api.http.errors import parse, shortened
from qiskit_ibm_runtime.api.http.redaction import keep_secret
from qiskit_ibm_runtime.api.http.retry import RetryPolicy
from qiskit_ibm_runtime.api.rest.runtime import Runtime
from qiskit_ibm_runtime.api.session import RetrySession

OK = b"HTTP/1.1 200 OK\r\n"
BAD = b"HTTP/1.1 400 Bad\r\n"
TEXT = b'{"name": "value"}' * 500


def whole(body: bytes, *headers: bytes, status: bytes = OK) -> bytes:
    length = b"Content-Length: %d" % len(body)
    return status + b"\r\n".join([*headers, length, b"Connection: close"]) + b"\r\n\r\n" + body


def ask(answer: bytes, **policy: object) -> bytes:
    given = RetryPolicy(**{"total": 0, "budget": 5.0, **policy})  # type: ignore[arg-type]
    with answering(lambda _: [answer]) as base, RetrySession(base, policy=given) as session:
        return session.get("/jobs").content


RAW_DEFLATE = zlib.compressobj(wbits=-15)
UNWRAPPED = RAW_DEFLATE.compress(TEXT) + RAW_DEFLATE.flush()


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        (gzip.compress(TEXT), b"gzip"),
        (gzip.compress(TEXT[:100]) + gzip.compress(TEXT[100:]), b"x-gzip"),
        (zlib.compress(TEXT), b"deflate"),
        (UNWRAPPED, b"Deflate"),
        (TEXT, b"identity"),
    ],
    ids=["gzip", "two members", "zlib", "raw deflate", "identity"],
)
def test_decodes_every_accepted_encoding(body: bytes, encoding: bytes) -> None:
    assert ask(whole(body, b"Content-Encoding: " + encoding)) == TEXT


def test_skips_a_hundred_interim_responses() -> None:
    interim = b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n" * 50

    assert ask(interim + whole(TEXT)) == TEXT


def test_ignores_non_numeric_content_length() -> None:
    assert ask(OK + "Content-Length: ²\r\n\r\n{}".encode("latin-1")) == b"{}"


@pytest.mark.parametrize(
    "answer",
    [
        OK + b"Transfer-Encoding: chunked\r\n\r\n-5\r\n{}\r\n0\r\n\r\n",
        whole(b"", b"Location: http://[::1", status=b"HTTP/1.1 302 Found\r\n"),
        whole(b"", b"Location: http://\xff\xfe", status=b"HTTP/1.1 302 Found\r\n"),
        whole(b"", status=b"HTTP/1.1 302 Found\r\n"),
        whole(b"", status=b"HTTP/1.1 304 Not Modified\r\n"),
        whole(gzip.compress(TEXT)[:-20], b"Content-Encoding: gzip"),
        whole(zlib.compress(TEXT)[:-20], b"Content-Encoding: deflate"),
        whole(b"garbage", b"Content-Encoding: gzip"),
        whole(TEXT, b"Content-Encoding: br"),
        whole(gzip.compress(gzip.compress(TEXT)), b"Content-Encoding: gzip, gzip"),
        b"HTTP/1.1 100 Continue\r\n\r\n" * 200 + whole(TEXT),
        whole(b"x", b"Content-Type: text/plain; charset=undefined", status=BAD),
        whole(b"x", b"Content-Type: text/plain; charset=idna", status=BAD),
        whole(b"x", b"Content-Type: text/plain; charset=a\0b", status=BAD),
        whole(b"[" * 60_000, b"Content-Type: application/json", status=BAD),
        whole(b"x", b"Retry-After: Fri, 31 Dec 99999999999999999999 23:59:59 GMT", status=BAD),
        whole(b"x", b"Retry-After: Fri, 31 Dec 1999 23:59:59 +9999999999999999", status=BAD),
    ],
)
def test_bad_response_is_one_typed_error(answer: bytes) -> None:
    with pytest.raises(RequestsApiError) as caught:
        ask(answer)

    assert len(caught.value.message) < 20_000


@pytest.mark.parametrize("status", [OK, BAD])
def test_stops_inflating_a_bomb_early(status: bytes) -> None:
    compressor = zlib.compressobj(9, zlib.DEFLATED, 31)
    zeros = bytes(2**20)
    bomb = b"".join(compressor.compress(zeros) for _ in range(200)) + compressor.flush()
    with pytest.raises(RequestsApiError) as caught:
        ask(whole(bomb, b"Content-Encoding: gzip", status=status), total=5)

    assert caught.value.failure.attempts == 1


def test_limits_response_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "_PIECE", 1000)
    answer = OK + b"\r\n" + TEXT
    with answering(lambda _: [answer]) as base, RetrySession(base) as session:
        assert session.get("/", limit=len(TEXT)).content == TEXT  # type: ignore[call-arg]
        with pytest.raises(RequestsApiError, match="longer than"):
            session.get("/", limit=len(TEXT) - 1)  # type: ignore[call-arg]


@pytest.mark.parametrize(
    ("start", "piece"),
    [
        (b"", b"HTTP/1.1 103 Early Hints\r\nX: y\r\n"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n", b"X: y\r\n" * 100),
        (OK + b"\r\n", b" " * 10_000),
    ],
    ids=["headers", "trailer", "body"],
)
def test_endless_response_ends_within_the_budget(start: bytes, piece: bytes) -> None:
    def endless(_: bytes) -> Iterator[bytes]:
        yield start
        yield from repeat(piece)

    policy = RetryPolicy(total=0, budget=0.5)
    with answering(endless) as base:
        session = RetrySession(base, policy=policy, timeout=(0.5, 0.5))
        with session, pytest.raises(RequestsApiError) as caught:
            session.get("/jobs", limit=10**7)  # type: ignore[call-arg]

    assert caught.value.failure.elapsed < 10


def test_error_page_is_cleaned_in_linear_time() -> None:
    for page in ("<html>" + "<" * 2_000_000, "<html>" + "<title>" * 300_000, "[" * 10**6):
        assert len(parse(page).message) <= 4000
    assert parse("<!doctype html><title a=b>Sign on </title>").message == "Sign on"
    assert parse("<html><p>Not\n<b>here</b>").message == "Not here"


def test_truncation_never_shows_part_of_a_secret() -> None:
    secret = "planted-secret-of-some-length-0001"
    keep_secret(secret)
    for shift in range(40):
        for text in ("x" * (3990 - shift) + " " + f"{secret} " * 300, f"{secret} " * 250):
            assert "planted" not in shortened(text)


@pytest.mark.parametrize("header", ["X-Transaction-Id", "Uber-Trace-Id", None])
def test_secret_in_a_trace_id_is_redacted(header: str | None) -> None:
    secret = "planted-secret-in-a-trace-0002"
    keep_secret(secret)
    answer = (
        whole(b"{}", f"{header}: apikey {secret}".encode(), status=BAD)
        if header
        else whole(b'{"errors": [{"message": "no"}], "trace": "%s"}' % secret.encode(), status=BAD)
    )
    with pytest.raises(RequestsApiError) as caught:
        ask(answer)

    assert secret not in str(caught.value)
    assert secret not in repr(caught.value.failure)


@pytest.mark.parametrize("answer", ["[]", "{}", '"text"', "null", "3", '{"devices": [1]}'])
@pytest.mark.parametrize("call", ["backends", "jobs_get", "list_programs"])
def test_unexpected_json_is_a_typed_error_or_an_empty_list(call: str, answer: str) -> None:
    with answering(lambda _: [whole(answer.encode())]) as base, RetrySession(base) as session:
        if answer.startswith("{"):
            assert isinstance(getattr(Runtime(session), call)(), dict)
        else:
            with pytest.raises(ApiIBMProtocolError, match="instead of dict"):
                getattr(Runtime(session), call)()


def test_single_use_body_is_resent_completely() -> None:
    seen: list[bytes] = []

    def refuse_once(request: bytes) -> list[bytes]:
        seen.append(request.partition(b"\r\n\r\n")[2])
        status = b"HTTP/1.1 429 Too Many\r\n" if len(seen) == 1 else OK
        return [whole(b"{}", status=status)]

    with answering(refuse_once) as base, RetrySession(base) as session:
        session.post("/jobs", data=iter([b"a", b"bc"]))

    assert seen == [b"abc", b"abc"]
