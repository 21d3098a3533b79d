"""Options of the primitives."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any, ClassVar, Optional

from .environment_options import EnvironmentOptions
from .execution_options import ExecutionOptions
from .resilience_options import ResilienceOptions
from .simulator_options import SimulatorOptions
from .transpilation_options import TranspilationOptions

SECTIONS = {
    "transpilation": TranspilationOptions,
    "resilience": ResilienceOptions,
    "execution": ExecutionOptions,
    "environment": EnvironmentOptions,
    "simulator": SimulatorOptions,
}


@dataclass
class Options:
    """Options of Sampler and Estimator.

    .. code-block:: python

        options = Options(optimization_level=1)
        options.execution.shots = 1000
    """

    optimization_level: Optional[int] = None
    resilience_level: Optional[int] = None
    max_execution_time: Optional[int] = None
    transpilation: Any = field(default_factory=TranspilationOptions)
    resilience: Any = field(default_factory=ResilienceOptions)
    execution: Any = field(default_factory=ExecutionOptions)
    environment: Any = field(default_factory=EnvironmentOptions)
    simulator: Any = field(default_factory=SimulatorOptions)

    _DEFAULT_OPTIMIZATION_LEVEL: ClassVar[int] = 3
    _DEFAULT_RESILIENCE_LEVEL: ClassVar[int] = 1
    _MAX_OPTIMIZATION_LEVEL: ClassVar[int] = 3
    _MAX_RESILIENCE_LEVEL_ESTIMATOR: ClassVar[int] = 3
    _MAX_RESILIENCE_LEVEL_SAMPLER: ClassVar[int] = 1

    @staticmethod
    def _as_dict(options: Any) -> dict[str, Any]:
        return {
            f.name: (Options._as_dict(v) if is_dataclass(v := getattr(options, f.name)) else v)
            for f in fields(options)
        }

    @staticmethod
    def _merge_options(
        old_options: dict[str, Any], new_options: Optional[dict[str, Any]] = None
    ) -> dict[str, Any]:
        merged = {
            k: dict(v) if k in SECTIONS and isinstance(v, dict) else v
            for k, v in old_options.items()
        }
        new = dict(new_options or {})
        for key, value in new.items():
            home = next((s for s in SECTIONS if s in merged and key in merged[s]), None)
            if key in SECTIONS:
                continue
            if home:
                merged[home][key] = value
            else:
                merged[key] = value
        for key in SECTIONS:
            if isinstance(new.get(key), dict):
                merged.setdefault(key, {}).update(new[key])
            elif is_dataclass(new.get(key)):
                merged[key] = Options._as_dict(new[key])
        return merged

    @staticmethod
    def _get_program_inputs(options: dict[str, Any]) -> dict[str, Any]:
        simulator = options.get("simulator", {})
        return {
            "transpilation_settings": {
                **options.get("transpilation", {}),
                "optimization_settings": {"level": options.get("optimization_level")},
                "coupling_map": simulator.get("coupling_map"),
                "basis_gates": simulator.get("basis_gates"),
            },
            "resilience_settings": {
                **options.get("resilience", {}),
                "level": options.get("resilience_level"),
            },
            "run_options": {
                **options.get("execution", {}),
                "noise_model": simulator.get("noise_model"),
                "seed_simulator": simulator.get("seed_simulator"),
            },
        }

    @staticmethod
    def _get_runtime_options(options: dict[str, Any]) -> dict[str, Any]:
        names = (
            "backend",
            "image",
            "log_level",
            "instance",
            "job_tags",
            "max_execution_time",
            "session_time",
        )
        out = {"max_execution_time": options.get("max_execution_time")}
        out.update({k: v for k, v in options.get("environment", {}).items() if k in names})
        return out
