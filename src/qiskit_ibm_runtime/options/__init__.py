"""Options of the primitives."""

from . import utils as utils
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
