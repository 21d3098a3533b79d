"""From what the page shows to HTML; every text is escaped, whoever wrote it."""

from __future__ import annotations

from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from . import contents


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("qiskit_ibm_runtime.local.page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["moment"] = contents.moment
    return environment


def rendered(template: str, values: dict[str, Any]) -> str:
    """A template with its values."""
    return _environment().get_template(template).render(values)
