"""Long values of a payload: put in last when it is written, and read where they stand.

Python's JSON copies every text into what it writes by way of a quoted copy, and copies every text
out of what it reads. Circuits and arrays are texts of base64, which need no quoting and make up
nearly all of a payload: a short mark stands for each of them while JSON is at work.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

WORTHWHILE = 2**12  # characters from which on a value is put in last
LONG = 2**18  # characters; shorter values are parsed as fast as they are looked for
_ROOM_FOR_KEY = 48
# The first quotation mark opens a text: inside one, it would have a backslash before it.
_KEY = re.compile(r'(?<!\\)"__value__"[ \t\r\n]*:[ \t\r\n]*"\Z')
# As JSON writes what stands for a long value; nobody's own text should look like it.
_MARK = '"\\u0000extract '
_OF_BASE64 = ("QuantumCircuit", "ndarray")
_MARKS = re.compile(r'(?<=")\\u0000extract (\d+)(?=")')


def _mark(number: int) -> str:
    return f"\0extract {number}"


@dataclass(frozen=True)
class Extract:
    """A part of a text that is not copied out of it, but cut into pieces."""

    text: str
    start: int
    end: int

    def __len__(self) -> int:
        return self.end - self.start

    def __str__(self) -> str:
        return self.text[self.start : self.end]

    def holds(self, text: str) -> bool:
        """Return whether a text is somewhere in the part."""
        return self.text.find(text, self.start, self.end) >= 0

    def piece(self, start: int, length: int) -> str:
        """Return some characters of the part."""
        start += self.start
        return self.text[start : min(start + length, self.end)]


def extract(payload: str) -> tuple[str, dict[Any, Extract]]:
    """Take the long values out of a payload.

    Returns:
        The payload with marks in their places, and what each mark stands for. Text that is no JSON
        stays none; a value with anything escaped in it is left in its place, one with a line break
        in it, which JSON forbids, is taken.
    """
    kept: list[str] = []
    extracts: dict[Any, Extract] = {}
    done = 0
    # Whatever is long enough lies across one of these places, and begins shortly before the first.
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
    """Texts that are put into a payload after it was written."""

    def __init__(self) -> None:
        self._texts: list[str] = []

    def take_out(self, members: Any) -> Any:
        """Return the members of a typed wrapper with a mark in the place of a long value.

        Only circuits and arrays are looked at, whose values are base64 and need no quoting.
        """
        if not isinstance(members, dict) or members.get("__type__") not in _OF_BASE64:
            return members
        text = members["__value__"]
        if not isinstance(text, str) or len(text) < WORTHWHILE:
            return members
        self._texts.append(text)
        return {**members, "__value__": _mark(len(self._texts) - 1)}

    def put_in(self, written: str) -> str | None:
        """Return what was written with the texts in their places.

        ``None`` if it cannot be told where they belong, because a text of the user's looks like a
        mark or the encoder passed over one.
        """
        if not self._texts:
            return written
        parts = _MARKS.split(written)
        if [*map(int, parts[1::2])] != [*range(len(self._texts))]:
            return None
        parts[1::2] = self._texts
        return "".join(parts)
