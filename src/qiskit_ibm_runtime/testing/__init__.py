"""Servers for testing packages that use Qiskit Runtime; each starts in milliseconds.

pytest loads the fixtures in `pytest_plugin` automatically; the classes here are for other test
runners. Requires the extra ``local``.

.. versionadded:: 0.9.3+embedded.1
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .servers import RuntimeServer, ServerPool

__all__ = ["RuntimeServer", "ServerPool"]


def __getattr__(name: str) -> Any:
    # pytest imports this package in every run, so servers are imported on first use.
    if name in __all__:
        from . import servers

        return getattr(servers, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
