"""Run the code of a page and compare what it prints with what the page shows.

    python -m tests.packaging.pages README.md docs/*.md

regenerates the outputs in pages. In a page,

- Python blocks run in order, in one namespace; a ``text`` block right after one is its output;
- ``<!-- setup ... -->`` holds code that runs but is not shown;
- ``<!-- not run: REASON -->`` before a block leaves it out;
- ``<!-- within 0.1 -->`` before an output says how far numbers may be off.
"""

from __future__ import annotations

import contextlib
import io
import math
import re
import sys
import textwrap
import warnings
from dataclasses import dataclass
from pathlib import Path

_BLOCK = re.compile(
    r"(?:<!-- setup\n(?P<setup>.*?)-->"
    r"|(?:<!-- not run: (?P<reason>[^\n]+) -->\n+)? *```python\n(?P<code>.*?)```"
    r"(?:\n+(?:<!-- within (?P<within>[\d.]+) -->\n+)?```text\n(?P<output>.*?)```)?)",
    re.DOTALL,
)
_NUMBER = re.compile(r"(?<![\w.])[-+]?\d+(?:\.\d*)?(?:e[-+]?\d+)?")
_MASKS = (
    (re.compile(r"\b(?=[a-z]*\d)[a-z0-9]{20}\b"), "ID"),
    (re.compile(r"127\.0\.0\.1:\d+"), "ADDRESS"),
    (re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d[\d.:+Z]*"), "MOMENT"),
    (re.compile(r"\d+(\.\d+)? (seconds|s|ms)\b"), "DURATION"),
)


@dataclass(frozen=True)
class Block:
    """A block of code in a page, and the output shown for it.

    Attributes:
        code: The code to run.
        output: The output shown, or ``None``.
        within: How far floating point numbers may be off.
        line: Line number of the block.
        span: Position of the output in the text of the page.
    """

    code: str
    output: str | None
    within: float
    line: int
    span: tuple[int, int]


def blocks(text: str) -> list[Block]:
    """Return the code blocks of a page to run."""
    found = []
    for match in _BLOCK.finditer(text):
        code = textwrap.dedent(match["setup"] or match["code"])
        if match["reason"] is None:
            line = text.count("\n", 0, match.start()) + 1
            within = float(match["within"] or 0.05)
            found.append(Block(code, match["output"], within, line, match.span("output")))
    return found


def run(page: Path) -> list[tuple[Block, str]]:
    """Run a page in the working directory; return each block with its output."""
    names = {"__name__": "__page__"}
    results = []
    for block in blocks(page.read_text(encoding="utf-8")):
        printed = io.StringIO()
        # Pad with newlines, so that a traceback shows the line of the page.
        code = compile("\n" * block.line + block.code, str(page), "exec")
        with contextlib.redirect_stdout(printed):
            exec(code, names)
        results.append((block, printed.getvalue()))
    return results


def masked(text: str) -> str:
    """Mask what differs between runs: IDs, ports, times and durations."""
    for mask, word in _MASKS:
        text = mask.sub(word, text)
    return text


def same(shown: str, printed: str, within: float) -> bool:
    """Return whether an output matches the one shown, up to IDs, times and shot noise."""
    shown, printed = masked(shown), masked(printed)
    if _NUMBER.sub("#", shown).split() != _NUMBER.sub("#", printed).split():
        return False
    pairs = zip(_NUMBER.findall(shown), _NUMBER.findall(printed))
    return all(_near(one, other, within) for one, other in pairs)


def _near(one: str, other: str, within: float) -> bool:
    if one == other:
        return True
    distance = abs(float(one) - float(other))
    if "." in one + other:
        return distance <= within
    # Counts may differ by five standard deviations of their difference.
    return float(one) >= 50 and distance <= 5 * math.sqrt(float(one) + float(other))


def write(page: Path) -> None:
    """Put the outputs of a run into a page."""
    text = page.read_text(encoding="utf-8")
    for block, printed in reversed(run(page)):
        if block.output is not None and masked(block.output).split() != masked(printed).split():
            start, end = block.span
            lines = "\n".join(line.rstrip() for line in printed.strip("\n").splitlines())
            text = text[:start] + lines + "\n" + text[end:]
            print(f"{page}: output of line {block.line} regenerated")
    page.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    warnings.simplefilter("ignore", DeprecationWarning)
    for name in sys.argv[1:]:
        write(Path(name))
