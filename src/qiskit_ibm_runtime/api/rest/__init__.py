"""REST adapters, one per resource."""

from __future__ import annotations

from typing import Any

from qiskit_ibm_runtime.lazy import submodule

from .root import Api

__all__ = ["Api"]


def __getattr__(name: str) -> Any:
    return submodule(__name__, name)
