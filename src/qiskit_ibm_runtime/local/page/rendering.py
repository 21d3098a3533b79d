"""HTML rendering; every value is escaped."""

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


def render(template: str, values: dict[str, Any]) -> str:
    """Render a template."""
    return _environment().get_template(template).render(values)
