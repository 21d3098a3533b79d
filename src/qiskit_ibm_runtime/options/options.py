"""The options of Sampler and Estimator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from . import merge, program_inputs, validation
from .environment_options import EnvironmentOptions
from .execution_options import ExecutionOptions
from .flexible import Section, flexible, section
from .resilience_options import ResilienceOptions
from .simulator_options import SimulatorOptions
from .transpilation_options import TranspilationOptions


@flexible
@dataclass
class Options:
    """Options of Sampler and Estimator.

    A section may be given, or assigned, as a dict: fields it leaves out keep their defaults.
    Unknown names are carried to the service, with a warning when a job is run.

    .. code-block:: python

        options = Options(optimization_level=1, environment={"job_tags": ["run-7"]})
        options.execution.shots = 1000

    Attributes:
        optimization_level: Effort of the transpiler, 0 to 3. Default: 3, or 1 on a simulator
            without noise model.
        resilience_level: Effort against errors, 0 to 1 (Sampler) or 3 (Estimator). Default: 1, or
            0 on a simulator without noise model.
        max_execution_time: Seconds after which the service stops the job.
        transpilation: See :class:`TranspilationOptions`.
        resilience: See :class:`ResilienceOptions`.
        execution: See :class:`ExecutionOptions`.
        environment: See :class:`EnvironmentOptions`.
        simulator: See :class:`SimulatorOptions`.
    """

    _DEFAULT_OPTIMIZATION_LEVEL: ClassVar[int] = 3
    _DEFAULT_RESILIENCE_LEVEL: ClassVar[int] = 1
    _MAX_OPTIMIZATION_LEVEL: ClassVar[int] = validation.MAX_OPTIMIZATION_LEVEL
    _MAX_RESILIENCE_LEVEL_ESTIMATOR: ClassVar[int] = 3
    _MAX_RESILIENCE_LEVEL_SAMPLER: ClassVar[int] = 1

    optimization_level: int | None = None
    resilience_level: int | None = None
    max_execution_time: int | None = None
    transpilation: Section[TranspilationOptions] = section(TranspilationOptions)
    resilience: Section[ResilienceOptions] = section(ResilienceOptions)
    execution: Section[ExecutionOptions] = section(ExecutionOptions)
    environment: Section[EnvironmentOptions] = section(EnvironmentOptions)
    simulator: Section[SimulatorOptions] = section(SimulatorOptions)

    @staticmethod
    def validate_options(options: dict[str, Any]) -> None:
        """Check options in their dict form.

        Raises:
            ValueError: If a field has a value that is not allowed.
        """
        validation.check_options(options)

    @staticmethod
    def _merge_options(
        old_options: dict[str, Any], new_options: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        return merge.merged(old_options, new_options)

    @staticmethod
    def _get_program_inputs(options: dict[str, Any]) -> dict[str, Any]:
        return program_inputs.program_inputs(options)

    @staticmethod
    def _get_runtime_options(options: dict[str, Any]) -> dict[str, Any]:
        return program_inputs.runtime_options(options)
