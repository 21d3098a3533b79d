"""Long values of a payload, read where they stand.

Parsing JSON copies every text out of it, which holds a payload that is one array twice before its
numbers are there. The values of typed wrappers, base64 for the most part, are taken out before
parsing if they are long: a short mark stands for each, and its object is made from the payload.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

LONG = 2**18  # characters; shorter values are parsed as fast as they are looked for
_ROOM_FOR_KEY = 48
# The first quotation mark opens a text: inside one, it would have a backslash before it.
_KEY = re.compile(r'(?<!\\)"__value__"[ \t\r\n]*:[ \t\r\n]*"\Z')
# As JSON writes what stands for a long value; nobody's own text should look like it.
_MARK = '"\\u0000extract '


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
            extracts[f"\0extract {len(extracts)}"] = Extract(payload, start, end)
            done = end
    if not extracts:
        return payload, {}
    text = "".join((*kept, payload[done:]))
    return (text, extracts) if text.count(_MARK) == len(extracts) else (payload, {})
