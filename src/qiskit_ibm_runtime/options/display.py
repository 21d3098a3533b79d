"""Notebook display of options."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

from qiskit_ibm_runtime._display.html import Markup, card, muted, to_html

from .flexible import Section

if TYPE_CHECKING:
    from .options import Options


def options_card(options: Options) -> str:
    """Return options by section, with changed values highlighted."""
    values = {each.name: getattr(options, each.name) for each in fields(options)}
    facts: dict[str, Any] = {
        name: muted("default") if value is None else Markup(f"<b>{to_html(repr(value))}</b>")
        for name, value in values.items()
        if not isinstance(value, Section)
    }
    for name, section in values.items():
        if isinstance(section, Section):
            facts[name] = _section(section)
    return card(type(options).__name__, "", facts)


def _section(section: Section) -> Markup:
    """Return the fields of a section, changed ones first and bold."""
    lines = [f"<b>{to_html(name)} = {to_html(repr(value))}</b>" for name, value in section.items()]
    rest = [each.name for each in fields(section) if each.name not in section]  # type: ignore[arg-type]
    lines.append(muted(", ".join(f"{name} = {getattr(section, name)!r}" for name in rest)))
    return Markup("<br>".join(lines))
