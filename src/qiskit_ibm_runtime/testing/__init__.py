"""For tests of packages that use Qiskit Runtime: a service of one's own, in milliseconds.

The fixtures are in `pytest_plugin`, which pytest finds by itself; the classes here are for other
test runners. The extra ``local`` must be installed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .servers import RuntimeServer, ServerPool

__all__ = ["RuntimeServer", "ServerPool"]


def __getattr__(name: str) -> Any:
    # pytest imports this package in every run; servers are imported where they are used.
    if name in __all__:
        from . import servers

        return getattr(servers, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
