"""Time zone conversion, and durations in words and seconds."""

from __future__ import annotations

import time
from datetime import datetime, timedelta, timezone

import pytest
from dateutil import tz
from hypothesis import given
from hypothesis import strategies as st

from qiskit_ibm_runtime.exceptions import IBMInputValueError
from qiskit_ibm_runtime.utils import (
    duration_difference,
    local_to_utc,
    seconds_to_duration,
    utc_to_local,
)
from qiskit_ibm_runtime.utils.converters import hms_to_seconds, utc_to_local_all

UTC = timezone.utc


@pytest.fixture
def in_tokyo(monkeypatch):
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2h", 7200),
        ("50m", 3000),
        ("20s", 20),
        ("1h 30m", 5400),
        ("3h 30m 30s", 12630),
        ("3h30m30s", 12630),
        ("3h 30s", 10830),
        ("40s 1h", 3640),
        ("1.5h", 5400),
        ("2H", 7200),
        (" 5 m ", 300),
        ("1:30:00", 5400),
        ("1:30", 5400),
        ("1.5s", 1),
        ("2 hours", 7200),
        ("1 hour", 3600),
        ("1 hour 30 minutes", 5400),
        ("1 Hour and 1 minute and 1 second", 3661),
        ("1hour30minutes", 5400),
        ("1h,30m", 5400),
        ("1h, 30m", 5400),
        ("40 seconds; 2 minutes", 160),
        ("1 h 30 m 20.5 s", 5420),
    ],
)
def test_reads_a_duration_in_any_order_with_words_or_letters(text, seconds):
    assert hms_to_seconds(text) == seconds


@pytest.mark.parametrize(
    "text",
    [
        *("2d", "24h", "60m", "60s", "2w", "", " ", "300", "90", "2020-01-01", "1h 1h", "-1h", "h"),
        *(
            "1",
            "1h30",
            "24:00:00",
            "24:00",
            "2 hrs",
            "90 minutes",
            "1 hour foo",
            "1h,,30m",
            "1h,",
            "and 1h",
            "1h 1 hour",
            "10 pm",
            "Monday",
            "9" * 400 + "h",
            "\N{ARABIC-INDIC DIGIT THREE}h",
        ),
        *("1e1h", 300, 1.5, None, ["1h"]),
    ],
)
def test_rejects_everything_else(text):
    with pytest.raises(IBMInputValueError, match=r"Bad time: .*2h 30m 40s"):
        hms_to_seconds(text, msg_prefix="Bad time: ")


@given(
    h=st.integers(0, 23), m=st.integers(0, 59), s=st.integers(0, 59), order=st.permutations("hms")
)
def test_whole_durations_round_trip(h, m, s, order):
    numbers = {"h": h, "m": m, "s": s}
    text = " ".join(f"{numbers[unit]}{unit}" for unit in order)

    assert hms_to_seconds(text) == 3600 * h + 60 * m + s


@given(text=st.text("0123456789hms.: -", max_size=12))
def test_any_string_is_a_duration_below_a_day_or_an_error(text):
    try:
        seconds = hms_to_seconds(text)
    except IBMInputValueError:
        return
    assert 0 <= seconds <= 86400


@pytest.mark.parametrize(
    ("seconds", "parts"),
    [
        (0, (0, 0, 0, 0, 0)),
        (0.0004, (0, 0, 0, 0, 1)),
        (0.035, (0, 0, 0, 0, 35)),
        (0.9999, (0, 0, 0, 1, 0)),
        (1.5, (0, 0, 0, 1, 0)),
        (60.25, (0, 0, 1, 0, 250)),
        (176523.25, (2, 1, 2, 3, 0)),
    ],
)
def test_seconds_are_split_into_units(seconds, parts):
    assert seconds_to_duration(seconds) == parts


@pytest.mark.parametrize(
    ("left", "words"),
    [
        (timedelta(days=2, hours=3, minutes=30), "2 days 3 hrs"),
        (timedelta(hours=3, minutes=5, seconds=30), "3 hrs 5 min"),
        (timedelta(minutes=5, seconds=3, milliseconds=500), "5 min 3 sec"),
        (timedelta(seconds=3, milliseconds=500), "3 sec"),
        (timedelta(), ""),
        (timedelta(days=-3), ""),
    ],
)
def test_remaining_time_uses_its_two_largest_units(left, words, monkeypatch):
    now = datetime(2023, 5, 1, 12, tzinfo=UTC)

    class Clock(datetime):
        @classmethod
        def now(cls, tz=None):
            return now.astimezone(tz)

    monkeypatch.setattr("qiskit_ibm_runtime.utils.converters.datetime", Clock)

    assert duration_difference(Clock.fromisoformat((now + left).isoformat())) == words


def test_naive_time_is_utc_when_received_and_local_when_sent(in_tokyo):
    noon = datetime(2023, 5, 1, 12)

    assert utc_to_local(noon) == datetime(2023, 5, 1, 12, tzinfo=UTC)
    assert utc_to_local("2023-05-01T12:00:00").hour == 21
    assert local_to_utc(noon) == datetime(2023, 5, 1, 3, tzinfo=UTC)
    assert local_to_utc("2023-05-01 12:00").utcoffset() == timedelta()


@given(hours=st.integers(-12, 14))
def test_honors_utc_offset(hours):
    moment = datetime(2023, 5, 1, 12, tzinfo=timezone(timedelta(hours=hours)))

    assert utc_to_local(moment) == moment == local_to_utc(moment)
    assert utc_to_local(moment.isoformat()) == moment == local_to_utc(moment.isoformat())


def test_returns_the_same_utc_object():
    moment = datetime(2023, 5, 1, tzinfo=tz.UTC)

    assert local_to_utc(moment) is moment


@pytest.mark.parametrize("convert", [utc_to_local, local_to_utc])
def test_rejects_non_time_values(convert):
    with pytest.raises(TypeError, match="12"):
        convert(12)


def test_converts_all_times_in_lists_and_dicts(in_tokyo):
    moment = datetime(2023, 5, 1, 12)
    data = {"a": [moment, {"b": moment}], "c": (moment,), "d": "2023-05-01"}

    converted = utc_to_local_all(data)

    assert [converted["a"][0].hour, converted["a"][1]["b"].hour] == [21, 21]
    assert converted["c"] == (moment,)
    assert converted["d"] == "2023-05-01"
    assert data["a"][0] == moment


@pytest.mark.parametrize("text", ["2023", "10", "May 2023", "12:30"])
def test_incomplete_date_warns_with_its_interpretation(text: str) -> None:
    with pytest.warns(UserWarning, match=rf"'{text}' is not a full date.*\d{{4}}-\d\d-") as w:
        local_to_utc(text)

    assert w[0].filename == __file__


@pytest.mark.parametrize("text", ["2023-05-01", "1 May 2023", "2023-05-01T12:00:00Z"])
def test_complete_date_does_not_warn(text: str) -> None:
    assert local_to_utc(text).year == 2023
