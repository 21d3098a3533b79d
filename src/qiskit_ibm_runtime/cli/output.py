"""What commands print: JSON for programs, tables for people."""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from rich.console import Console
    from rich.text import Text

Json = Annotated[bool, typer.Option("--json", help="Print JSON.", show_default=False)]

# Tables in a pipe are as wide as they need to be, so that nothing is cut off.
_WIDTH_OF_A_PIPE = 10_000
_is_busy = False  # one line of the terminal shows it
_STYLES = {
    **dict.fromkeys(("DONE", "active", "ok", "yes", "online"), "green"),
    **dict.fromkeys(("ERROR", "failed", "offline"), "red"),
    **dict.fromkeys(("CANCELLED", "warning", "paused", "internal"), "yellow"),
    **dict.fromkeys(("RUNNING", "QUEUED", "INITIALIZING"), "cyan"),
}


def printable(value: Any) -> str:
    """Return a string for a terminal: control characters that could steer it are escaped."""
    text = "" if value is None else str(value)
    return "".join(
        char if char.isprintable() or char in "\n\t" else repr(char)[1:-1] for char in text
    )


def print_json(data: Any) -> None:
    """Print data as JSON; what JSON lacks is encoded as jobs encode it."""
    from qiskit_ibm_runtime.utils.json import RuntimeEncoder

    sys.stdout.write(json.dumps(data, indent=2, cls=RuntimeEncoder) + "\n")


def print_text(text: str) -> None:
    """Print a string from elsewhere, such as a log."""
    shown = printable(text)
    sys.stdout.write(shown if shown.endswith("\n") or not shown else shown + "\n")


def print_table(columns: Mapping[str, str], rows: Iterable[Sequence[Any]]) -> None:
    """Print rows under headings.

    Args:
        columns: ``"left"`` or ``"right"`` by heading.
        rows: A cell for each column.
    """
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    console = _console()
    table = Table(box=SIMPLE_HEAD if console.is_terminal else None, header_style="bold")
    table.pad_edge = False
    for heading, side in columns.items():
        # A name that is folded can still be copied; one that is cut off cannot.
        table.add_column(heading, justify=side, overflow="fold")  # type: ignore[arg-type]
    for row in rows:
        table.add_row(*map(_cell, row))
    console.print(table)


def print_fields(fields: Mapping[str, Any]) -> None:
    """Print one thing, a field on each line; fields that are ``None`` are left out."""
    from rich.table import Table

    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    for name, value in fields.items():
        if value is not None:
            table.add_row(name, _cell(value))
    _console().print(table)


def say(text: str) -> None:
    """Tell a person something on standard error, where it disturbs no program."""
    sys.stderr.write(f"{printable(text)}\n")


@contextmanager
def busy(what: str) -> Iterator[None]:
    """Show on a terminal that something takes a while; within another wait, that one goes on."""
    global _is_busy
    from rich.console import Console

    console = Console(stderr=True)
    if _is_busy or not console.is_terminal:
        yield
        return
    _is_busy = True
    try:
        with console.status(what):
            yield
    finally:
        _is_busy = False


def moment(value: Any) -> str | None:
    """Return a time to the second, in local time."""
    if value is None or isinstance(value, str):
        return value
    return value.strftime("%Y-%m-%d %H:%M:%S") if isinstance(value, datetime) else str(value)


def _console() -> Console:
    from rich.console import Console

    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = _WIDTH_OF_A_PIPE
    return console


def _cell(value: Any) -> Text:
    from rich.text import Text

    if isinstance(value, bool):
        value = "yes" if value else "no"
    elif isinstance(value, float):
        value = f"{value:.3g}"
    elif isinstance(value, (list, tuple)):
        value = ", ".join(map(str, value))
    text = printable(value)
    return Text(text, style=_STYLES.get(text, ""))
