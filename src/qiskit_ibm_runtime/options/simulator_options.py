"""Options about simulators."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, List  # noqa: UP035 - read at run time on Python 3.9 too

from .flexible import Section, flexible


@flexible
@dataclass
class SimulatorOptions(Section):
    """Options about simulators.

    .. code-block:: python

        from qiskit_aer.noise import NoiseModel, depolarizing_error
        from qiskit_ibm_runtime.options import Options, SimulatorOptions

        noise = NoiseModel()
        noise.add_all_qubit_quantum_error(depolarizing_error(0.01, 2), ["cx"])
        line = SimulatorOptions(noise_model=noise, coupling_map=[[0, 1], [1, 2]], seed_simulator=42)
        options = Options(resilience_level=0, simulator=line)

    Attributes:
        noise_model: An Aer ``NoiseModel``, or its dict form. It is never copied. Default: no noise
            on a simulator, that of its calibration on a device of the embedded runtime.
        seed_simulator: An integer of 64 bits that makes results repeatable. Default: ``None``,
            which does not.
        coupling_map: Pairs of coupled qubits, as a list or an array, or a ``CouplingMap``.
            Default: all are coupled.
        basis_gates: Names of the gates that circuits are unrolled to. Default: those that the
            simulator knows, or those of the noise model.
    """

    noise_model: Any | None = None
    seed_simulator: int | None = None
    coupling_map: Any | None = None
    basis_gates: List[str] | None = None  # noqa: UP006

    def set_backend(self, backend: Any) -> None:
        """Simulate a device: use its noise model, coupling map and basis gates.

        .. code-block:: python

            from qiskit_ibm_runtime import Options, QiskitRuntimeService

            service = QiskitRuntimeService(channel="local")
            options = Options(resilience_level=0)
            options.simulator.set_backend(service.backend("fake_manila"))

        Args:
            backend: A backend with ``configuration()`` and ``properties()``: an ``IBMBackend`` or
                one of version 1. Its noise is modelled from its calibration, as by Aer's
                ``NoiseModel.from_backend_properties``; without calibration there is none.

        Raises:
            TypeError: If it is something else.
            ImportError: If Aer is not installed and the backend has a calibration.
        """
        if not (hasattr(backend, "configuration") and hasattr(backend, "properties")):
            raise TypeError(
                "'backend' must have configuration() and properties(), "
                f"not be a {type(backend).__name__}."
            )
        configuration, properties = backend.configuration(), backend.properties()
        noise_model = _noise(properties) if properties else None
        self.basis_gates = configuration.basis_gates
        self.coupling_map = configuration.coupling_map
        self.noise_model = noise_model


def _noise(properties: Any) -> Any:
    from qiskit_aer.noise import NoiseModel

    return NoiseModel.from_backend_properties(properties)
