"""Lazy import of submodules on first attribute access."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import ModuleType


def submodule(package: str, name: str) -> ModuleType:
    """Import a submodule, for the ``__getattr__`` of its package.

    Args:
        package: Full name of the package.
        name: Name of the attribute.

    Raises:
        AttributeError: If the package has no submodule with that name.
    """
    full = f"{package}.{name}"
    # Tools look up underscored names, and `__main__` must not run.
    if not name.startswith("_"):
        try:
            return import_module(full)
        except ModuleNotFoundError as exc:
            if exc.name != full:
                raise
    raise AttributeError(f"module {package!r} has no attribute {name!r}")
