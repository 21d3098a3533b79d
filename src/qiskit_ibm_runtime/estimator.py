"""The Estimator primitive."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, overload

from qiskit.primitives import BaseEstimator, EstimatorResult
from qiskit.primitives.utils import _circuit_key, _observable_key

from ._circuits.dataflow import free_parameters
from ._primitives.base import RuntimePrimitive
from ._primitives.inputs import (
    all_observables,
    as_circuits,
    as_observables,
    as_parameter_values,
    check_observables,
    indices_of,
    legacy_circuits,
    warn_of_measurements,
)
from ._primitives.option_readers import level_up_to
from .options import Options
from .utils.deprecation import deprecate_arguments, issue_deprecation_msg

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike
    from qiskit.circuit import Parameter, QuantumCircuit
    from qiskit.quantum_info import SparsePauliOp

    from ._jobs.submission import DryRun
    from ._primitives.inputs import Observable, Observables
    from .ibm_backend import IBMBackend
    from .qiskit_runtime_service import QiskitRuntimeService
    from .runtime_job import RuntimeJob
    from .session import Session


class Estimator(RuntimePrimitive, BaseEstimator):  # type: ignore[misc]  # terra ships no types
    """Estimate expectation values of observables on a runtime service.

    This is a ``BaseEstimator`` of Qiskit Terra, so algorithms written for that class run on it.

    .. code-block:: python

        from qiskit import QuantumCircuit
        from qiskit.circuit import Parameter
        from qiskit.quantum_info import SparsePauliOp
        from qiskit_ibm_runtime import Estimator, QiskitRuntimeService

        angle = Parameter("angle")
        circuit = QuantumCircuit(2)
        circuit.ry(angle, 0)
        circuit.cx(0, 1)

        service = QiskitRuntimeService(channel="local")
        estimator = Estimator(session=service.backend("ibmq_qasm_simulator"))
        energy = SparsePauliOp(["ZZ", "XX"], [1.0, 0.5])
        result = estimator.run([circuit] * 2, [energy, "ZI"], [[1.57], [0.0]]).result()

        print(result.values)  # about [1.5, 1.0], as a numpy array
        print(result.metadata[0]["variance"], result.metadata[0]["shots"])
    """

    _PROGRAM_ID = "estimator"

    def __init__(
        self,
        circuits: QuantumCircuit | Sequence[QuantumCircuit] | None = None,
        observables: Observables | None = None,
        parameters: Sequence[Sequence[Parameter]] | None = None,
        service: QiskitRuntimeService | None = None,
        session: Session | str | IBMBackend | None = None,
        options: dict[str, Any] | Options | None = None,
        skip_transpilation: bool = False,
    ) -> None:
        """Create an estimator.

        Given a backend instead of a session, the estimator uses the default session if it is on
        that backend; otherwise it creates a new default session and closes the old one.

        Args:
            circuits: Deprecated: circuits for calling the estimator by index.
            observables: Deprecated: observables for calling the estimator by index.
            parameters: Deprecated: parameters of the circuits.
            service: Deprecated: the service; use ``session``.
            session: Session to run in; or a backend or its name, to use the default session.
            options: Options, nested, flat or mixed.
            skip_transpilation: Deprecated: use the transpilation option of that name.

        Raises:
            TypeError: If ``session`` or ``options`` has another type.
            ValueError: If the channel requires a backend and none is given.
        """
        super().__init__()
        if circuits is not None or observables is not None or parameters is not None:
            names = "circuits, observables and parameters"
            deprecate_arguments(names, "0.7", "Pass them to run().", 2)
        self._circuits, self._parameters = legacy_circuits(circuits, parameters, counted=True)
        self._observables = () if observables is None else all_observables(observables)
        self._set_up(service, session, options, skip_transpilation)

    @overload
    def run(
        self,
        circuits: QuantumCircuit | Sequence[QuantumCircuit],
        observables: Observables,
        parameter_values: ArrayLike | None = None,
        *,
        dry_run: Literal[True],
        **kwargs: Any,
    ) -> DryRun: ...

    @overload
    def run(
        self,
        circuits: QuantumCircuit | Sequence[QuantumCircuit],
        observables: Observables,
        parameter_values: ArrayLike | None = None,
        **kwargs: Any,
    ) -> RuntimeJob: ...

    def run(
        self,
        circuits: QuantumCircuit | Sequence[QuantumCircuit],
        observables: Observables,
        parameter_values: ArrayLike | None = None,
        **kwargs: Any,
    ) -> RuntimeJob | DryRun:
        """Submit circuits and observables for estimating expectation values.

        .. versionadded:: 0.9.3+embedded.1
           The ``dry_run`` argument.

        Args:
            circuits: One circuit or a sequence of circuits. A circuit that occurs several times is
                sent once. On channel ``local``, final measurements are removed with a warning.
            observables: One observable per circuit, on the same number of qubits:
                ``SparsePauliOp``, ``Pauli``, ``PauliList`` (with coefficients 1), a label such as
                ``"IXZ"``, ``Operator``, ``PauliSumOp`` or ``PauliOp``. Coefficients may be complex.
            parameter_values: Values of each circuit's parameters, in the order of its
                ``parameters``: an array of shape ``(circuits, parameters)``, or a nested sequence,
                which may be ragged if circuits have different numbers of parameters. For a single
                circuit also an array of shape ``(parameters,)``. May be omitted if no circuit has
                parameters.
            **kwargs: Options for this run only, nested or flat: ``shots=100`` or
                ``execution={"shots": 100}``. See :class:`Options`. With ``dry_run=True``, submits
                no job and returns the checked request as a :class:`~._jobs.submission.DryRun`.

        Returns:
            The job. Its result is an ``EstimatorResult`` with ``values``, an array of shape
            ``(circuits,)`` of floats, or of complex numbers if an observable is not Hermitian, and
            metadata; see :meth:`RuntimeJob.result`.

        Raises:
            TypeError: If a circuit or a value has another type.
            ValueError: If numbers of circuits, observables and values differ, a coefficient is not
                finite, an option is out of range, or a circuit uses a faulty qubit or gate. Raised
                before submitting.
            QiskitError: If an observable is malformed.
            RuntimeError: If the session is closed.
        """
        wanted = as_circuits(circuits)
        operators = as_observables(observables, wanted)
        # Other services may handle measurements differently.
        if getattr(self._session.service, "channel", None) == "local":
            warn_of_measurements(wanted)
        values = as_parameter_values(parameter_values, wanted)
        return self._run(
            circuits=wanted, observables=operators, parameter_values=values, _user_kwargs=kwargs
        )

    def _run(
        self,
        circuits: Sequence[QuantumCircuit],
        observables: Sequence[SparsePauliOp],
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
            "observables": observables,
            "observable_indices": list(range(len(observables))),
        }
        overrides = {**options, **(_user_kwargs or {})}
        return self._submit(inputs, overrides, wait=False)

    def __call__(
        self,
        circuits: int | QuantumCircuit | Sequence[int | QuantumCircuit],
        observables: int | Observables | Sequence[int | Observable],
        parameter_values: ArrayLike | None = None,
        **run_options: Any,
    ) -> EstimatorResult:
        """Run circuits of the constructor and wait; deprecated in favor of :meth:`run`."""
        issue_deprecation_msg("Calling an Estimator is deprecated", "0.7", "Use run().", 2)
        indices = indices_of(circuits, self._circuits, _circuit_key, "Circuit")
        chosen = [self._circuits[index] for index in indices]
        names = [self._parameters[index] for index in indices]
        positions = indices_of(observables, self._observables, _key_of_observable, "Observable")
        check_observables([self._observables[position] for position in positions], chosen)
        values = as_parameter_values(parameter_values, chosen, names)
        return self._call(
            circuits=indices, observables=positions, parameter_values=values, **run_options
        )

    def _call(
        self,
        circuits: Sequence[int],
        observables: Sequence[int],
        parameter_values: Sequence[Sequence[float]],
        **run_options: Any,
    ) -> EstimatorResult:
        """Run circuits of the constructor by index; subclasses may override this."""
        inputs = {
            "circuits": list(self._circuits),
            "parameters": list(self._parameters),
            "circuit_indices": circuits,
            "parameter_values": parameter_values,
            "observables": list(self._observables),
            "observable_indices": observables,
        }
        return self._submit(inputs, run_options, wait=True).result()

    def _validate_options(self, options: dict[str, Any]) -> None:
        level = options.get("resilience_level")
        reader = level_up_to(Options._MAX_RESILIENCE_LEVEL_ESTIMATOR)
        reader.convert("resilience_level", level)
        if level == 3 and options.get("simulator", {}).get("coupling_map") is None:
            backend = self._backend()
            if backend is not None and backend.configuration().simulator:
                raise ValueError(
                    "When the backend is a simulator and resilience_level is 3, "
                    "a coupling map is required."
                )
        Options.validate_options(options)


def _key_of_observable(given: Any) -> Any:
    return _observable_key(all_observables(given)[0])
