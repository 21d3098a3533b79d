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
    """Options of Sampler and Estimator, grouped in sections.

    Options are validated when a job is submitted: an invalid value raises ``ValueError`` with the
    name of the option and its allowed values. Numpy scalars and arrays are accepted like Python
    numbers and lists. Set the environment variable ``QISKIT_RUNTIME_SKIP_OPTIONS_VALIDATION`` to
    any value to skip validation.

    A section may be given or assigned as a dict; missing fields keep their defaults. Undeclared
    names are kept; when a job is submitted, each issues a warning that suggests the closest known
    name, and is sent to the service.

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
        optimization_level: Optimization level of the transpiler, from 0 (none) to 3. IBM's
            service adds `dynamical decoupling <https://doi.org/10.1103/PhysRevLett.82.2417>`_
            from level 1 on. ``None`` means 3, or 1 on a simulator without a noise model.
        resilience_level: Error mitigation level; higher is slower. 0 is no mitigation. 1 mitigates
            readout errors: `M3 <https://doi.org/10.1103/PRXQuantum.2.040326>`_ for the Sampler,
            `TREX <https://doi.org/10.1103/PhysRevA.105.032620>`_ for the Estimator. Only for the
            Estimator, 2 is `zero-noise extrapolation
            <https://doi.org/10.1103/PhysRevLett.119.180509>`_ and 3 is `probabilistic error
            cancellation <https://doi.org/10.1038/s41567-023-02042-2>`_. ``None`` means 1, or 0 on
            a simulator without a noise model.
        max_execution_time: Maximum execution time of the job in seconds; the service defines the
            allowed range. ``None`` means the service's default.
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
        """Validate options given as a nested dict.

        Raises:
            ValueError: If a value is invalid.
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
