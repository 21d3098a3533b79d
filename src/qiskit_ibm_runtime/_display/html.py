"""HTML for notebooks: escaped, without scripts, readable on light and on dark pages.

Notebooks drop style sheets when they are shown elsewhere, so styles stand at the elements; and
lines are half-transparent, because nobody tells the color of the page.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_LINE = "rgba(128,128,128,.35)"
_BOX = f"border:1px solid {_LINE};border-radius:6px;padding:.6em .9em;display:inline-block"
_PLAIN = "text-align:left;vertical-align:top;background:none;border:none"
_CELL = f"{_PLAIN};padding:.15em 1em .15em 0"
_ROW_CELL = f"{_PLAIN};padding:.25em 1em .25em 0;border-bottom:1px solid {_LINE}"
# Readable on white and on black.
_COLORS = {
    **dict.fromkeys(("DONE", "open"), "#2a9d5c"),
    **dict.fromkeys(("ERROR",), "#e5484d"),
    **dict.fromkeys(("CANCELLED", "closed"), "#c98a00"),
    **dict.fromkeys(("RUNNING", "QUEUED", "VALIDATING", "INITIALIZING"), "#3b8fe0"),
}


class Markup(str):
    """HTML that is not escaped again."""

    __slots__ = ()


def text(value: Any) -> Markup:
    """Return a value as escaped HTML; states are colored."""
    if isinstance(value, Markup):
        return value
    if isinstance(value, bool):
        value = "yes" if value else "no"
    elif isinstance(value, float):
        value = f"{value:.3g}"
    elif isinstance(value, (list, tuple)):
        value = ", ".join(map(str, value))
    shown = escape(str(value))
    if color := _COLORS.get(str(value)):
        return Markup(f'<b style="color:{color}">{shown}</b>')
    return Markup(shown)


def muted(value: Any) -> Markup:
    """Return a value as text of less weight."""
    return Markup(f'<span style="opacity:.65">{text(value)}</span>')


def card(kind: str, title: Any, fields: Mapping[str, Any], *more: Markup) -> str:
    """Return a box with the facts about one thing.

    Args:
        kind: What it is.
        title: Its name.
        fields: Values by name; those that are ``None`` or empty are left out.
        *more: HTML that follows.
    """
    rows = "".join(
        f'<tr style="background:none"><th style="{_CELL};font-weight:normal;opacity:.65">'
        f'{text(name)}</th><td style="{_CELL}">{text(value)}</td></tr>'
        for name, value in fields.items()
        if value is not None and value not in ("", [], ())
    )
    return (
        f'<div style="{_BOX}"><div style="margin-bottom:.4em">{muted(kind)} <b>{text(title)}</b>'
        f'</div><table style="border-collapse:collapse;margin:0">{rows}</table>{"".join(more)}'
        "</div>"
    )


def table(headings: Sequence[str], rows: Iterable[Sequence[Any]], empty: str) -> str:
    """Return a table.

    Args:
        headings: Names of the columns.
        rows: A value for each column.
        empty: What to say if there are no rows.
    """
    body = "".join(
        '<tr style="background:none">'
        + "".join(
            f'<td style="{_ROW_CELL}">{text("" if cell is None else cell)}</td>' for cell in row
        )
        + "</tr>"
        for row in rows
    )
    if not body:
        return f"<div>{muted(empty)}</div>"
    head = "".join(f'<th style="{_ROW_CELL}">{text(heading)}</th>' for heading in headings)
    return (
        '<table style="border-collapse:collapse"><thead><tr style="background:none">'
        f"{head}</tr></thead><tbody>{body}</tbody></table>"
    )


def details(summary: str, content: str) -> Markup:
    """Return HTML that is unfolded by a click."""
    return Markup(
        '<details style="margin-top:.4em"><summary style="cursor:pointer;opacity:.8">'
        f"{text(summary)}</summary>{content}</details>"
    )
