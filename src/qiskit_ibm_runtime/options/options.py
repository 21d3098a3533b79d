"""Options of Sampler and Estimator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from . import merge, program_inputs, validation
from .environment_options import EnvironmentOptions
from .execution_options import ExecutionOptions
from .flexible import Flexible, SectionField, flexible, section
from .resilience_options import ResilienceOptions
from .simulator_options import SimulatorOptions
from .transpilation_options import TranspilationOptions


@flexible
@dataclass
class Options(Flexible):
    """Options of Sampler and Estimator, by section.

    They are checked when a job is submitted, not before: a value that no service could use raises
    ``ValueError`` with the name of the option and what it takes, and nothing is sent. Scalars and
    arrays of numpy are as good as Python's own numbers and lists. The environment variable
    ``QISKIT_RUNTIME_SKIP_OPTIONS_VALIDATION``, set to anything, switches the checks off.

    A section may be given, or assigned, as a dict: fields that it leaves out keep their defaults. A
    name that nobody declared is kept; at the run it draws a warning with the closest known name,
    and is sent along.

    .. code-block:: python

        from qiskit import QuantumCircuit
        from qiskit_ibm_runtime import Options, QiskitRuntimeService, Sampler

        options = Options(optimization_level=1, environment={"job_tags": ["run-7"]})
        options.execution.shots = 1000
        options.simulator = {"seed_simulator": 42}

        bell = QuantumCircuit(2)
        bell.h(0)
        bell.cx(0, 1)
        bell.measure_all()

        service = QiskitRuntimeService(channel="local")
        sampler = Sampler(session=service.backend("ibmq_qasm_simulator"), options=options)
        job = sampler.run(bell)
        other = sampler.run(bell, shots=10)  # for this run only
        print(job.result().quasi_dists, job.tags)

    Attributes:
        optimization_level: How hard the transpiler tries, from 0 (not at all) to 3. ``None``
            stands for 3, or for 1 on a simulator without noise model.
        resilience_level: How hard errors are fought, at the price of time: 0 (not at all) or 1
            (readout errors are mitigated) for both primitives, 2 (zero-noise extrapolation) and 3
            (probabilistic error cancellation) for the Estimator. ``None`` stands for 1, or for 0
            on a simulator without noise model.
        max_execution_time: Seconds after which the service stops the job; the service decides which
            limits it accepts. ``None`` leaves the limit to the service.
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
    transpilation: SectionField[TranspilationOptions] = section(TranspilationOptions)
    resilience: SectionField[ResilienceOptions] = section(ResilienceOptions)
    execution: SectionField[ExecutionOptions] = section(ExecutionOptions)
    environment: SectionField[EnvironmentOptions] = section(EnvironmentOptions)
    simulator: SectionField[SimulatorOptions] = section(SimulatorOptions)

    def _repr_html_(self) -> str:
        from .display import options_card

        return options_card(self)

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
