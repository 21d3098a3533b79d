"""Lazy import of submodules and names on first attribute access."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Callable

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


def names_from(package: str, homes: dict[str, str]) -> Callable[[str], Any]:
    """Return a module ``__getattr__`` that imports the given names on first use.

    Args:
        package: Full name of the module's package.
        homes: Relative module that defines each name.
    """

    def get(name: str) -> Any:
        if name not in homes:
            raise AttributeError(f"module has no attribute {name!r}")
        return getattr(import_module(homes[name], package), name)

    return get
