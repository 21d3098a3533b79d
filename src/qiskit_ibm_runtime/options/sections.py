"""Sections of the options."""

from __future__ import annotations

from dataclasses import fields

from .environment_options import EnvironmentOptions
from .execution_options import ExecutionOptions
from .resilience_options import ResilienceOptions
from .simulator_options import SimulatorOptions
from .transpilation_options import TranspilationOptions

CLASSES: dict[str, type] = {
    "transpilation": TranspilationOptions,
    "resilience": ResilienceOptions,
    "execution": ExecutionOptions,
    "environment": EnvironmentOptions,
    "simulator": SimulatorOptions,
}
SECTIONS = tuple(CLASSES)
KNOWN = {name: tuple(entry.name for entry in fields(cls)) for name, cls in CLASSES.items()}
TOP_LEVEL = ("optimization_level", "resilience_level", "max_execution_time", *SECTIONS)
