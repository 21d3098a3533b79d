"""The pure decisions behind streams and waits."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from qiskit.providers import JobStatus

from qiskit_ibm_runtime._jobs.record import JobState, conclusion, failure_text, read_state
from qiskit_ibm_runtime._jobs.waiting import PollSchedule
from qiskit_ibm_runtime.api.http.download import link_in
from qiskit_ibm_runtime.api.stream.job_stream import Reconnecting
from qiskit_ibm_runtime.exceptions import IBMError


def test_tries_nine_connections_with_the_documented_pauses() -> None:
    counting = Reconnecting()

    pauses = [counting.pause(0, acknowledged=True, jitter=0) for _ in range(9)]

    assert pauses == [0.5, 1, 2, 4, 8, 8, 8, 8, None]


def test_long_lived_connection_resets_the_count() -> None:
    counting = Reconnecting()
    for _ in range(5):
        counting.pause(0, acknowledged=True, jitter=0)

    assert counting.pause(6, acknowledged=True, jitter=0) == 0.5
    assert counting.pause(6, acknowledged=False, jitter=0) == 1


def test_limits_reconnects_of_a_healthy_stream() -> None:
    counting = Reconnecting()
    pauses = 0
    while counting.pause(60, acknowledged=True, jitter=0) is not None:
        pauses += 1

    assert pauses == 9_999


@given(st.integers(0, 10**6), st.booleans(), st.floats(0, 1))
def test_pauses_between_polls_stay_within_their_limits(
    polls: int, streaming: bool, jitter: float
) -> None:
    pause = PollSchedule().pause(polls, streaming=streaming, jitter=jitter)

    assert 0.075 <= pause <= (5.0 if streaming else 1.5)


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ({"status": "Queued"}, JobState(JobStatus.QUEUED)),
        ({"status": "running"}, JobState(JobStatus.RUNNING)),
        ({"status": "COMPLETED", "reason": ""}, JobState(JobStatus.DONE)),
        ({"status": "Failed", "reason": "Oh"}, JobState(JobStatus.ERROR, "Oh")),
        ({"status": "Cancelled", "reason": "by Me"}, JobState(JobStatus.CANCELLED, "by Me")),
        (
            {"status": "Cancelled", "reason": "Ran too long."},
            JobState(JobStatus.ERROR, "Ran too long.", ran_too_long=True),
        ),
        (
            {"status": "Cancelled - Ran too long"},
            JobState(JobStatus.ERROR, "", ran_too_long=True),
        ),
        (
            {"status": "Cancelled", "reason_code": 1305, "reason_solution": "Ask for less."},
            JobState(JobStatus.ERROR, "", True, 1305, "Ask for less."),
        ),
        ("Completed", JobState(JobStatus.DONE)),
    ],
)
def test_maps_service_states(state: object, expected: JobState) -> None:
    assert read_state({"id": "j1", "state": state}) == expected


def test_falls_back_to_the_old_status_field() -> None:
    assert read_state({"id": "j1", "status": "Running"}) == JobState(JobStatus.RUNNING)


@given(st.one_of(st.none(), st.text(), st.integers(), st.dictionaries(st.text(), st.text())))
def test_state_is_mapped_or_reported_as_unknown(state: object) -> None:
    error = None
    try:
        read = read_state({"id": "j1", "state": state})
        assert isinstance(read.status, JobStatus)
    except IBMError as exc:
        error = exc
    assert error is None or re.search("Unknown status .* of job j1", error.message, re.DOTALL)


def test_failure_message_starts_at_the_last_traceback() -> None:
    text = "noise\nTraceback one\nTraceback (most recent call last):\nValueError: boom\n"

    assert failure_text("j1", JobState(JobStatus.ERROR), text) == (
        "Job j1 has failed:\nTraceback (most recent call last):\nValueError: boom\n"
    )


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("Job j1 has failed:\nTraceback: x", ""),
        ("Job j1 has failed:\nOut of memory.", ""),
        (
            "Job j1 has failed:\nTraceback (most recent call last):\n  File\n\nV: a.b: c\nd",
            "V: a.b: c",
        ),
        (
            "Job j1 has failed:\nNo room.\nTraceback (most recent call last):\na.b.LimitError: x\n",
            "LimitError: x",
        ),
    ],
)
def test_failure_summary_is_the_last_line_of_its_traceback(message: str, expected: str) -> None:
    assert conclusion(message) == expected


def test_failure_message_starts_with_reason_code_and_advice() -> None:
    state = JobState(JobStatus.ERROR, "No memory.", False, 9999, "Use fewer shots.")

    assert failure_text("j1", state, "Traceback: x") == (
        "Job j1 has failed:\nNo memory. Error code 9999. Use fewer shots.\nTraceback: x"
    )


@pytest.mark.parametrize(
    ("text", "link"),
    [
        ('{"url": "https://elsewhere.example/x?sig=1"}', "https://elsewhere.example/x?sig=1"),
        ('{"url": 3}', None),
        ('{"url": "https://a", "more": 1}', None),
        ('{"a": {"url": "https://a"}}', None),
        ('["url"]', None),
        ('"url"', None),
        ("null", None),
        ("17", None),
        ('{"url": ', None),
        ("", None),
        ('{"url": "https://' + "a" * 20_000 + '"}', None),
    ],
)
def test_only_an_object_with_just_a_url_is_a_link(text: str, link: str | None) -> None:
    assert link_in(text) == link
