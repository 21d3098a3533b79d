"""Test support for packages that use Qiskit Runtime: fresh servers that start in milliseconds.

pytest loads the fixtures in `pytest_plugin` automatically. The classes here are for other test
runners; :mod:`~qiskit_ibm_runtime.testing.faults` makes the servers fail. The extra ``local`` is
required.

.. versionadded:: 0.9.3+embedded.1
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .servers import RuntimeServer, ServerPool

__all__ = ["RuntimeServer", "ServerPool"]


def __getattr__(name: str) -> Any:
    # Import servers on first use, because pytest imports this package in every run.
    if name in (*__all__, "Workshop"):
        from . import servers

        return getattr(servers, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
