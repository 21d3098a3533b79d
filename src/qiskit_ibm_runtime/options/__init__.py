"""Options of the primitives."""

from __future__ import annotations

from typing import Any

from qiskit_ibm_runtime.lazy import submodule

from .environment_options import EnvironmentOptions
from .execution_options import ExecutionOptions
from .options import Options
from .resilience_options import ResilienceOptions
from .simulator_options import SimulatorOptions
from .transpilation_options import TranspilationOptions

__all__ = [
    "EnvironmentOptions",
    "ExecutionOptions",
    "Options",
    "ResilienceOptions",
    "SimulatorOptions",
    "TranspilationOptions",
]


def __getattr__(name: str) -> Any:
    return submodule(__name__, name)
