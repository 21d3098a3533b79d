"""HTML for notebooks: escaped, without scripts, readable on light and dark pages.

Styles are inline, because notebook viewers drop style sheets. Lines are half-transparent, because
the color of the page is unknown.
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
    """HTML that needs no further escaping."""

    __slots__ = ()


def to_html(value: Any) -> Markup:
    """Convert a value to escaped HTML, with colors for job states."""
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
    """Convert a value to escaped HTML in a less prominent style."""
    return Markup(f'<span style="opacity:.65">{to_html(value)}</span>')


def card(kind: str, title: Any, fields: Mapping[str, Any], *more: Markup) -> str:
    """Return a box with the fields of one object.

    Args:
        kind: Kind of object.
        title: Name of the object.
        fields: Values by name; ``None`` and empty values are omitted.
        *more: HTML to append.
    """
    rows = "".join(
        f'<tr style="background:none"><th style="{_CELL};font-weight:normal;opacity:.65">'
        f'{to_html(name)}</th><td style="{_CELL}">{to_html(value)}</td></tr>'
        for name, value in fields.items()
        if value is not None and value not in ("", [], ())
    )
    return (
        f'<div style="{_BOX}"><div style="margin-bottom:.4em">{muted(kind)} <b>{to_html(title)}</b>'
        f'</div><table style="border-collapse:collapse;margin:0">{rows}</table>{"".join(more)}'
        "</div>"
    )


def table(headings: Sequence[str], rows: Iterable[Sequence[Any]], empty: str) -> str:
    """Return a table.

    Args:
        headings: Names of the columns.
        rows: Rows with one value per column.
        empty: Text to show if there are no rows.
    """
    body = "".join(
        '<tr style="background:none">'
        + "".join(
            f'<td style="{_ROW_CELL}">{to_html("" if cell is None else cell)}</td>' for cell in row
        )
        + "</tr>"
        for row in rows
    )
    if not body:
        return f"<div>{muted(empty)}</div>"
    head = "".join(f'<th style="{_ROW_CELL}">{to_html(heading)}</th>' for heading in headings)
    return (
        '<table style="border-collapse:collapse"><thead><tr style="background:none">'
        f"{head}</tr></thead><tbody>{body}</tbody></table>"
    )


def details(summary: str, content: str) -> Markup:
    """Return a section that expands on a click."""
    return Markup(
        '<details style="margin-top:.4em"><summary style="cursor:pointer;opacity:.8">'
        f"{to_html(summary)}</summary>{content}</details>"
    )
