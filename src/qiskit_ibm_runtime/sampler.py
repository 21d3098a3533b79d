"""The Sampler primitive."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, overload

from qiskit.primitives import BaseSampler, SamplerResult
from qiskit.primitives.utils import _circuit_key

from ._circuits.dataflow import free_parameters
from ._primitives.base import RuntimePrimitive
from ._primitives.inputs import (
    as_circuits,
    as_parameter_values,
    check_classical_bits,
    indices_of,
    legacy_circuits,
)
from ._primitives.option_readers import level_up_to
from .options import Options
from .utils.deprecation import deprecate_arguments, issue_deprecation_msg

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike
    from qiskit.circuit import Parameter, QuantumCircuit

    from ._jobs.submission import DryRun
    from .ibm_backend import IBMBackend
    from .qiskit_runtime_service import QiskitRuntimeService
    from .runtime_job import RuntimeJob
    from .session import Session


class Sampler(RuntimePrimitive, BaseSampler):  # type: ignore[misc]  # terra ships no types
    """Sample quasi-probability distributions of circuits on a runtime service.

    This is a ``BaseSampler`` of Qiskit Terra, so algorithms written for that class run on it.

    .. code-block:: python

        from qiskit import QuantumCircuit
        from qiskit.circuit import Parameter
        from qiskit_ibm_runtime import QiskitRuntimeService, Sampler

        angle = Parameter("angle")
        circuit = QuantumCircuit(2)
        circuit.ry(angle, 0)
        circuit.cx(0, 1)
        circuit.measure_all()

        service = QiskitRuntimeService(channel="local")
        sampler = Sampler(session=service.backend("ibmq_qasm_simulator"), options={"shots": 1000})
        result = sampler.run([circuit, circuit], [[0.0], [1.57]]).result()

        print(result.quasi_dists[1])  # about {0: 0.5, 3: 0.5}: keys are the bits as an integer
        print(result.quasi_dists[1].binary_probabilities(num_bits=2))
        print(result.metadata[1]["shots"])
    """

    _PROGRAM_ID = "sampler"

    def __init__(
        self,
        circuits: QuantumCircuit | Sequence[QuantumCircuit] | None = None,
        parameters: Sequence[Sequence[Parameter]] | None = None,
        service: QiskitRuntimeService | None = None,
        session: Session | str | IBMBackend | None = None,
        options: dict[str, Any] | Options | None = None,
        skip_transpilation: bool = False,
    ) -> None:
        """Create a sampler.

        Given a backend instead of a session, the sampler uses the default session if it is on that
        backend; otherwise it creates a new default session and closes the old one.

        Args:
            circuits: Deprecated: circuits for calling the sampler by index.
            parameters: Deprecated: their parameters.
            service: Deprecated: the service; use ``session``.
            session: Session to run in; or a backend or its name, to use the default session.
            options: Options, nested, flat or mixed.
            skip_transpilation: Deprecated: use the transpilation option of that name.

        Raises:
            TypeError: If ``session`` or ``options`` has another type.
            ValueError: If the channel requires a backend and none is given.
        """
        super().__init__()
        if circuits is not None or parameters is not None:
            deprecate_arguments("circuits and parameters", "0.7", "Pass them to run().", 2)
        self._circuits, self._parameters = legacy_circuits(circuits, parameters, counted=False)
        self._set_up(service, session, options, skip_transpilation)

    @overload
    def run(
        self,
        circuits: QuantumCircuit | Sequence[QuantumCircuit],
        parameter_values: ArrayLike | None = None,
        *,
        dry_run: Literal[True],
        **kwargs: Any,
    ) -> DryRun: ...

    @overload
    def run(
        self,
        circuits: QuantumCircuit | Sequence[QuantumCircuit],
        parameter_values: ArrayLike | None = None,
        **kwargs: Any,
    ) -> RuntimeJob: ...

    def run(
        self,
        circuits: QuantumCircuit | Sequence[QuantumCircuit],
        parameter_values: ArrayLike | None = None,
        **kwargs: Any,
    ) -> RuntimeJob | DryRun:
        """Submit circuits for sampling.

        .. versionadded:: 0.9.3+embedded.1
           The ``dry_run`` argument.

        Args:
            circuits: One circuit or a sequence of circuits, with measurements. A circuit that
                occurs several times is sent once.
            parameter_values: Values of each circuit's parameters, in the order of its
                ``parameters``: an array of shape ``(circuits, parameters)``, or a nested sequence,
                which may be ragged if circuits have different numbers of parameters. For a single
                circuit also an array of shape ``(parameters,)``. May be omitted if no circuit has
                parameters.
            **kwargs: Options for this run only, nested or flat: ``shots=100`` or
                ``execution={"shots": 100}``. See :class:`Options`. With ``dry_run=True``, submits
                no job and returns the checked request as a :class:`~._jobs.submission.DryRun`.

        Returns:
            The job. Its result is a ``SamplerResult`` with one quasi-distribution over integers per
            circuit (classical bit 0 is the lowest bit), and metadata; see
            :meth:`RuntimeJob.result`.

        Raises:
            TypeError: If a circuit or a value has another type.
            ValueError: If numbers of circuits and values differ, an option is out of range, or a
                circuit uses a faulty qubit or gate. Raised before submitting.
            RuntimeError: If the session is closed.
        """
        wanted = as_circuits(circuits)
        check_classical_bits(wanted)
        values = as_parameter_values(parameter_values, wanted)
        return self._run(circuits=wanted, parameter_values=values, _user_kwargs=kwargs)

    def _run(
        self,
        circuits: Sequence[QuantumCircuit],
        parameter_values: Sequence[Sequence[float]],
        *,
        _user_kwargs: dict[str, Any] | None = None,
        **options: Any,
    ) -> RuntimeJob:
        """Submit the arguments that :meth:`run` has checked; subclasses may override this."""
        inputs = {
            "circuits": circuits,
            "parameters": [free_parameters(circuit) for circuit in circuits],
            "circuit_indices": list(range(len(circuits))),
            "parameter_values": parameter_values,
        }
        overrides = {**options, **(_user_kwargs or {})}
        return self._submit(inputs, overrides, wait=False)

    def __call__(
        self,
        circuits: int | QuantumCircuit | Sequence[int | QuantumCircuit],
        parameter_values: ArrayLike | None = None,
        **run_options: Any,
    ) -> SamplerResult:
        """Run circuits of the constructor and wait; deprecated in favor of :meth:`run`."""
        issue_deprecation_msg("Calling a Sampler is deprecated", "0.7", "Use run().", 2)
        indices = indices_of(circuits, self._circuits, _circuit_key, "Circuit")
        chosen = [self._circuits[index] for index in indices]
        names = [self._parameters[index] for index in indices]
        check_classical_bits(chosen)
        values = as_parameter_values(parameter_values, chosen, names)
        return self._call(circuits=indices, parameter_values=values, **run_options)

    def _call(
        self,
        circuits: Sequence[int],
        parameter_values: Sequence[Sequence[float]],
        **run_options: Any,
    ) -> SamplerResult:
        """Run circuits of the constructor by index; subclasses may override this."""
        inputs = {
            "circuits": list(self._circuits),
            "parameters": list(self._parameters),
            "circuit_indices": circuits,
            "parameter_values": parameter_values,
        }
        return self._submit(inputs, run_options, wait=True).result()

    def _validate_options(self, options: dict[str, Any]) -> None:
        level = options.get("resilience_level")
        if level:
            reader = level_up_to(Options._MAX_RESILIENCE_LEVEL_SAMPLER)
            reader.convert("resilience_level", level)
        Options.validate_options(options)
