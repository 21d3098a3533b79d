"""Handling of long base64 values outside the JSON encoder and decoder, to avoid copies.

Python's JSON encoder and decoder copy every string. Circuits and arrays are base64 strings, which
need no escaping and make up most of a payload, so each is replaced by a short marker during
encoding and decoding.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

WORTHWHILE = 2**12  # characters; shorter values are encoded as usual
LONG = 2**18  # characters; shorter values are decoded as usual, which is as fast
_ROOM_FOR_KEY = 48
# The first quotation mark starts a string; inside a string, a backslash would precede it.
_KEY = re.compile(r'(?<!\\)"__value__"[ \t\r\n]*:[ \t\r\n]*"\Z')
# The marker of a long value in JSON. User strings are unlikely to look like it.
_MARK = '"\\u0000extract '
_OF_BASE64 = ("QuantumCircuit", "ndarray")
_MARKS = re.compile(r'(?<=")\\u0000extract (\d+)(?=")')


def _mark(number: int) -> str:
    return f"\0extract {number}"


@dataclass(frozen=True)
class Extract:
    """A part of a string that is read in pieces instead of copied."""

    text: str
    start: int
    end: int

    def __len__(self) -> int:
        return self.end - self.start

    def __str__(self) -> str:
        return self.text[self.start : self.end]

    def holds(self, text: str) -> bool:
        """Return whether the part contains a string."""
        return self.text.find(text, self.start, self.end) >= 0

    def piece(self, start: int, length: int) -> str:
        """Return a substring of the part."""
        start += self.start
        return self.text[start : min(start + length, self.end)]


def extract(payload: str) -> tuple[str, dict[Any, Extract]]:
    """Replace the long values of a payload by markers.

    Returns:
        The payload with markers, and the value of each marker. Values with escape sequences are
        not replaced. Invalid JSON remains invalid, except that line breaks in long values, which
        JSON forbids, are accepted.
    """
    kept: list[str] = []
    extracts: dict[Any, Extract] = {}
    done = 0
    # Each long value spans at least one of these positions.
    for place in range(LONG, len(payload), LONG):
        start = payload.rfind('"', max(done, place - LONG), place) + 1
        if not start or not _KEY.search(payload[max(0, start - _ROOM_FOR_KEY) : start]):
            continue
        end = payload.find('"', place)
        if end - start >= LONG and payload.find("\\", start, end) < 0:
            kept.append(payload[done : start - 1])
            kept.append(f"{_MARK}{len(extracts)}")
            extracts[_mark(len(extracts))] = Extract(payload, start, end)
            done = end
    if not extracts:
        return payload, {}
    text = "".join((*kept, payload[done:]))
    return (text, extracts) if text.count(_MARK) == len(extracts) else (payload, {})


class Insertions:
    """Long strings to insert into a payload after encoding."""

    def __init__(self) -> None:
        self._texts: list[str] = []

    def take_out(self, members: Any) -> Any:
        """Replace a long value among the members of a typed wrapper by a marker.

        Only circuits and arrays are replaced, whose values are base64 and need no escaping.
        """
        if not isinstance(members, dict) or members.get("__type__") not in _OF_BASE64:
            return members
        text = members["__value__"]
        if not isinstance(text, str) or len(text) < WORTHWHILE:
            return members
        self._texts.append(text)
        return {**members, "__value__": _mark(len(self._texts) - 1)}

    def put_in(self, written: str) -> str | None:
        """Insert the long values into an encoded payload.

        Returns ``None`` if the markers are ambiguous, because a user string looks like one or the
        encoder dropped one.
        """
        if not self._texts:
            return written
        parts = _MARKS.split(written)
        if [*map(int, parts[1::2])] != [*range(len(self._texts))]:
            return None
        parts[1::2] = self._texts
        return "".join(parts)
