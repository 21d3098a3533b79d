"""Which failed requests are retried, and when."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qiskit_ibm_runtime.api.exceptions import RequestsApiError
from qiskit_ibm_runtime.api.http.retry import (
    STATUSES,
    Attempt,
    Fault,
    RetryPolicy,
    retry_after_seconds,
    without_waiting,
)
from qiskit_ibm_runtime.api.session import STATUS_FORCELIST, RetrySession
from qiskit_ibm_runtime.testing import faults

POLICY = RetryPolicy()

attempts = st.builds(
    Attempt,
    harmless=st.booleans(),
    number=st.integers(1, 100),
    elapsed=st.floats(0, 1000),
    status=st.one_of(
        st.none(), st.sampled_from([400, 401, 404, 408, 409, 413, 425, 429, 500, 503])
    ),
    fault=st.none(),
    retry_after=st.one_of(st.none(), st.floats(0, 10_000)),
)


def test_pauses_follow_0_9_3() -> None:
    pauses = [
        POLICY.pause(Attempt(harmless=True, number=number, status=500), jitter=0.0)
        for number in range(1, 7)
    ]

    assert pauses == [0, 1, 2, 4, 8, None]


@pytest.mark.parametrize("status", STATUS_FORCELIST)
def test_retries_0_9_3_statuses_where_safe(status: int) -> None:
    assert status in STATUSES
    assert POLICY.pause(Attempt(harmless=True, number=1, status=status), 0.0) is not None


@pytest.mark.parametrize("status", sorted(STATUSES - {503}))
def test_unsafe_request_is_not_retried_after_an_inconclusive_response(
    status: int,
) -> None:
    attempt = Attempt(harmless=False, number=1, status=status)

    assert POLICY.pause(attempt, 0.0) is None
    assert attempt.uncertain


@pytest.mark.parametrize("harmless", [True, False])
@pytest.mark.parametrize("status", [429, 503])
def test_rejection_is_retried_for_every_request(status: int, harmless: bool) -> None:
    attempt = Attempt(harmless=harmless, number=1, status=status, retry_after=3.0)

    assert POLICY.pause(attempt, 0.5) == 3.0
    assert not attempt.uncertain


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 413, 501])
def test_other_statuses_are_final(status: int) -> None:
    assert POLICY.pause(Attempt(harmless=True, number=1, status=status), 0.0) is None


@pytest.mark.parametrize(
    ("fault", "harmless", "repetitions"),
    [
        (Fault.NEVER_SENT, True, 3),
        (Fault.NEVER_SENT, False, 3),
        (Fault.LOST, True, 5),
        (Fault.LOST, False, 0),
        (Fault.HOPELESS, True, 0),
    ],
)
def test_classifies_connection_faults(fault: Fault, harmless: bool, repetitions: int) -> None:
    number = 1
    while POLICY.pause(Attempt(harmless=harmless, number=number, fault=fault), 0.0) is not None:
        number += 1

    assert number - 1 == repetitions


@given(attempts, st.floats(0, 1))
def test_no_decision_exceeds_a_limit(attempt: Attempt, jitter: float) -> None:
    pause = POLICY.pause(attempt, jitter)
    if pause is None:
        return
    assert attempt.number <= POLICY.total
    assert pause >= 0
    assert attempt.elapsed + pause < POLICY.budget
    if attempt.retry_after is not None:
        assert pause == attempt.retry_after
    else:
        assert pause <= POLICY.longest


@given(st.integers(2, 60), st.floats(0, 1))
def test_jitter_shortens_a_pause_by_at_most_a_quarter(number: int, jitter: float) -> None:
    attempt = Attempt(harmless=True, number=number, status=500)
    full = POLICY.backoff(attempt, 0.0)

    assert full * 0.75 <= POLICY.backoff(attempt, jitter) <= full


def test_retry_after_beyond_the_budget_ends_the_request() -> None:
    assert POLICY.pause(Attempt(harmless=True, number=1, status=429, retry_after=301), 0.0) is None


NOW = datetime(2026, 1, 1, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("", None),
        ("3", 3.0),
        ("0.5", 0.5),
        ("-1", None),
        ("inf", None),
        ("nan", None),
        (format_datetime(NOW + timedelta(seconds=90), usegmt=True), 90.0),
        (format_datetime(NOW - timedelta(seconds=90), usegmt=True), 0.0),
        ("Thu, 01 Jan 2026 00:00:05 -0000", 5.0),
        ("soon", None),
    ],
)
def test_parses_retry_after(value: str | None, seconds: float | None) -> None:
    assert retry_after_seconds(value, NOW) == seconds


@given(st.text())
def test_any_retry_after_value_is_handled(value: str) -> None:
    seconds = retry_after_seconds(value, NOW)
    assert seconds is None or seconds >= 0


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("status", [429, 503])
def test_honors_announced_pauses(
    service: Any, pauses: list[float], method: str, status: int
) -> None:
    service.fail(faults.Fault("status", status=status, retry_after=2, times=3))
    with RetrySession(service.base) as session:
        session.request(method, "/echo")

    assert pauses == [2.0] * 3
    assert len(service.seen) == 4


@pytest.mark.parametrize(
    ("method", "options", "times"),
    [
        ("GET", {}, 6),
        ("PUT", {}, 6),
        ("DELETE", {}, 6),
        ("POST", {}, 1),
        ("PATCH", {}, 1),
        ("POST", {"idempotent": True}, 6),
        ("GET", {"idempotent": False}, 1),
    ],
)
@pytest.mark.parametrize("how", [{"kind": "status", "status": 502}, {"kind": "reset"}])
def test_limits_attempts_per_request(
    service: Any, method: str, options: dict[str, Any], times: int, how: dict[str, Any]
) -> None:
    service.fail(faults.Fault(**how))
    with RetrySession(service.base) as session, pytest.raises(RequestsApiError) as caught:
        session.request(method, "/echo", **options)

    assert len(service.seen) == times
    assert caught.value.failure.attempts == times
    assert caught.value.failure.uncertain


def test_pauses_count_against_the_budget_of_a_request(service: Any) -> None:
    service.fail(faults.Fault("status", status=503, retry_after=100))
    with RetrySession(service.base) as session, pytest.raises(RequestsApiError) as caught:
        session.get("/echo")

    assert len(service.seen) == 3
    assert caught.value.failure.elapsed == pytest.approx(200, abs=20)


def test_failed_connection_is_tried_four_times(pauses: list[float]) -> None:
    with RetrySession("http://127.0.0.1:1") as session, pytest.raises(RequestsApiError) as caught:
        session.post("/jobs")

    assert caught.value.failure.attempts == 4
    assert len(pauses) == 3


def test_without_waiting_ends_with_its_block(pauses: list[float]) -> None:
    with without_waiting() as inner, without_waiting() as innermost:
        pass
    with RetrySession("http://127.0.0.1:1") as session, pytest.raises(RequestsApiError):
        session.get("/jobs")

    assert inner == innermost == []
    assert len(pauses) == 3
