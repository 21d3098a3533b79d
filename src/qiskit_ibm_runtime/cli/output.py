"""Output of commands: JSON, tables and messages."""

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

# Wide enough that tables are never truncated in a pipe.
_PIPE_WIDTH = 10_000
_spinner_is_shown = False  # a terminal can show only one
_STYLES = {
    **dict.fromkeys(("DONE", "active", "ok", "yes", "online"), "green"),
    **dict.fromkeys(("ERROR", "failed", "offline"), "red"),
    **dict.fromkeys(("CANCELLED", "warning", "paused", "internal"), "yellow"),
    **dict.fromkeys(("RUNNING", "QUEUED", "INITIALIZING"), "cyan"),
}


def escape_control_characters(value: Any) -> str:
    """Convert a value to a string, escaping characters that could control the terminal."""
    text = "" if value is None else str(value)
    return "".join(
        char if char.isprintable() or char in "\n\t" else repr(char)[1:-1] for char in text
    )


def print_json(data: Any) -> None:
    """Print data as JSON, using the encoder of job inputs for other types."""
    from qiskit_ibm_runtime.utils.json import RuntimeEncoder

    sys.stdout.write(json.dumps(data, indent=2, cls=RuntimeEncoder) + "\n")


def print_text(text: str) -> None:
    """Print untrusted text, such as a log."""
    shown = escape_control_characters(text)
    sys.stdout.write(shown if shown.endswith("\n") or not shown else shown + "\n")


def print_table(columns: Mapping[str, str], rows: Iterable[Sequence[Any]]) -> None:
    """Print a table.

    Args:
        columns: Alignment of each column, ``"left"`` or ``"right"``, keyed by heading.
        rows: Rows with one value per column.
    """
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    console = _console()
    table = Table(box=SIMPLE_HEAD if console.is_terminal else None, header_style="bold")
    table.pad_edge = False
    for heading, side in columns.items():
        # Unlike truncated names, folded ones can still be copied.
        table.add_column(heading, justify=side, overflow="fold")  # type: ignore[arg-type]
    for row in rows:
        table.add_row(*map(_cell, row))
    console.print(table)


def print_fields(fields: Mapping[str, Any]) -> None:
    """Print one field per line, omitting those that are ``None``."""
    from rich.table import Table

    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    for name, value in fields.items():
        if value is not None:
            table.add_row(name, _cell(value))
    _console().print(table)


def print_message(text: str) -> None:
    """Print a message to standard error, keeping standard output free for data."""
    sys.stderr.write(f"{escape_control_characters(text)}\n")


@contextmanager
def spinner(label: str) -> Iterator[None]:
    """Show a spinner if standard error is a terminal, unless one is already shown."""
    global _spinner_is_shown
    from rich.console import Console

    console = Console(stderr=True)
    if _spinner_is_shown or not console.is_terminal:
        yield
        return
    _spinner_is_shown = True
    try:
        with console.status(label):
            yield
    finally:
        _spinner_is_shown = False


def local_time(value: Any) -> str | None:
    """Format a time in local time, with a resolution of one second."""
    if value is None or isinstance(value, str):
        return value
    return value.strftime("%Y-%m-%d %H:%M:%S") if isinstance(value, datetime) else str(value)


def _console() -> Console:
    from rich.console import Console

    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = _PIPE_WIDTH
    return console


def _cell(value: Any) -> Text:
    from rich.text import Text

    if isinstance(value, bool):
        value = "yes" if value else "no"
    elif isinstance(value, float):
        value = f"{value:.3g}"
    elif isinstance(value, (list, tuple)):
        value = ", ".join(map(str, value))
    text = escape_control_characters(value)
    return Text(text, style=_STYLES.get(text, ""))
