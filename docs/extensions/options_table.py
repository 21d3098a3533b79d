"""The ``options-table`` directive: a table of the fields of the options classes.

Names, types and defaults come from the dataclasses, and the description of each field from the
``Attributes`` section of the docstring. A field without a description fails the build.
"""

from __future__ import annotations

import dataclasses
import inspect
import re
import textwrap
from typing import TYPE_CHECKING, Any

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.util.docutils import SphinxDirective

from qiskit_ibm_runtime.options.options import Options

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sphinx.application import Sphinx

_FIELD = re.compile(r"^    (\w+): (.*(?:\n(?:     .*)?)*)", re.MULTILINE)


def meanings(cls: type) -> dict[str, str]:
    """Return the description of each attribute in the docstring of a class."""
    text = (inspect.getdoc(cls) or "").partition("Attributes:\n")[2]
    return {name: " ".join(text.split()) for name, text in _FIELD.findall(text)}


def sections(options: type) -> Iterator[tuple[str, type]]:
    """Yield the top-level options, then each section, with the prefix of their names."""
    yield "", options
    for field in dataclasses.fields(options):
        if dataclasses.is_dataclass(field.default_factory):
            yield field.name + ".", field.default_factory


def rows(prefix: str, cls: type) -> Iterator[list[str]]:
    """Yield name, type, default and description of each field that is not a section."""
    known = meanings(cls)
    for field in dataclasses.fields(cls):
        if dataclasses.is_dataclass(field.default_factory):
            continue
        default: Any = field.default
        if default is dataclasses.MISSING:
            default = field.default_factory()
        kind = str(field.type).replace(" | None", "").replace("Type", "").replace("typing.", "")
        kind = {"NoiseAmplifier": "str", "Extrapolator": "str"}.get(kind, kind)
        yield [f"``{prefix}{field.name}``", kind, f"``{default!r}``", known[field.name]]


class OptionsTable(SphinxDirective):
    """Table of one section: ``.. options-table:: execution``; without a name, of the top level."""

    optional_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Return the table."""
        wanted = (self.arguments[0] + ".") if self.arguments else ""
        lines = [".. list-table::", "   :header-rows: 1", "   :widths: 26 12 14 48", ""]
        cells = [["name", "type", "default", "meaning and allowed values"]]
        for prefix, cls in sections(Options):
            if prefix == wanted:
                cells.extend(rows(prefix, cls))
        for row in cells:
            for number, cell in enumerate(row):
                lines.append(textwrap.indent(cell, ("   * - " if number == 0 else "     - ")))
        node = nodes.container()
        self.state.nested_parse(StringList(lines, self.get_source_info()[0]), 0, node)
        return node.children


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directive."""
    app.add_directive("options-table", OptionsTable)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
