"""HTTP requests to the service, and job streams."""

from __future__ import annotations

from typing import Any

from qiskit_ibm_runtime.lazy import submodule


def __getattr__(name: str) -> Any:
    return submodule(__name__, name)
