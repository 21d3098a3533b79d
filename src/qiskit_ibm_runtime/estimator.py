"""The Estimator: expectation values of observables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qiskit.primitives import BaseEstimator, EstimatorResult
from qiskit.primitives.utils import _circuit_key, _observable_key

from .options import Options
from .options.validation import check_level
from .primitive.base import RuntimePrimitive, indices_of, legacy_circuits
from .primitive.circuits import as_circuits
from .primitive.observables import all_observables, as_observables
from .primitive.parameter_values import as_parameter_values
from .primitive.repeats import distinct_circuits, distinct_observables
from .utils.deprecation import deprecate_arguments, issue_deprecation_msg

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qiskit.circuit import Parameter, QuantumCircuit

    from .ibm_backend import IBMBackend
    from .qiskit_runtime_service import QiskitRuntimeService
    from .runtime_job import RuntimeJob
    from .session import Session


class Estimator(RuntimePrimitive, BaseEstimator):  # type: ignore[misc]  # terra ships no types
    """Estimates expectation values of observables on a runtime service.

    .. code-block:: python

        from qiskit import QuantumCircuit
        from qiskit_ibm_runtime import Estimator, QiskitRuntimeService

        bell = QuantumCircuit(2)
        bell.h(0)
        bell.cx(0, 1)

        service = QiskitRuntimeService(channel="local")
        estimator = Estimator(session=service.backend("ibmq_qasm_simulator"))
        print(estimator.run([bell, bell], ["ZZ", "XX"], shots=1000).result().values)
    """

    _PROGRAM_ID = "estimator"

    def __init__(
        self,
        circuits: QuantumCircuit | Sequence[QuantumCircuit] | None = None,
        observables: Any = None,
        parameters: Sequence[Sequence[Parameter]] | None = None,
        service: QiskitRuntimeService | None = None,
        session: Session | str | IBMBackend | None = None,
        options: dict[str, Any] | Options | None = None,
        skip_transpilation: bool = False,
    ) -> None:
        """Make an estimator; nothing is sent.

        Args:
            circuits: Deprecated: circuits for calling the estimator by index.
            observables: Deprecated: observables for the same.
            parameters: Deprecated: parameters of the circuits.
            service: Deprecated: the service; ``session`` knows it.
            session: Session to run in, or a backend, or its name, for the default session.
            options: Options, nested, flat or mixed.
            skip_transpilation: Deprecated: the transpilation option of that name.

        Raises:
            TypeError: If ``session`` or ``options`` is of another kind.
            ValueError: If no backend is given where the channel needs one.
        """
        super().__init__()
        if circuits is not None or observables is not None or parameters is not None:
            names = "circuits, observables and parameters"
            deprecate_arguments(names, "0.7", "Give them to run().", 2)
        self._circuits, self._parameters = legacy_circuits(circuits, parameters)
        self._observables = () if observables is None else all_observables(observables)
        self._set_up(service, session, options, skip_transpilation)

    def run(
        self,
        circuits: QuantumCircuit | Sequence[QuantumCircuit],
        observables: Any,
        parameter_values: Any = None,
        **kwargs: Any,
    ) -> RuntimeJob:
        """Submit expectation values to be estimated.

        Args:
            circuits: One or several circuits, not measured.
            observables: One for each circuit: ``SparsePauliOp``, ``Pauli``, ``PauliList``, label,
                ``Operator`` or ``PauliSumOp``.
            parameter_values: A set of values for each circuit, in the order of its parameters.
            **kwargs: Options for this run only.

        Returns:
            The job; its result is an ``EstimatorResult``.

        Raises:
            TypeError: If a circuit or a value is something else.
            ValueError: If numbers do not fit, an option is out of range, or a circuit uses a
                faulty part of the device.
            QiskitError: If an observable cannot be read.
        """
        wanted = as_circuits(circuits)
        operators = as_observables(observables, wanted)
        values = as_parameter_values(parameter_values, wanted)
        distinct, indices = distinct_circuits(wanted)
        distinct_operators, operator_indices = distinct_observables(operators)
        inputs = {
            "circuits": distinct,
            "circuit_indices": indices,
            "observables": distinct_operators,
            "observable_indices": operator_indices,
            "parameters": [circuit.parameters for circuit in distinct],
            "parameter_values": values,
        }
        return self._submit(inputs, kwargs, wait=False)  # type: ignore[no-any-return]

    def __call__(
        self, circuits: Any, observables: Any, parameter_values: Any = None, **run_options: Any
    ) -> EstimatorResult:
        """Run circuits of the constructor and wait; deprecated in favour of :meth:`run`."""
        issue_deprecation_msg("Calling an Estimator is deprecated", "0.7", "Use run().", 2)
        indices = indices_of(circuits, self._circuits, _circuit_key, "Circuit")
        chosen = [self._circuits[index] for index in indices]
        positions = indices_of(observables, self._observables, _observable_key, "Observable")
        if len(positions) != len(indices):
            raise ValueError(f"{len(positions)} observables are given for {len(indices)} circuits.")
        inputs = {
            "circuits": list(self._circuits),
            "circuit_indices": indices,
            "observables": list(self._observables),
            "observable_indices": positions,
            "parameters": list(self._parameters),
            "parameter_values": as_parameter_values(parameter_values, chosen),
        }
        return self._submit(inputs, run_options, wait=True).result()

    def _validate_options(self, options: dict[str, Any]) -> None:
        level = options.get("resilience_level")
        check_level("resilience_level", level, Options._MAX_RESILIENCE_LEVEL_ESTIMATOR)
        if level == 3 and options.get("simulator", {}).get("coupling_map") is None:
            backend = self._backend()
            if backend is not None and backend.configuration().simulator:
                raise ValueError(
                    "When the backend is a simulator and resilience_level is 3, "
                    "a coupling map is required."
                )
        Options.validate_options(options)
